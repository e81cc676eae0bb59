"""Days become bars: none is lost, none stands higher than the picture."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usage.charting import HEIGHT, MOST_BARS, chart_of, round_up

MARCH_1 = dt.date(2026, 3, 1)
MARCH_30 = dt.date(2026, 3, 30)
DAY = dt.timedelta(days=1)
amounts = st.decimals(min_value=0, max_value=10**9, places=2)


def test_every_day_of_the_period_has_a_bar_also_one_without_usage() -> None:
    chart = chart_of([(MARCH_1, Decimal(5))], first_day=MARCH_1, last_day=MARCH_30)

    assert len(chart.bars) == 30
    assert [bar.amount for bar in chart.bars[:2]] == ["5", "0"]
    assert chart.bars[-1].last_day == MARCH_30


def test_the_highest_bar_ends_below_a_round_number() -> None:
    chart = chart_of([(MARCH_1, Decimal(570))], first_day=MARCH_1, last_day=MARCH_30)

    assert chart.top == 600
    assert (chart.bars[0].y, chart.bars[0].height) == ("5.00", "95.00")


def test_usage_outside_the_period_is_drawn_too() -> None:
    late = [(MARCH_30 + 3 * DAY, Decimal(7))]

    chart = chart_of(late, first_day=MARCH_1, last_day=MARCH_30)

    assert len(chart.bars) == 33
    assert chart.bars[-1].value == 7


def test_a_year_is_drawn_in_bars_of_a_week() -> None:
    chart = chart_of([], first_day=MARCH_1, last_day=MARCH_1 + 364 * DAY)

    assert chart.days_per_bar == 7
    assert chart.bars[0].last_day == MARCH_1 + 6 * DAY
    assert chart.bars[-1].last_day == MARCH_1 + 364 * DAY


@pytest.mark.parametrize(
    ("value", "top"), [("0", 1), ("0.3", "0.4"), ("1", 1), ("11", 20), ("570", 600), ("999", 1000)]
)
def test_the_scale_ends_at_a_round_number(value: str, top: object) -> None:
    assert round_up(Decimal(value)) == Decimal(str(top))


@given(
    daily=st.lists(st.tuples(st.integers(-400, 4000), amounts), max_size=40),
    days=st.integers(1, 3653),
)
def test_nothing_is_lost_and_nothing_stands_out(
    daily: list[tuple[int, Decimal]], days: int
) -> None:
    values = [(MARCH_1 + DAY * offset, amount) for offset, amount in daily]

    chart = chart_of(values, first_day=MARCH_1, last_day=MARCH_1 + DAY * (days - 1))

    assert sum(bar.value for bar in chart.bars) == sum(amount for _, amount in values)
    assert len(chart.bars) <= MOST_BARS
    assert all(Decimal(bar.height) <= HEIGHT for bar in chart.bars)
    assert all(
        one.last_day + DAY == two.first_day
        for one, two in zip(chart.bars, chart.bars[1:], strict=False)
    )
