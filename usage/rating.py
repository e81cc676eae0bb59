"""What usage costs: quantity, allowance, rate and sources; pure sums, exact until rounded.

The database's ``usage_charge`` knows the plain case of it too (see ``usage.plain_charging``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from accounts.refusals import Refusal
from plans.terms import OUTBOUND_CALLS, SESSIONS, Terms
from wallet.credits import ZERO, Credits, rounded

_NOTHING = Fraction(0)
# A price list is short: each of its rates becomes a fraction once.
_exact = lru_cache(maxsize=1024)(Fraction)


class MeterNotInPlan(Refusal):
    """The plan would have to charge this and has no rate for it."""

    code = "meter_not_in_plan"
    message = "The plan has no rate for this meter."
    remedy = "Apply a plan that has one; then report it again."


class Measured(NamedTuple):
    """How much of which meter was used, and which quotas it counts against."""

    meter: str
    quantity: Fraction
    channel: str = ""
    voice_tier: str | None = None
    counts: Mapping[str, int] | None = None


class Rated(NamedTuple):
    """What a measured quantity costs: units from the allowance, the rest at a rate."""

    measured: Measured
    units: Decimal
    allowance: Decimal
    rate: Decimal | None
    credits: Credits


@dataclass(slots=True)
class Source:
    """A grant from which credits can be drawn."""

    grant_id: int
    kind: str
    remaining: Decimal


class Draw(NamedTuple):
    """Credits taken from one source: a grant, or the wallet where ``grant_id`` is none.

    ``rest`` is what the source has after that.
    """

    kind: str
    grant_id: int | None
    credits: Decimal
    rest: Decimal


def measure_call(terms: Terms, *, channel: str, voice_tier: str | None, seconds: int) -> Measured:
    """Answer the minutes of a connected call, its length rounded up to the plan's increment."""
    step = terms.call_increment_seconds
    billed = -(-seconds // step) * step
    counts = {OUTBOUND_CALLS: 1} if channel == "outbound" else None
    return Measured(
        meter="call_minutes",
        quantity=Fraction(billed, 60),
        channel=channel,
        voice_tier=terms.tier(voice_tier),
        counts=counts,
    )


def measure_count(meter: str, quantity: str) -> Measured:
    """Answer a quantity that was reported as it is: messages, tokens, and the like."""
    return Measured(meter=meter, quantity=Fraction(quantity))


def measure_window() -> Measured:
    """Answer one 24-hour window of a session."""
    return Measured(meter=SESSIONS, quantity=Fraction(1), counts={SESSIONS: 1})


def rate(terms: Terms, measured: Measured, *, allowance_left: Decimal) -> Rated:
    """Answer what a quantity costs: first the allowance, then credits for the exact rest.

    :raises MeterNotInPlan: something is left to charge and there is no rate.
    """
    units = rounded(measured.quantity)
    taken = max(min(allowance_left, units), ZERO)
    rest = measured.quantity - Fraction(taken) if taken else measured.quantity
    if taken == units:
        rest = _NOTHING
    price = terms.rate(measured.meter, measured.channel or None, measured.voice_tier)
    if rest and price is None and measured.counts and not terms.knows(measured.meter):
        # A plan that sells no call minutes, or no sessions, counts them all the same.
        price = ZERO
    if rest and price is None:
        raise MeterNotInPlan(f"The plan has no rate for {_name(measured)}.", field="meter")
    credits = rounded(rest * _exact(price)) if rest and price else ZERO
    return Rated(measured, units, taken, price, credits)


def draw(credits: Decimal, sources: Sequence[Source], *, balance: Decimal) -> list[Draw]:
    """Take credits from grants in their order, and what they cannot give from the wallet.

    The sources' rests are reduced.
    """
    if not credits:
        return []
    draws, open_ = [], credits
    for source in sources:
        part = min(open_, source.remaining)
        if part > 0:
            source.remaining -= part
            open_ -= part
            draws.append(Draw(source.kind, source.grant_id, part, source.remaining))
    if open_ > 0:
        draws.append(Draw("wallet", None, open_, balance - open_))
    return draws


def _name(measured: Measured) -> str:
    parts = [measured.meter, measured.channel, measured.voice_tier or ""]
    return " ".join(part for part in parts if part)
