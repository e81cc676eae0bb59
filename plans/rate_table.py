"""What a plan charges, as a table: a line per meter and channel, a column per voice tier."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from plans.terms import Rates, Terms

UNITS = {
    "call_minutes": "minute",
    "messages": "message",
    "sessions": "session",
    "tokens": "token",
    "storage_gb": "GB",
    "voicemail_detections": "detection",
}


@dataclass(frozen=True, slots=True)
class RateLine:
    """Credits per unit of a meter on a channel, one for each tier; none where there is no rate."""

    meter: str
    channel: str
    unit: str
    rates: tuple[Decimal | None, ...]


@dataclass(frozen=True, slots=True)
class RateTable:
    """The columns, named after voice tiers where rates differ by them, and the lines."""

    tiers: tuple[str, ...]
    lines: tuple[RateLine, ...]


def rate_table(terms: Terms) -> RateTable:
    """Answer the rates of a plan version."""
    parts = [
        (meter, channel, rate)
        for meter, rates in terms.rates.items()
        for channel, rate in _by_channel(rates)
    ]
    named = {tier for _, _, rate in parts if isinstance(rate, Mapping) for tier in rate}
    tiers = tuple(sorted(named, key=lambda tier: _place(tier, terms)))
    lines = (
        RateLine(
            meter, channel, unit_of(meter), tuple(_rate(rate, tier) for tier in tiers or ("",))
        )
        for meter, channel, rate in parts
    )
    return RateTable(tiers, tuple(lines))


def unit_of(meter: str) -> str:
    """Answer what one unit of a meter is called; a catalogue may name meters of its own."""
    return UNITS.get(meter, "unit")


def _by_channel(rates: Rates) -> list[tuple[str, Rates]]:
    return list(rates.items()) if isinstance(rates, Mapping) else [("", rates)]


def _rate(rate: Rates, tier: str) -> Decimal | None:
    found = rate.get(tier) if isinstance(rate, Mapping) else rate
    return None if isinstance(found, Mapping) else found


def _place(tier: str, terms: Terms) -> tuple[int, str]:
    known = terms.voice_tiers
    return (known.index(tier) if tier in known else len(known), tier)
