"""Lines, tax and totals: pure sums of money."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from wallet.money import Money, total


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an invoice: a code for programs, words for people, and its amount."""

    code: str
    description: str
    amount: Money
    quantity: int = 1
    unit: Money | None = None


@dataclass(frozen=True, slots=True)
class Tax:
    """A tax that the seller adds to every invoice."""

    name: str
    percent: Decimal


@dataclass(frozen=True, slots=True)
class Totals:
    """What an invoice comes to: net and tax add up to the total."""

    net: Money
    tax: Money
    total: Money


def totals_of(lines: Sequence[Line], currency: str, tax: Tax | None) -> Totals:
    """Add up lines; the tax is rounded half up once, on the net total."""
    net = total([line.amount for line in lines], currency)
    owed = net.share(Fraction(tax.percent) / 100) if tax else Money(0, currency)
    return Totals(net=net, tax=owed, total=net + owed)
