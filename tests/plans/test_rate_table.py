"""A plan's rates become a table, whatever their form in the catalogue."""

from __future__ import annotations

from decimal import Decimal

from plans.periods import Interval
from plans.rate_table import rate_table
from plans.terms import Terms

MONTH = Interval(1, "month")


def table_of(rates: object, **terms: object) -> list[tuple[str, tuple[str | None, ...]]]:
    read = Terms.from_json({"period": "1 month", "rates": rates, **terms})
    return [
        (line.name, tuple(None if rate is None else str(rate) for rate in line.rates))
        for line in rate_table(read).lines
    ]


def test_one_number_per_meter_is_one_line() -> None:
    assert table_of({"messages": "0.5", "call_minutes": "2"}) == [
        ("Calls", ("2",)),
        ("Messages", ("0.5",)),
    ]


def test_channels_are_lines_in_the_order_in_which_we_name_them() -> None:
    lines = table_of({"call_minutes": {"inbound": "6", "outbound": "8", "web": "4"}})

    assert [name for name, _ in lines] == ["Web calls", "Outbound calls", "Inbound calls"]


def test_tiers_are_columns_in_the_plans_order_and_gaps_stay_empty() -> None:
    rates = {
        "call_minutes": {"web": {"premium": "6", "standard": "4"}, "inbound": {"standard": "5"}}
    }
    terms = Terms.from_json(
        {"period": "1 month", "rates": rates, "voice_tiers": ["standard", "premium"]}
    )

    table = rate_table(terms)

    assert table.tiers == ("standard", "premium")
    assert [line.rates for line in table.lines] == [
        (Decimal(4), Decimal(6)),
        (Decimal(5), None),
    ]


def test_a_rate_without_tiers_is_the_same_in_every_column() -> None:
    assert table_of({"call_minutes": {"web": {"a": "1", "b": "2"}}, "messages": "3"})[1] == (
        "Messages",
        ("3", "3"),
    )


def test_a_plan_that_charges_nothing_has_an_empty_table() -> None:
    assert rate_table(Terms(period=MONTH)).lines == ()
