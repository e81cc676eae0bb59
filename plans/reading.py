"""A plan's terms in words: one name and one line for each thing that it says."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from plans.rate_table import RateLine, rate_table
from plans.terms import CHANNELS, Terms
from wallet.credits import plain
from wallet.money import Money

UNLIMITED = "unlimited"


def terms_in_words(terms: Terms, currency: str | None = None) -> dict[str, str]:
    """Write terms for staff, in the order in which a customer would ask for them.

    Prices are written in one currency, or in all in which there are any.
    """
    facts = {
        "Price per period": _prices(terms.price, currency),
        "Period": str(terms.period),
        "Renews by itself": "yes" if terms.auto_renew else "no, staff renew it",
        "Channels": ", ".join(terms.channels) or "none",
        "Voice tiers": ", ".join(terms.voice_tiers) or "any",
        "Longest call": _longest(terms),
        "Sign-up credits": amount(terms.signup_credits),
        "Plan credits per period": amount(terms.included_credits),
        "Overdraft": f"{amount(terms.overdraft)} credits, pauses when {terms.pause_when}",
        "Included": _listed(terms.allowances),
        "Quotas": _listed(terms.quotas, otherwise=UNLIMITED),
        "Limits": _listed(terms.limits, otherwise=UNLIMITED),
        "Sessions counted": "those with an answer" if terms.answered_only else "all",
        "Call lengths rounded up to": f"{terms.call_increment_seconds} s",
    }
    table = rate_table(terms)
    for line in sorted(table.lines, key=_place):
        unit = f"{line.channel.capitalize()} {line.unit}".strip().capitalize()
        facts[f"{unit}, credits"] = _rates(line, table.tiers)
    for item, prices in terms.rentals.items():
        facts[f"Rent of a {_name(item)}"] = _prices(prices, currency)
    return facts


def amount(value: Decimal | int) -> str:
    """Write a number with thousands and the decimals it has."""
    whole, _, decimals = plain(Decimal(value)).partition(".")
    return f"{int(whole):,}{'.' if decimals else ''}{decimals}"


def _prices(prices: Mapping[str, Decimal], currency: str | None) -> str:
    if not any(prices.values()):
        return "nothing"
    shown = [code for code in sorted(prices) if currency in (None, code)]
    return ", ".join(_price(Money.parse(prices[code], code), currency) for code in shown) or "none"


def _price(price: Money, currency: str | None) -> str:
    return price.display() if currency else f"{price.display()} {price.currency}"


def _longest(terms: Terms) -> str:
    caps = [
        f"{channel} {amount(terms.max_call_minutes[channel])} min"
        for channel in CHANNELS
        if channel in terms.max_call_minutes
    ]
    return ", ".join(caps) or "no cap"


def _listed(amounts: Mapping[str, Decimal] | Mapping[str, int], otherwise: str = "nothing") -> str:
    listed = [f"{amount(amounts[name])} {_name(name)}" for name in sorted(amounts)]
    return ", ".join(listed) or otherwise


def _rates(line: RateLine, tiers: tuple[str, ...]) -> str:
    if not tiers or len(set(line.rates)) == 1:
        return amount(line.rates[0]) if line.rates[0] is not None else "none"
    named = zip(tiers, line.rates, strict=True)
    return ", ".join(f"{tier} {amount(rate)}" for tier, rate in named if rate is not None)


def _place(line: RateLine) -> tuple[str, int]:
    known = line.channel in CHANNELS
    return (line.meter, CHANNELS.index(line.channel) if known else len(CHANNELS))


def _name(code: str) -> str:
    return code.replace("_", " ")
