"""How a charge came about, written down so that it can be explained and computed again."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from plans.terms import Terms
from usage.rating import (
    Draw,
    Measured,
    Rated,
    measure_call,
    measure_count,
    measure_window,
)
from usage.reports import Report
from wallet.credits import ZERO, plain

_NOTHING = Fraction(0)


def measure(report: Report, terms: Terms) -> Measured:
    """Answer how much of which meter a report tells of, on a plan's terms."""
    if report.kind == "call":
        return measure_call(
            terms, channel=report.channel, voice_tier=report.voice_tier, seconds=report.seconds
        )
    if report.kind == "session":
        return measure_window()
    return measure_count(report.meter, report.quantity)


def nothing(report: Report) -> Rated:
    """Answer what a report costs that is noted and not charged."""
    measured = Measured(report.meter, quantity=_NOTHING, channel=report.channel)
    return Rated(measured, ZERO, ZERO, None, ZERO)


def trace_of(rated: Rated, draws: Sequence[Draw], *, version_id: int) -> dict[str, Any]:
    """Write down facts, rate, allowance used and each source drawn, as an event keeps them."""
    quantity = rated.measured.quantity
    return {
        "version": version_id,
        "meter": rated.measured.meter,
        "channel": rated.measured.channel,
        "voice_tier": rated.measured.voice_tier,
        "quantity": [quantity.numerator, quantity.denominator],
        "allowance": plain(rated.allowance),
        "rate": None if rated.rate is None else plain(rated.rate),
        "credits": plain(rated.credits),
        "draws": [[drawn.kind, drawn.grant_id, plain(drawn.credits)] for drawn in draws],
    }
