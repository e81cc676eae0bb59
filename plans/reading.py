"""A plan's terms in words: one name and one line for each thing that it says."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from plans.terms import CHANNELS, Rates, Terms
from wallet.credits import plain
from wallet.money import Money

UNLIMITED = "unlimited"


def terms_in_words(terms: Terms) -> dict[str, str]:
    """Write terms for staff, in the order in which a customer would ask for them."""
    facts = {
        "Price per period": _prices(terms.price) if any(terms.price.values()) else "nothing",
        "Period": str(terms.period),
        "Renews by itself": "yes" if terms.auto_renew else "no, staff renew it",
        "Channels": ", ".join(terms.channels) or "none",
        "Voice tiers": ", ".join(terms.voice_tiers) or "any",
        "Longest call": _longest(terms),
        "Sign-up credits": plain(terms.signup_credits),
        "Plan credits per period": plain(terms.included_credits),
        "Overdraft": f"{plain(terms.overdraft)} credits, pauses when {terms.pause_when}",
        "Included": _listed(terms.allowances),
        "Quotas": _listed(terms.quotas, otherwise=UNLIMITED),
        "Limits": _listed(terms.limits, otherwise=UNLIMITED),
        "Sessions counted": "those with an answer" if terms.answered_only else "all",
        "Call lengths rounded up to": f"{terms.call_increment_seconds} s",
    }
    for meter, rate in terms.rates.items():
        facts[f"Credits per {_name(meter).removesuffix('s')}"] = _rate(rate)
    for item, prices in terms.rentals.items():
        facts[f"Rent of a {_name(item)}"] = _prices(prices)
    return facts


def _prices(prices: Mapping[str, Decimal]) -> str:
    return ", ".join(
        f"{Money.parse(amount, currency).display()} ({currency})"
        for currency, amount in prices.items()
    )


def _longest(terms: Terms) -> str:
    caps = [
        f"{channel} {plain(terms.max_call_minutes[channel])} min"
        for channel in CHANNELS
        if channel in terms.max_call_minutes
    ]
    return ", ".join(caps) or "no cap"


def _listed(amounts: Mapping[str, Decimal] | Mapping[str, int], otherwise: str = "nothing") -> str:
    listed = [f"{plain(Decimal(amount))} {_name(name)}" for name, amount in amounts.items()]
    return ", ".join(listed) or otherwise


def _rate(rate: Rates, under: str = "") -> str:
    if isinstance(rate, Mapping):
        return ", ".join(_rate(part, f"{under} {name}".strip()) for name, part in rate.items())
    return f"{under} {plain(rate)}".strip()


def _name(code: str) -> str:
    return code.replace("_", " ")
