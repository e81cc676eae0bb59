"""Money: whole minor units and a currency; never a float, never a credit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation, localcontext
from fractions import Fraction

from babel.core import get_global
from babel.numbers import format_currency, get_currency_precision

CURRENCIES: frozenset[str] = frozenset(get_global("all_currencies"))
LARGEST_MINOR = 10**15
PLAIN = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{0,40})?|[+-]?\.[0-9]{1,40}")


class NotMoney(ValueError):
    """A text or number that is no amount of money in its currency."""


def exponent(currency: str) -> int:
    """Answer how many decimals a currency has: 2 for USD, 0 for JPY, 3 for KWD.

    :raises NotMoney: the code is none of ISO 4217.
    """
    if currency not in CURRENCIES:
        raise NotMoney(f"“{currency[:10]}” is not a currency of ISO 4217.")
    return get_currency_precision(currency)


def plain_decimal(value: object) -> Decimal:
    """Read a number as people and programs write it: digits and one point, no exponent.

    :raises InvalidOperation: it is none.
    """
    if isinstance(value, str) and not PLAIN.fullmatch(value.strip()):
        raise InvalidOperation
    return Decimal(str(value))


def half_up(value: Fraction) -> int:
    """Round a fraction to the nearest whole, halves away from zero."""
    sign = -1 if value < 0 else 1
    doubled = abs(value) * 2
    return sign * ((doubled.numerator // doubled.denominator + 1) // 2)


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount in whole minor units of one currency; two currencies never meet."""

    minor: int
    currency: str

    @classmethod
    def parse(cls, amount: str | int | Decimal, currency: str) -> Money:
        """Read a decimal amount of major units, such as ``"12.50"``.

        :raises NotMoney: no number, a fraction of the smallest unit, or beyond all sense.
        """
        digits = exponent(currency)
        try:
            value = plain_decimal(amount)
        except InvalidOperation as error:
            raise NotMoney(f"“{str(amount)[:40]}” is not an amount.") from error
        if not value.is_finite() or abs(value) > LARGEST_MINOR:
            raise NotMoney(f"“{str(amount)[:40]}” is not an amount.")
        minor = value.scaleb(digits)
        if minor != minor.to_integral_value():
            raise NotMoney(f"{currency} has {digits} decimals; “{str(amount)[:40]}” has more.")
        return cls(int(minor), currency)

    @property
    def amount(self) -> Decimal:
        """The amount in major units, with exactly the currency's decimals."""
        with localcontext(prec=40):
            return Decimal(self.minor).scaleb(-exponent(self.currency))

    def __str__(self) -> str:
        return f"{self.amount:f}"

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other).minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other).minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __mul__(self, times: int) -> Money:
        return Money(self.minor * times, self.currency)

    def __bool__(self) -> bool:
        return self.minor != 0

    def share(self, part: Fraction) -> Money:
        """Answer a part of this amount, rounded half up to whole minor units."""
        return Money(half_up(self.minor * part), self.currency)

    def display(self) -> str:
        """Write the amount for a reader of English: ``$1,234.50``, ``¥700``."""
        text = format_currency(self.amount, self.currency, locale="en_US")
        return text.replace(self.currency, f"{self.currency}\u00a0", 1)

    def _same(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise NotMoney(f"{self.currency} and {other.currency} cannot be added.")
        return other


def total(amounts: list[Money], currency: str) -> Money:
    """Add amounts of one currency; nothing adds up to zero of it."""
    result = Money(0, currency)
    for amount in amounts:
        result = result + amount
    return result
