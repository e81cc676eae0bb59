"""What a plan charges, as a table: a line per meter and channel, a column per voice tier."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from accounts.templatetags.wording import words
from plans.terms import CALL_MINUTES, CHANNELS, Rates, Terms

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

    @property
    def name(self) -> str:
        """What is charged for, in words: Web calls, Messages."""
        counted = "calls" if self.meter == CALL_MINUTES else self.meter
        return words(f"{self.channel} {counted}".strip())


@dataclass(frozen=True, slots=True)
class RateTable:
    """The columns, named after voice tiers where rates differ by them, and the lines."""

    tiers: tuple[str, ...]
    lines: tuple[RateLine, ...]


def rate_table(terms: Terms) -> RateTable:
    """Answer the rates of a plan version."""
    parts = [
        (meter, channel, rate)
        for meter, rates in sorted(terms.rates.items(), key=lambda item: _place(item[0], UNITS))
        for channel, rate in _by_channel(rates)
    ]
    named = {tier for _, _, rate in parts if isinstance(rate, Mapping) for tier in rate}
    tiers = tuple(sorted(named, key=lambda tier: _place(tier, terms.voice_tiers)))
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
    if not isinstance(rates, Mapping):
        return [("", rates)]
    return sorted(rates.items(), key=lambda item: _place(item[0], CHANNELS))


def _rate(rate: Rates, tier: str) -> Decimal | None:
    found = rate.get(tier) if isinstance(rate, Mapping) else rate
    return None if isinstance(found, Mapping) else found


def _place(name: str, known: Iterable[str]) -> tuple[int, str]:
    """Order names as we know them, the others after them: the database keeps no order."""
    order = list(known)
    return (order.index(name) if name in order else len(order), name)
