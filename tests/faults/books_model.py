"""What product.md says of credits, as small as it can be said: the model beside the books."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction

SIX_PLACES = Decimal("0.000001")
ZERO = Decimal(0)


def half_up(exact: Fraction) -> Decimal:
    """Answer credits or units: six places, a half rounded up."""
    with localcontext() as context:
        context.prec = 60
        quotient = Decimal(exact.numerator) / Decimal(exact.denominator)
        return quotient.quantize(SIX_PLACES, rounding=ROUND_HALF_UP)


@dataclass
class Pot:
    """Credits with an end."""

    kind: str
    born: int
    ends: dt.datetime
    rest: Decimal


@dataclass
class Term:
    """A period: when it began, what it includes, and the allowance used in it."""

    begins: dt.datetime
    minutes: Decimal
    rates: dict[tuple[str, str], Decimal]
    used: Decimal = ZERO


@dataclass
class Bought:
    """A top-up: what was paid in minor units, what came, and what went back."""

    minor: int
    credits: Decimal
    back: int = 0
    taken: Decimal = ZERO


@dataclass
class Books:
    """One organization."""

    wallet: Decimal = ZERO
    pots: list[Pot] = field(default_factory=list)
    terms: list[Term] = field(default_factory=list)
    bought: dict[str, Bought] = field(default_factory=dict)
    said: dict[str, tuple[dict[str, object], dict[str, Decimal]]] = field(default_factory=dict)

    def live(self, kind: str, now: dt.datetime) -> Decimal:
        """Answer what is left of one kind."""
        return sum((pot.rest for pot in self.pots if pot.kind == kind and pot.ends > now), ZERO)

    def begin(
        self, at: dt.datetime, *, minutes: int, rates: dict[tuple[str, str], Decimal]
    ) -> None:
        """Let a plan take effect: what the old one granted ends."""
        for pot in self.pots:
            if pot.kind == "plan":
                pot.ends = min(pot.ends, at)
        self.terms.append(Term(at, Decimal(minutes), rates))

    def give(self, kind: str, credits: Decimal, *, ends: dt.datetime) -> None:
        self.pots.append(Pot(kind, len(self.pots), ends, credits))

    def call(
        self, started: dt.datetime, now: dt.datetime, *, seconds: int, price: tuple[str, str]
    ) -> dict[str, Decimal]:
        """Charge a call; answers what was taken from where."""
        begun = [term for term in self.terms if term.begins <= started]
        term = begun[-1] if begun else self.terms[0]
        exact = Fraction(seconds, 60)
        units = half_up(exact)
        free = max(min(term.minutes - term.used, units), ZERO)
        term.used += free
        rest = Fraction(0) if free == units else exact - Fraction(free)
        due = half_up(rest * Fraction(term.rates[price]))
        taken = {"allowance": free, "credits": due, "plan": ZERO, "bonus": ZERO}
        order = sorted(self.pots, key=lambda pot: (pot.kind == "bonus", pot.ends, pot.born))
        for pot in order:
            if pot.ends > now:
                part = min(due, pot.rest)
                pot.rest -= part
                due -= part
                taken[pot.kind] += part
        self.wallet -= due
        return {**taken, "wallet": due}

    def buy(self, key: str, minor: int, credits: Decimal) -> None:
        self.bought[key] = Bought(minor, credits)
        self.wallet += credits

    def give_back(self, key: str, minor: int) -> None:
        """Let part of a top-up go back, and its share of the credits leave, to the last digit."""
        one = self.bought[key]
        one.back += minor
        share = half_up(Fraction(one.credits) * Fraction(one.back, one.minor))
        self.wallet -= share - one.taken
        one.taken = share
