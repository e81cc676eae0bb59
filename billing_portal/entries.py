"""What a line of the timetable is: a sweep, when it looks, what makes its rows due, and why."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from celery.schedules import crontab
from django.db.models import QuerySet

from payments.answers import StripeSilent
from payments.gateway import at_stripe

DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Every:
    """Every so many minutes, a divisor of 60, at the full minute."""

    minutes: int

    @property
    def interval(self) -> dt.timedelta:
        return dt.timedelta(minutes=self.minutes)

    @property
    def crontab(self) -> crontab:
        return crontab(minute=f"*/{self.minutes}")

    def next_tick(self, after: dt.datetime) -> dt.datetime:
        """Answer the first instant later than ``after`` at which beat rings."""
        hour = after.replace(minute=0, second=0, microsecond=0)
        return hour + ((after - hour) // self.interval + 1) * self.interval


@dataclass(frozen=True, slots=True)
class Nightly:
    """Once a day, at this time in UTC."""

    hour: int
    minute: int

    @property
    def interval(self) -> dt.timedelta:
        return DAY

    @property
    def crontab(self) -> crontab:
        return crontab(hour=self.hour, minute=self.minute)

    def next_tick(self, after: dt.datetime) -> dt.datetime:
        """Answer the first instant later than ``after`` at which beat rings."""
        today = after.replace(hour=self.hour, minute=self.minute, second=0, microsecond=0)
        return today if today > after else today + DAY


class Wakes(Enum):
    """What makes a row due."""

    DAY = "a local midnight, or an instant that the row notes"
    WORK = "something was just written, or an instant that the row notes"
    NOTHING = "no row is due; it looks after the house"


@dataclass(frozen=True, slots=True)
class Noted:
    """Rows that note in a field the instant at which they are due."""

    rows: QuerySet[Any, Any]
    field: str

    def instants(self, until: dt.datetime) -> list[dt.datetime]:
        """Answer the noted instants up to one, in their order."""
        due = self.rows.all().filter(**{f"{self.field}__lte": until})
        return list(due.order_by(self.field).values_list(self.field, flat=True).distinct())


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timetable."""

    name: str
    sweep: Callable[..., object]
    when: Every | Nightly
    wakes: Wakes
    why: str
    noted: Noted | None = None
    asks_stripe: bool = False

    def ring(self, *, now: dt.datetime) -> object:
        """Let the sweep look for its rows; answers what it answers.

        One that asks Stripe finds nothing to do on a site without Stripe.
        """
        if not self.asks_stripe:
            return self.sweep(now=now)
        try:
            gateway = at_stripe()
        except StripeSilent:
            return None
        return self.sweep(gateway=gateway, now=now)
