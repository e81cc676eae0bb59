"""What product.md says of credits, as small as it can be said: the model beside the books."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction

SIX_PLACES = Decimal("0.000001")
ZERO = Decimal(0)
# What is charged for a call: its channel and its voice tier.
Price = tuple[str, str]


def half_up(exact: Fraction) -> Decimal:
    """Answer credits or units: six places, a half rounded up."""
    with localcontext() as context:
        context.prec = 60
        quotient = Decimal(exact.numerator) / Decimal(exact.denominator)
        return quotient.quantize(SIX_PLACES, rounding=ROUND_HALF_UP)


@dataclass(frozen=True)
class Plan:
    """What a plan includes and charges, how long its calls last, and when it pauses work."""

    rates: dict[Price, Decimal]
    longest: dict[str, int]
    minutes: Decimal = ZERO
    included: Decimal = ZERO
    overdraft: Decimal = ZERO
    resumes_above_zero: bool = False


@dataclass
class Pot:
    """Credits with an end."""

    kind: str
    born: int
    ends: dt.datetime
    rest: Decimal


@dataclass
class Term:
    """A period of a plan, and the allowance used in it."""

    plan: Plan
    begins: dt.datetime
    ends: dt.datetime
    used: Decimal = ZERO

    def cost(
        self, seconds: int, price: Price, *, reserved: Decimal = ZERO
    ) -> tuple[Decimal, Decimal]:
        """Answer the minutes of the allowance that a call takes, and its credits."""
        exact = Fraction(seconds, 60)
        free = max(min(self.plan.minutes - self.used - reserved, half_up(exact)), ZERO)
        rest = Fraction(0) if free == half_up(exact) else exact - Fraction(free)
        return free, half_up(rest * Fraction(self.plan.rates[price]))


@dataclass
class Running:
    """A call that was let in, and what is reserved for it: minutes of the allowance, credits."""

    key: str
    channel: str
    ends: dt.datetime
    units: Decimal
    credits: Decimal


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
    paused: bool = False
    pots: list[Pot] = field(default_factory=list)
    terms: list[Term] = field(default_factory=list)
    running: list[Running] = field(default_factory=list)
    bought: dict[str, Bought] = field(default_factory=dict)
    said: dict[str, tuple[dict[str, object], dict[str, Decimal]]] = field(default_factory=dict)

    def live(self, kind: str, now: dt.datetime) -> Decimal:
        """Answer what is left of one kind."""
        return sum((pot.rest for pot in self.pots if pot.kind == kind and pot.ends > now), ZERO)

    def begin(self, plan: Plan, at: dt.datetime, *, ends: dt.datetime) -> None:
        """Let a plan take effect: what the old one granted ends."""
        for pot in self.pots:
            if pot.kind == "plan":
                pot.ends = min(pot.ends, at)
        self.terms.append(Term(plan, at, ends))
        self.give("plan", plan.included, ends=ends)
        self.move(ZERO)

    def give(self, kind: str, credits: Decimal, *, ends: dt.datetime) -> None:
        self.pots.append(Pot(kind, len(self.pots), ends, credits))

    def move(self, credits: Decimal) -> None:
        """Change the wallet; a plan may pause below its overdraft until it is above zero."""
        self.wallet += credits
        plan = self.terms[-1].plan
        if self.wallet > 0:
            self.paused = False
        elif plan.resumes_above_zero and self.wallet < -plan.overdraft:
            self.paused = True

    # --- Calls --------------------------------------------------------------------------------

    def reserved(self, now: dt.datetime, *, but: str | None = None) -> tuple[Decimal, Decimal]:
        """Answer the minutes and the credits reserved for calls that run, but for one of them."""
        counted = [one for one in self.running if one.ends > now and one.key != but]
        return sum((one.units for one in counted), ZERO), sum((o.credits for o in counted), ZERO)

    def ask(self, key: str | None, now: dt.datetime, *, price: Price) -> str | None:
        """Let a call start, and reserve what it may cost; answers the code of a refusal."""
        term = self.terms[-1]
        if now >= term.ends:
            return "subscription_ended"
        units, credits = self.reserved(now, but=key)
        if self._is_short(now) or ((units or credits) and self._is_short(now, units, credits)):
            return "balance_exhausted"
        self.running = [o for o in self.running if o.ends > now and (not key or o.key != key)]
        if key not in self.said:
            seconds = term.plan.longest[price[0]]
            cost = term.cost(seconds, price, reserved=units)
            ends = now + dt.timedelta(seconds=seconds)
            self.running.append(Running(key or "", price[0], ends, *cost))
        return None

    def _is_short(self, now: dt.datetime, units: Decimal = ZERO, credits: Decimal = ZERO) -> bool:
        """Answer whether nothing is left to pay with, once this much more was used."""
        term = self.terms[-1]
        ending = self.live("plan", now) + self.live("bonus", now)
        if term.plan.minutes - term.used - units > 0 or ending - credits > 0:
            return False
        then, floor = self.wallet - max(credits - ending, ZERO), -term.plan.overdraft
        if term.plan.resumes_above_zero and not (units or credits):
            return self.paused or then < floor
        return then <= floor or (term.plan.resumes_above_zero and self.paused)

    def call(
        self, key: str, started: dt.datetime, now: dt.datetime, *, seconds: int, price: Price
    ) -> dict[str, Decimal]:
        """Charge a call, for which nothing is reserved any more; answers what was taken."""
        own = [one for one in self.running if one.key == key]
        others = [o for o in self.running if (o.key, o.channel) == ("", price[0]) and o.ends > now]
        for settled in (own or others)[:1]:
            self.running.remove(settled)
        begun = [term for term in self.terms if term.begins <= started]
        term = begun[-1] if begun else self.terms[0]
        free, due = term.cost(seconds, price)
        term.used += free
        taken = {"allowance": free, "credits": due, "plan": ZERO, "bonus": ZERO}
        order = sorted(self.pots, key=lambda pot: (pot.kind == "bonus", pot.ends, pot.born))
        for pot in order:
            if pot.ends > now:
                part = min(due, pot.rest)
                pot.rest -= part
                due -= part
                taken[pot.kind] += part
        self.move(-due)
        return {**taken, "wallet": due}

    # --- Money --------------------------------------------------------------------------------

    def buy(self, key: str, minor: int, credits: Decimal) -> None:
        self.bought[key] = Bought(minor, credits)
        self.move(credits)

    def give_back(self, key: str, minor: int) -> None:
        """Let part of a top-up go back, and its share of the credits leave, to the last digit."""
        one = self.bought[key]
        one.back += minor
        share = half_up(Fraction(one.credits) * Fraction(one.back, one.minor))
        self.move(one.taken - share)
        one.taken = share
