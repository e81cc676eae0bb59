"""A scenario's own time: it stands still within a step, and passes by ``advance``.

From one step to the next a microsecond passes, because what came first may matter.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

from plans.periods import DAY

TICK = dt.timedelta(microseconds=1)


@dataclass(slots=True)
class Clock:
    """An instant, read on the wall of a time zone."""

    zone: ZoneInfo
    now: dt.datetime

    @classmethod
    def at(cls, wall: dt.datetime, zone: ZoneInfo) -> Clock:
        """Set a clock to a local time."""
        return cls(zone, instant_of(wall, zone))

    def tick(self) -> None:
        """Let the least of time pass."""
        self.now += TICK

    def is_past(self, instant: dt.datetime) -> bool:
        """Answer whether an instant was over before this wall showed what it shows."""
        return instant < self.now.replace(microsecond=0)

    def instant(self, wall: dt.datetime) -> dt.datetime:
        """Answer the instant of a local time."""
        return instant_of(wall, self.zone)

    def in_days(self, days: int) -> dt.datetime:
        """Answer the instant at which the wall shows the same time so many days later."""
        wall = self.now.astimezone(self.zone).replace(tzinfo=None, fold=0)
        return self.instant(wall + DAY * days)

    def in_hours(self, hours: Decimal) -> dt.datetime:
        """Answer the instant that many real hours later."""
        return self.now + dt.timedelta(microseconds=int(hours * 3_600_000_000))


def instant_of(wall: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """Answer the instant of a local time, in UTC.

    One that exists twice is the first; one that does not exist is as much later as the clocks
    jumped: Python's first fold is both.
    """
    return wall.replace(tzinfo=zone, fold=0).astimezone(dt.UTC)
