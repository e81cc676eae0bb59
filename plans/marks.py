"""The marks at which an owner is told that something ends: pure sums of days and sessions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from plans.periods import DAY

DAYS = {"days_7": 7, "days_2": 2}
PERCENTS = {"sessions_60": 60, "sessions_90": 90}
# Of several marks that are passed at once only the last of this list is mailed.
BY_URGENCY = ("sessions_60", "days_7", "sessions_90", "days_2")
PLAN_ENDING = "days_7"


@dataclass(frozen=True, slots=True)
class Watched:
    """What of a running period decides which marks it has passed."""

    trial: bool
    days_left: int
    sessions: Decimal
    quota: int | None


def passed(watched: Watched) -> set[str]:
    """Answer the marks at or behind which a period stands."""
    if not watched.trial:
        return {PLAN_ENDING} if watched.days_left <= DAYS[PLAN_ENDING] else set()
    marks = {mark for mark, days in DAYS.items() if watched.days_left <= days}
    if watched.quota:
        marks |= {
            mark
            for mark, percent in PERCENTS.items()
            if watched.sessions * 100 >= watched.quota * percent
        }
    return marks


def latest(marks: Iterable[str]) -> str | None:
    """Answer the mark that is mailed of those passed at once."""
    return max(marks, key=BY_URGENCY.index, default=None)


def days_of_marks(*, trial: bool, last_day: dt.date) -> dict[str, dt.date]:
    """Answer the local day on which each day mark is reached."""
    marks = DAYS if trial else {PLAN_ENDING: DAYS[PLAN_ENDING]}
    return {mark: last_day - DAY * (days - 1) for mark, days in marks.items()}
