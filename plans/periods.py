"""Days and periods in an organization's zone: pure sums of dates, zones and instants."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo

UTC = dt.UTC
DAY = dt.timedelta(days=1)
LONGEST_YEARS = 10
UNITS = ("day", "week", "month", "year")


class NoPeriod(ValueError):
    """A text that names no length of time, or a window that cannot be."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A length of a period such as 30 days or 1 month."""

    count: int
    unit: str

    @classmethod
    def parse(cls, text: str) -> Interval:
        """Read ``"30 days"``, ``"1 month"``, ``"1 year"``.

        :raises NoPeriod: any other form, zero, or more than ten years.
        """
        match = re.fullmatch(r"(\d{1,4}) (day|week|month|year)s?", text.strip())
        if not match or int(match[1]) == 0:
            raise NoPeriod(f"“{text[:40]}” is not a period; write “30 days” or “1 month”.")
        interval = cls(int(match[1]), match[2])
        if interval.longest_days() > LONGEST_YEARS * 366:
            raise NoPeriod(f"“{text[:40]}” is longer than {LONGEST_YEARS} years.")
        return interval

    def longest_days(self) -> int:
        """Answer the most days that the interval can have."""
        return self.count * {"day": 1, "week": 7, "month": 31, "year": 366}[self.unit]

    def __str__(self) -> str:
        return f"{self.count} {self.unit}{'' if self.count == 1 else 's'}"

    def next_first_day(self, first_day: dt.date, anchor_day: int) -> dt.date:
        """Answer the day after the last of the period that begins on ``first_day``.

        Months and years aim at the anchor day: 31 January, 28 February, 31 March.
        """
        if self.unit in ("day", "week"):
            return first_day + DAY * self.count * (7 if self.unit == "week" else 1)
        months = self.count * (12 if self.unit == "year" else 1)
        year, month0 = divmod(first_day.year * 12 + first_day.month - 1 + months, 12)
        return dt.date(year, month0 + 1, min(anchor_day, calendar.monthrange(year, month0 + 1)[1]))


@dataclass(frozen=True, slots=True)
class Window:
    """A period's days, both inclusive, and the same as half-open instants."""

    first_day: dt.date
    last_day: dt.date
    starts_at: dt.datetime
    ends_at: dt.datetime

    @property
    def days(self) -> int:
        return (self.last_day - self.first_day).days + 1


def day_starts_at(day: dt.date, zone: ZoneInfo) -> dt.datetime:
    """Answer the first instant of a local day, in UTC.

    A midnight that exists twice is the first; where clocks jump over midnight, or over the
    whole day, it is the instant of the jump.
    """
    wall = dt.datetime.combine(day, dt.time(), tzinfo=zone)
    instant = wall.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == wall.replace(tzinfo=None):
        return instant
    before, after = instant - dt.timedelta(hours=26), instant
    while after - before > dt.timedelta(seconds=1):
        middle = before + (after - before) // 2
        if middle.astimezone(zone).date() >= day:
            after = middle
        else:
            before = middle
    return after.replace(microsecond=0)


def local_day(instant: dt.datetime, zone: ZoneInfo) -> dt.date:
    """Answer the calendar day of an instant in a zone."""
    return instant.astimezone(zone).date()


def window_from(
    now: dt.datetime, zone: ZoneInfo, interval: Interval, anchor_day: int | None = None
) -> Window:
    """Answer the period that begins at this instant; its anchor is today unless one is given."""
    first = local_day(now, zone)
    last = interval.next_first_day(first, anchor_day or first.day) - DAY
    return Window(first, last, now, day_starts_at(last + DAY, zone))


def window_after(last_day: dt.date, zone: ZoneInfo, interval: Interval, anchor_day: int) -> Window:
    """Answer the period that follows a last day, from local midnight on."""
    first = last_day + DAY
    last = interval.next_first_day(first, anchor_day) - DAY
    return Window(first, last, day_starts_at(first, zone), day_starts_at(last + DAY, zone))


def window_until(now: dt.datetime, zone: ZoneInfo, last_day: dt.date) -> Window:
    """Answer the custom window from this instant through ``last_day``.

    :raises NoPeriod: the day is over already, or more than ten years away.
    """
    first = local_day(now, zone)
    if last_day < first:
        raise NoPeriod("The last day is in the past.")
    if (last_day - first).days > LONGEST_YEARS * 366:
        raise NoPeriod(f"A period has at most {LONGEST_YEARS} years.")
    return Window(first, last_day, now, day_starts_at(last_day + DAY, zone))


def last_day_of(first_day: dt.date, days: int) -> dt.date:
    """Answer the last of a number of days, the first one counted.

    :raises NoPeriod: fewer than one day, or more than ten years.
    """
    if not 1 <= days <= LONGEST_YEARS * 366:
        raise NoPeriod(f"A period has at least 1 day and at most {LONGEST_YEARS} years.")
    return first_day + DAY * (days - 1)


def days_left(last_day: dt.date, ends_at: dt.datetime, now: dt.datetime, zone: ZoneInfo) -> int:
    """Answer the whole days that are left including today; 1 on the last day, 0 after it."""
    if now >= ends_at:
        return 0
    return max((last_day - local_day(now, zone)).days + 1, 1)
