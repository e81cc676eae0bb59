"""Amounts on pages: two decimals for the eye, the exact value beside them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from wallet.money import Money
from wallet.templatetags.amounts import credits, money, quantity, rate


@pytest.mark.parametrize(
    ("value", "sign", "shown"),
    [
        ("1234.5", "", '<data value="1234.5">1,234.50</data>'),
        ("0.005", "", '<data value="0.005">0.01</data>'),
        ("12", "signed", '<data value="12">+12.00</data>'),
        ("-12", "signed", '<data value="-12">-12.00</data>'),
        ("0", "signed", '<data value="0">0.00</data>'),
        ("50", "negated", '<data value="-50">-50.00</data>'),
    ],
)
def test_credits_are_shown_with_two_decimals(value: str, sign: str, shown: str) -> None:
    assert credits(Decimal(value), sign) == shown


def test_money_is_shown_in_the_way_of_its_currency() -> None:
    assert money(Money(123450, "USD")) == '<data value="1234.50 USD">$1,234.50</data>'
    assert money(Money(700, "JPY")) == '<data value="700 JPY">¥700</data>'


@pytest.mark.parametrize(
    ("value", "shown"),
    [("3", "3"), ("3.50", "3.5"), ("2.233333", "2.23"), ("1000", "1,000"), ("0", "0")],
)
def test_quantities_are_shown_without_superfluous_zeros(value: str, shown: str) -> None:
    assert f">{shown}<" in quantity(Decimal(value))


def test_a_column_of_quantities_has_both_decimals() -> None:
    assert ">228.10<" in quantity(Decimal("228.1"), "fixed")


@pytest.mark.parametrize(("value", "shown"), [("8", "8.00"), ("0.002", "0.002"), ("1.5", "1.50")])
def test_a_rate_is_never_rounded(value: str, shown: str) -> None:
    assert f">{shown}<" in rate(Decimal(value))
