"""The terms of a plan version, as stored: what is included, allowed, counted and charged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from plans.periods import Interval
from wallet.money import Money

CHANNELS = ("web", "outbound", "inbound")
PHONE_CHANNELS = ("outbound", "inbound")
RESOURCES = ("agents", "knowledge_bases", "campaigns", "leads", "integrations")
PHONE_NUMBERS = "phone_numbers"
DEFAULT_TIER = "standard"
CALL_MINUTES, MESSAGES, SESSIONS = "call_minutes", "messages", "sessions"
OUTBOUND_CALLS = "outbound_calls"
QUOTAS = (OUTBOUND_CALLS, SESSIONS)

Rates = Decimal | Mapping[str, "Rates"]


@dataclass(frozen=True, slots=True)
class Terms:
    """Everything commercial about a plan version; immutable, so it may be kept in memory."""

    period: Interval
    price: Mapping[str, Decimal] = field(default_factory=dict)
    auto_renew: bool = True
    signup_credits: Decimal = Decimal(0)
    included_credits: Decimal = Decimal(0)
    overdraft: Decimal = Decimal(0)
    pause_when: str = "dry"
    channels: tuple[str, ...] = CHANNELS
    max_call_minutes: Mapping[str, Decimal] = field(default_factory=dict)
    voice_tiers: tuple[str, ...] = ()
    limits: Mapping[str, int] = field(default_factory=dict)
    quotas: Mapping[str, int] = field(default_factory=dict)
    answered_only: bool = False
    allowances: Mapping[str, Decimal] = field(default_factory=dict)
    rates: Mapping[str, Rates] = field(default_factory=dict)
    call_increment_seconds: int = 1
    rentals: Mapping[str, Mapping[str, Decimal]] = field(default_factory=dict)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Terms:
        """Read terms as :meth:`to_json` wrote them; they were checked when they were stored."""
        values = dict(stored)
        values["period"] = Interval.parse(values["period"])
        for name in ("signup_credits", "included_credits", "overdraft"):
            if name in values:
                values[name] = Decimal(values[name])
        for name in ("price", "max_call_minutes", "allowances", "rates", "rentals"):
            if name in values:
                values[name] = _decimals(values[name])
        for name in ("channels", "voice_tiers"):
            if name in values:
                values[name] = tuple(values[name])
        return cls(**values)

    def to_json(self) -> dict[str, Any]:
        """Write the terms that differ from the defaults, in one canonical form."""
        plain = Terms(period=self.period)
        stored: dict[str, Any] = {"period": str(self.period)}
        for name in self.__slots__:
            value = getattr(self, name)
            if name != "period" and value != getattr(plain, name):
                stored[name] = _texts(value)
        return stored

    def price_in(self, currency: str) -> Money | None:
        """Answer the price per period; nothing in every currency where none is set.

        None means that the plan is not sold in this currency.
        """
        return _amount_in(self.price, currency)

    def rental_price_in(self, item: str, currency: str) -> Money | None:
        """Answer what one of a rentable thing costs per period, none where it is not rented."""
        if item not in self.rentals:
            return None
        return _amount_in(self.rentals[item], currency)

    def tier(self, asked: str | None) -> str:
        """Answer the voice tier that a call means."""
        return asked or (self.voice_tiers[0] if self.voice_tiers else DEFAULT_TIER)

    def allows_tier(self, asked: str | None) -> bool:
        return not self.voice_tiers or self.tier(asked) in self.voice_tiers

    def rate(
        self, meter: str, channel: str | None = None, tier: str | None = None
    ) -> Decimal | None:
        """Answer credits per unit of a meter, none where the plan has no rate for it."""
        rate: Rates | None = self.rates.get(meter)
        for key in (channel, self.tier(tier)):
            if isinstance(rate, Mapping):
                rate = rate.get(key or "")
        return None if isinstance(rate, Mapping) else rate

    def session_limit(self, own: int | None) -> int | None:
        """Answer how many sessions may start in a period: the owner's own limit, or the quota."""
        limits = (self.quotas.get(SESSIONS), own)
        return min((limit for limit in limits if limit is not None), default=None)

    def knows(self, meter: str) -> bool:
        """Answer whether the plan says anything about a meter: a rate, or an allowance."""
        return meter in self.rates or meter in self.allowances

    def charges(self, meter: str) -> bool:
        """Answer whether a meter has a rate above zero, on any channel and tier."""
        return meter in self.rates and _any_above_zero(self.rates[meter])

    @property
    def charges_credits(self) -> bool:
        """Whether the plan charges credits for anything at all; the bell is off where not."""
        return any(_any_above_zero(rate) for rate in self.rates.values())

    def max_seconds(self, channel: str) -> int | None:
        """Answer the longest a call on this channel may last, none without a cap."""
        minutes = self.max_call_minutes.get(channel)
        return None if minutes is None else int(minutes * 60)


def _amount_in(prices: Mapping[str, Decimal], currency: str) -> Money | None:
    if not any(prices.values()):
        return Money(0, currency)
    if currency not in prices:
        return None
    return Money.parse(prices[currency], currency)


def _any_above_zero(rate: Rates) -> bool:
    if isinstance(rate, Mapping):
        return any(_any_above_zero(part) for part in rate.values())
    return rate > 0


def _decimals(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _decimals(part) for key, part in value.items()}
    return Decimal(value)


def _texts(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _texts(part) for key, part in value.items()}
    if isinstance(value, tuple):
        return list(value)
    return f"{value:f}" if isinstance(value, Decimal) else value
