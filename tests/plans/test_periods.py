"""Periods and days: against an independent calculation, in every zone there is."""

from __future__ import annotations

import datetime as dt
import random
from zoneinfo import ZoneInfo, available_timezones

import pytest

from plans.periods import (
    Interval,
    NoPeriod,
    day_starts_at,
    days_left,
    last_day_of,
    window_after,
    window_from,
    window_until,
)

UTC = dt.UTC
ZONES = sorted(available_timezones())


def first_instant(day: dt.date, zone: ZoneInfo) -> dt.datetime:
    """Find a day's first instant the slow way: by walking the clock minute by minute."""
    instant = dt.datetime.combine(day, dt.time(), tzinfo=UTC) - dt.timedelta(hours=27)
    step = dt.timedelta(minutes=15)
    while instant.astimezone(zone).date() < day:
        instant += step
    while (instant - dt.timedelta(seconds=1)).astimezone(zone).date() >= day:
        instant -= dt.timedelta(seconds=1)
    return instant


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("America/Havana", dt.date(2026, 3, 8)),
        ("Africa/Cairo", dt.date(2026, 4, 24)),
        ("Asia/Beirut", dt.date(2026, 3, 29)),
        ("America/Santiago", dt.date(2026, 9, 6)),
        ("Pacific/Apia", dt.date(2011, 12, 30)),  # a day that did not exist
        ("America/Scoresbysund", dt.date(2026, 3, 29)),
        ("Europe/Warsaw", dt.date(2026, 3, 29)),
    ],
)
def test_a_day_begins_at_its_first_instant_also_where_there_is_no_midnight(
    zone: str, day: dt.date
) -> None:
    here = ZoneInfo(zone)

    assert day_starts_at(day, here) == first_instant(day, here)


def test_a_midnight_that_exists_twice_is_the_first() -> None:
    havana = ZoneInfo("America/Havana")
    day = dt.date(2026, 11, 1)

    start = day_starts_at(day, havana)

    assert start == dt.datetime(2026, 11, 1, 4, tzinfo=UTC)


def check_zone(name: str, days: list[dt.date]) -> None:
    zone = ZoneInfo(name)
    for day in days:
        start = day_starts_at(day, zone)
        assert start.astimezone(zone).date() >= day, (name, day)
        before = (start - dt.timedelta(seconds=1)).astimezone(zone).date()
        assert before < day, (name, day)
        thirty = window_after(day - dt.timedelta(days=1), zone, Interval(30, "day"), day.day)
        assert (thirty.first_day, thirty.days) == (day, 30), (name, day)
        month = window_after(day - dt.timedelta(days=1), zone, Interval(1, "month"), day.day)
        following = month.last_day + dt.timedelta(days=1)
        assert (following.year * 12 + following.month) - (day.year * 12 + day.month) == 1
        assert following.day == day.day or (following + dt.timedelta(days=1)).month != (
            following.month
        )


def test_every_zone_on_a_sample_of_days() -> None:
    lot = random.Random(7)
    start = dt.date(2026, 1, 1)
    for name in ZONES:
        check_zone(name, [start + dt.timedelta(days=lot.randrange(731)) for _ in range(12)])


@pytest.mark.faults
def test_every_zone_on_every_day_of_two_years() -> None:
    start = dt.date(2026, 1, 1)
    for name in ZONES:
        check_zone(name, [start + dt.timedelta(days=n) for n in range(731)])


def test_a_monthly_period_keeps_its_anchor_day() -> None:
    zone, month = ZoneInfo("Europe/Warsaw"), Interval(1, "month")
    firsts = [dt.date(2026, 1, 31)]
    for _ in range(4):
        last = month.next_first_day(firsts[-1], 31) - dt.timedelta(days=1)
        firsts.append(window_after(last, zone, month, 31).first_day)

    assert [f"{day:%m-%d}" for day in firsts] == ["01-31", "02-28", "03-31", "04-30", "05-31"]


def test_a_leap_day_comes_back_every_fourth_year() -> None:
    year = Interval(1, "year")

    assert year.next_first_day(dt.date(2024, 2, 29), 29) == dt.date(2025, 2, 28)
    assert year.next_first_day(dt.date(2027, 2, 28), 29) == dt.date(2028, 2, 29)


def test_a_30_day_period_runs_from_the_instant_through_its_thirtieth_day() -> None:
    zone = ZoneInfo("Asia/Kolkata")
    now = dt.datetime(2026, 3, 1, 3, 30, tzinfo=UTC)

    window = window_from(now, zone, Interval.parse("30 days"))

    assert (window.first_day, window.last_day) == (dt.date(2026, 3, 1), dt.date(2026, 3, 30))
    assert (window.starts_at, window.ends_at) == (now, dt.datetime(2026, 3, 30, 18, 30, tzinfo=UTC))


def test_days_left_counts_today_and_is_one_on_the_last_day() -> None:
    zone = ZoneInfo("UTC")
    last, end = dt.date(2026, 3, 30), dt.datetime(2026, 3, 31, tzinfo=UTC)

    left = [
        days_left(last, end, instant, zone)
        for instant in (
            dt.datetime(2026, 3, 1, 12, tzinfo=UTC),
            dt.datetime(2026, 3, 30, 23, 59, 59, tzinfo=UTC),
            end,
        )
    ]

    assert left == [30, 1, 0]


@pytest.mark.parametrize("text", ["0 days", "-1 day", "1 fortnight", "", "9999 years", "1.5 days"])
def test_a_text_that_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(NoPeriod):
        Interval.parse(text)


def test_a_window_in_the_past_or_of_no_days_is_refused() -> None:
    now, zone = dt.datetime(2026, 3, 1, 12, tzinfo=UTC), ZoneInfo("UTC")

    with pytest.raises(NoPeriod):
        window_until(now, zone, dt.date(2026, 2, 28))
    with pytest.raises(NoPeriod):
        window_until(now, zone, dt.date(9999, 12, 31))
    for days in (0, -1, 10**9):
        with pytest.raises(NoPeriod):
            last_day_of(dt.date(2026, 3, 1), days)
