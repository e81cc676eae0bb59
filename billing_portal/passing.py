"""Time passes: the timetable's entries run when they fall due, as beat and a worker would.

Ticks at which no row can be due are jumped over. Those that matter come first after a local
midnight, or first at or after an instant that some row notes. Stories and rehearsals both pass so.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Sequence
from typing import Protocol
from zoneinfo import ZoneInfo

from billing_portal.entries import Entry, Wakes
from billing_portal.timetable import TIMETABLE
from plans.periods import DAY, day_starts_at, local_day

SHORTEST = dt.timedelta(microseconds=1)
LONG_AGO = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MOST_ROUNDS = 50

WAKING = tuple(entry for entry in TIMETABLE if entry.wakes is not Wakes.NOTHING)
AT_ONCE = tuple(entry for entry in TIMETABLE if entry.wakes is Wakes.WORK)


class NeverDone(Exception):
    """Entries of the timetable find work again and again."""


class Stage(Protocol):
    """Where time passes: a clock that can be set, and what rings there."""

    now: dt.datetime

    @property
    def zone(self) -> ZoneInfo:
        """The zone whose midnights matter."""

    def hear(self) -> bool:
        """Take in what the outside says; answer whether it said anything."""

    def ring(self, entry: Entry) -> bool:
        """Let an entry look for its rows; answer whether it found work."""


def settle(stage: Stage) -> bool:
    """Do the work that was just written, and what it makes; answers whether there was some."""
    return _run(AT_ONCE, stage)


def pass_time(stage: Stage, *, until: dt.datetime) -> None:
    """Move a stage's clock, and run at every tick on the way what falls due there.

    :raises NeverDone: an entry finds work again and again.
    """
    passage = Passage(stage, until)
    while passage.reach_next_tick():
        pass
    stage.now = until
    settle(stage)


class Passage:
    """A stretch of time that passes: who looked when, and which instants the rows note."""

    def __init__(self, stage: Stage, until: dt.datetime) -> None:
        self.stage = stage
        self.until = until
        self.began = stage.now
        # A row that was due before time began to pass is found by the first tick.
        self.looked = {entry.name: LONG_AGO for entry in WAKING}
        self.noted = self._noted()

    def reach_next_tick(self) -> bool:
        """Go on to the next tick that matters and run what is due; none is left: answer false."""
        ticks = {entry: tick for entry in WAKING if (tick := self._next_tick(entry))}
        tick = min(ticks.values(), default=None)
        if tick is None or tick > self.until:
            return False
        self.stage.now = tick
        due = [entry for entry in WAKING if ticks.get(entry) == tick]
        self.looked |= {entry.name: tick for entry in due}
        if _run(due, self.stage):
            self.noted = self._noted()
        return True

    def _noted(self) -> dict[str, list[dt.datetime]]:
        return {entry.name: entry.noted.instants(self.until) for entry in WAKING if entry.noted}

    def _next_tick(self, entry: Entry) -> dt.datetime | None:
        """Answer when an entry rings first once a row may have become due."""
        looked, noted = self.looked[entry.name], self.noted.get(entry.name, [])
        instants = noted[bisect_right(noted, looked) :][:1]
        if entry.wakes is Wakes.DAY:
            instants.append(next_midnight(max(looked, self.began), self.stage.zone))
        if not instants:
            return None
        # What is due at midnight is found by the tick of midnight itself.
        return entry.when.next_tick(max(min(instants), self.stage.now) - SHORTEST)


def next_midnight(after: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """Answer the first instant of the next local day."""
    return day_starts_at(local_day(after, zone) + DAY, zone)


def _run(due: Sequence[Entry], stage: Stage) -> bool:
    """Hear what the outside says and run entries in their order, until none gives work to another.

    Answers whether there was any work.
    """
    for done in range(MOST_ROUNDS):
        found = [stage.hear(), *(stage.ring(entry) for entry in due)]
        if not any(found):
            return done > 0
        due = [entry for entry in TIMETABLE if entry in due or entry.wakes is Wakes.WORK]
    names = ", ".join(entry.name for entry in due)
    raise NeverDone(f"{names} find the same work for ever")
