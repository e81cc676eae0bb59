"""Credits: what usage is charged in; exact decimals of 6 places, never money."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from fractions import Fraction
from typing import NewType

from wallet.money import Money, plain_decimal

Credits = NewType("Credits", Decimal)

PLACES = 6
MICRO = 10**PLACES
ZERO = Credits(Decimal(0))
LARGEST = Decimal(10) ** 13


class NotCredits(ValueError):
    """A text or number that is no amount of credits."""


def parse(value: object) -> Credits:
    """Read an amount of credits of at most 6 decimals.

    :raises NotCredits: no number, more decimals, or beyond what the books hold.
    """
    try:
        number = plain_decimal(value)
    except InvalidOperation as error:
        raise NotCredits(f"“{str(value)[:40]}” is not an amount of credits.") from error
    if not number.is_finite() or abs(number) > LARGEST:
        raise NotCredits(f"“{str(value)[:40]}” is not an amount of credits.")
    if number != round(number, PLACES):
        raise NotCredits(f"Credits have {PLACES} decimals; “{str(value)[:40]}” has more.")
    return Credits(round(number, PLACES))


def rounded(value: Fraction) -> Credits:
    """Round an exact value half up to 6 places; done once, where a charge is made."""
    numerator = value.numerator
    micros = (2 * MICRO * abs(numerator) // value.denominator + 1) // 2
    return Credits(Decimal(micros if numerator >= 0 else -micros).scaleb(-PLACES))


def bought_with(paid: Money, price: Decimal) -> Credits:
    """Answer the credits that an amount buys at a price (major units per credit)."""
    return rounded(Fraction(paid.amount) / Fraction(price))


def plain(value: Decimal) -> str:
    """Write credits without superfluous zeros or an exponent: ``"2.7"``, ``"0"``."""
    if not value:
        return "0"
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def display(value: Decimal) -> str:
    """Write credits for a reader, with thousands and 2 decimals."""
    return f"{value.quantize(Decimal('0.01'), rounding=ROUND_HALF_UP):,}"
