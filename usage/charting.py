"""A period's usage as bars: pure sums of days, parts, heights and labels."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from wallet.credits import plain

DAY = dt.timedelta(days=1)
MOST_BARS, MOST_SHARES = 62, 12
DAYS_PER_BAR = (1, 7, 28, 91, 365)
STEP, GAP, HEIGHT = 10, 2, 100

Daily = Sequence[tuple[dt.date, Decimal]]


@dataclass(frozen=True, slots=True)
class Bar:
    """One or more days, and where their bar stands in the picture."""

    first_day: dt.date
    last_day: dt.date
    value: Decimal
    x: int
    y: str
    height: str

    @property
    def amount(self) -> str:
        """The value without superfluous zeros."""
        return plain(self.value)


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars in a picture ``width`` by 100, whose upper edge means ``top``."""

    bars: tuple[Bar, ...]
    days_per_bar: int
    width: int
    top: Decimal

    bar_width = STEP - GAP


def chart_of(daily: Daily, *, first_day: dt.date, last_day: dt.date) -> Chart:
    """Draw daily values over all days of a period, days without any and stragglers included."""
    days = [day for day, _ in daily]
    first, last = min([first_day, *days]), max([last_day, *days])
    count = (last - first).days + 1
    size = next((size for size in DAYS_PER_BAR if count <= MOST_BARS * size), DAYS_PER_BAR[-1])
    sums = [Decimal(0)] * -(-count // size)
    for day, value in daily:
        sums[(day - first).days // size] += value
    top = round_up(max(sums))
    return Chart(
        bars=tuple(_bar(place, value, top, first, last, size) for place, value in enumerate(sums)),
        days_per_bar=size,
        width=STEP * len(sums),
        top=top,
    )


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole: its bar beside the longest, and its percent of all."""

    label: str
    value: Decimal
    width: str
    percent: str


def shares_of(parts: Sequence[tuple[str, Decimal]]) -> list[Share]:
    """Draw parts as bars that lie under each other; the smallest of many are one bar together."""
    ordered = sorted(parts, key=lambda part: (-part[1], part[0]))
    if len(ordered) > MOST_SHARES:
        rest = ordered[MOST_SHARES - 1 :]
        others = (f"{len(rest)} others", sum((value for _, value in rest), Decimal(0)))
        ordered = [*ordered[: MOST_SHARES - 1], others]
    whole = sum((value for _, value in ordered), Decimal(0))
    longest = max((value for _, value in ordered), default=Decimal(0))
    return [
        Share(label, value, f"{_percent(value, longest):.1f}", f"{_percent(value, whole):.0f} %")
        for label, value in ordered
    ]


def _percent(value: Decimal, whole: Decimal) -> Decimal:
    return 100 * value / whole if whole else Decimal(0)


def round_up(value: Decimal) -> Decimal:
    """Answer the next 1, 2, 4, 6 or 8 with zeros that is not below a value; 1 for nothing."""
    if value <= 0:
        return Decimal(1)
    power = Decimal(1).scaleb(value.adjusted())
    lead = (value / power).to_integral_value(rounding=ROUND_CEILING)
    return power * next(step for step in (1, 2, 4, 6, 8, 10) if lead <= step)


def _bar(place: int, value: Decimal, top: Decimal, first: dt.date, last: dt.date, size: int) -> Bar:
    height = value * HEIGHT / top
    begin = first + DAY * size * place
    return Bar(
        first_day=begin,
        last_day=min(begin + DAY * (size - 1), last),
        value=value,
        x=STEP * place + GAP // 2,
        y=f"{HEIGHT - height:.2f}",
        height=f"{height:.2f}",
    )
