"""Why a usage event cost what it cost, in words, from the trace that its charge left."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from plans.rate_table import unit_of
from usage.models import UsageEvent
from wallet.credits import plain, rounded

SOURCES = {"plan": "Plan credits", "bonus": "Bonus", "wallet": "Wallet"}


@dataclass(frozen=True, slots=True)
class Source:
    """Credits that were taken from one pot."""

    name: str
    credits: Decimal


@dataclass(frozen=True, slots=True)
class Explanation:
    """A charge in sentences, one after another, and the pots that paid."""

    what: str
    sentences: list[str]
    sources: list[Source]


def explain(event: UsageEvent) -> Explanation:
    """Tell how a charge came about; the event comes with its agent and its period's version."""
    trace = event.trace
    return Explanation(
        what=_what(event),
        sentences=[sentence for sentence in _sentences(event) if sentence],
        sources=[Source(SOURCES[kind], Decimal(part)) for kind, _, part in trace["draws"]],
    )


def _what(event: UsageEvent) -> str:
    kind = event.get_kind_display()
    return f"{event.channel.capitalize()} {kind.lower()}" if event.channel else kind


def _sentences(event: UsageEvent) -> list[str]:
    trace, unit = event.trace, unit_of(event.meter)
    quantity = Fraction(*trace["quantity"])
    allowance = Decimal(trace["allowance"])
    if event.facts.get("connected") is False:
        return ["It did not connect, so it cost nothing."]
    return [
        _length(event, quantity),
        f"{_units(Fraction(allowance), unit)} came from what the plan includes."
        if allowance
        else "",
        _charge(trace, quantity - Fraction(allowance), unit),
    ]


def _length(event: UsageEvent, quantity: Fraction) -> str:
    seconds = event.facts.get("seconds")
    if seconds is None:
        return f"It counts as {_units(quantity, unit_of(event.meter))}."
    step = event.period.version.terms.call_increment_seconds
    rounding = f", rounded up to {step} seconds" if step > 1 else ""
    lasted = f"{seconds // 60} min {seconds % 60} s" if seconds >= 60 else f"{seconds} s"
    return f"It lasted {lasted}{rounding}: {_units(quantity, 'minute')}."


def _charge(trace: dict[str, Any], rest: Fraction, unit: str) -> str:
    rate, credits = trace["rate"], trace["credits"]
    if rest <= 0:
        return "Nothing was left to charge."
    if rate is None:
        return "The plan counts this and charges no credits for it."
    each = f"{rate} {_plural('credit', Decimal(rate))} a {unit}"
    return f"{_units(rest, unit)} at {each}: {credits} {_plural('credit', Decimal(credits))}."


def _units(quantity: Fraction, unit: str) -> str:
    return f"{plain(rounded(quantity))} {_plural(unit, rounded(quantity))}"


def _plural(word: str, number: Decimal) -> str:
    return word if number == 1 or word.isupper() else f"{word}s"
