"""Money and credits: exact, in whole minor units, and never mixed."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from wallet import credits
from wallet.money import Money, NotMoney, exponent, half_up, total


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [("12.50", "USD", 1250), ("700", "JPY", 700), ("1.234", "KWD", 1234), ("-0.01", "EUR", -1)],
)
def test_amounts_are_read_in_the_currencys_own_decimals(
    amount: str, currency: str, minor: int
) -> None:
    money = Money.parse(amount, currency)

    assert (money.minor, str(money)) == (minor, amount)


@pytest.mark.parametrize(
    ("amount", "currency"),
    [("0.001", "USD"), ("1.5", "JPY"), ("NaN", "USD"), ("1e99", "USD"), ("", "USD"), ("1", "XXQ")],
)
def test_what_is_no_amount_is_refused(amount: str, currency: str) -> None:
    with pytest.raises(NotMoney):
        Money.parse(amount, currency)


def test_two_currencies_never_meet() -> None:
    with pytest.raises(NotMoney):
        total([Money(1, "USD"), Money(1, "EUR")], "USD")


@pytest.mark.parametrize(
    ("value", "rounded"),
    [(Fraction(1, 2), 1), (Fraction(-1, 2), -1), (Fraction(149, 100), 1), (Fraction(5, 2), 3)],
)
def test_halves_are_rounded_away_from_zero(value: Fraction, rounded: int) -> None:
    assert half_up(value) == rounded


def test_a_share_of_money_is_rounded_once() -> None:
    assert Money(20000, "USD").share(Fraction(9, 31)) == Money(5806, "USD")


def test_money_is_shown_with_its_sign_and_its_decimals() -> None:
    shown = [Money(123450, "USD"), Money(700, "JPY"), Money(1234, "KWD")]

    assert [money.display() for money in shown] == ["$1,234.50", "¥700", "KWD\xa01.234"]
    assert exponent("KWD") == 3


def test_credits_have_six_places_and_are_shown_with_two() -> None:
    third = credits.rounded(Fraction(10, 3))

    assert third == Decimal("3.333333")
    assert (credits.display(third), credits.plain(third)) == ("3.33", "3.333333")
    assert credits.plain(Decimal("1E+3")) == "1000"
    assert credits.plain(Decimal("0.000000")) == "0"


@pytest.mark.parametrize("value", ["0.0000001", "Infinity", "x", "1e20", None])
def test_what_is_no_amount_of_credits_is_refused(value: object) -> None:
    with pytest.raises(credits.NotCredits):
        credits.parse(value)


def test_credits_are_bought_at_the_price_of_one() -> None:
    assert credits.bought_with(Money(750, "EUR"), Decimal("0.02")) == 375
