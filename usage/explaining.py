"""Why a usage event cost what it cost: in words, in figures, and by the pots that paid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from plans.rate_table import unit_of
from usage.models import UsageEvent
from usage.recomputing import Recomputed, entries_of, recompute
from wallet.credits import ZERO, plain, rounded
from wallet.models import CreditGrant, LedgerEntry

SOURCES = {"plan": "Plan credits", "bonus": "Bonus", "wallet": "Wallet"}


@dataclass(frozen=True, slots=True)
class Source:
    """Credits that were taken from one pot, and the ledger entry that says so."""

    name: str
    credits: Decimal
    grant: CreditGrant | None = None
    given_for: str = ""
    entry: LedgerEntry | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One figure on the way from what was reported to what was charged."""

    label: str
    figure: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """A charge in sentences, the figures behind them in their order, and the pots that paid."""

    what: str
    sentences: list[str]
    steps: list[Step]
    sources: list[Source]
    booked: Decimal
    recomputed: Recomputed | None = None


def explain(event: UsageEvent, *, again: bool = False) -> Explanation:
    """Tell how a charge came about; ``again`` computes it anew and says whether it matches.

    The event comes with its agent and its period's version. Three statements, however many pots.
    """
    entries = entries_of(event)
    return Explanation(
        what=_what(event),
        sentences=[sentence for sentence in _sentences(event) if sentence],
        steps=list(_steps(event)) if event.trace["quantity"][0] else [],
        sources=_sources(event, entries),
        booked=-sum((entry.credits for entry in entries), ZERO),
        recomputed=recompute(event, entries=entries) if again else None,
    )


def _sources(event: UsageEvent, entries: Sequence[LedgerEntry]) -> list[Source]:
    by_key = {entry.key: entry for entry in entries}
    grants = [entry.grant for entry in entries if entry.grant]
    given = LedgerEntry.objects.filter(
        organization_id=event.organization_id, key__in=[f"grant:{grant.key}" for grant in grants]
    )
    words = dict(given.values_list("grant_id", "description")) if grants else {}
    sources = []
    for place, (kind, grant_id, credits) in enumerate(event.trace["draws"], start=1):
        entry = by_key.get(f"usage:{event.event_id}:{place}")
        grant = entry.grant if entry else None
        sources.append(
            Source(SOURCES[kind], Decimal(credits), grant, words.get(grant_id, ""), entry)
        )
    return sources


def _what(event: UsageEvent) -> str:
    kind = event.get_kind_display()
    return f"{event.channel.capitalize()} {kind.lower()}" if event.channel else kind


def _sentences(event: UsageEvent) -> list[str]:
    trace, unit = event.trace, unit_of(event.meter)
    quantity = Fraction(*trace["quantity"])
    allowance = Decimal(trace["allowance"])
    if event.facts.get("connected") is False:
        return ["It did not connect, so it cost nothing."]
    if not quantity:
        return ["No customer replied, so it counts nothing on this plan."]
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
    if rest <= 0 or not _is_left(trace):
        return "Nothing was left to charge."
    if rate is None:
        return "The plan counts this and charges no credits for it."
    each = f"{rate} {_plural('credit', Decimal(rate))} a {unit}"
    return f"{_units(rest, unit)} at {each}: {credits} {_plural('credit', Decimal(credits))}."


def _steps(event: UsageEvent) -> Iterator[Step]:
    """Answer the figures in the order in which they are computed, exact until they are rounded."""
    trace, unit, version = event.trace, unit_of(event.meter), event.period.version
    quantity, allowance = Fraction(*trace["quantity"]), Decimal(trace["allowance"])
    yield Step("Quantity, exact", _exactly(quantity, unit))
    yield Step("Units, rounded half up to 6 places", _units(quantity, unit))
    if allowance:
        yield Step("Taken from the allowance", _units(Fraction(allowance), unit))
    rest = quantity - Fraction(allowance) if _is_left(trace) else Fraction(0)
    if allowance:
        yield Step("Left to charge, exact", _exactly(rest, unit))
    tier = trace["voice_tier"] or ""
    of = ", ".join(part for part in (str(version), trace["channel"], tier) if part)
    if trace["rate"] is None:
        yield Step("Rate", f"none ({of})")
        return
    rate = Decimal(trace["rate"])
    yield Step("Rate", f"{trace['rate']} {_plural('credit', rate)} a {unit} ({of})")
    yield Step("Credits, exact", _exactly(rest * Fraction(rate), "credit"))
    yield Step("Credits, rounded half up to 6 places, once", trace["credits"])


def _is_left(trace: dict[str, Any]) -> bool:
    """Answer whether the allowance left something: all of the rounded units are all there is."""
    return Decimal(trace["allowance"]) < rounded(Fraction(*trace["quantity"]))


def _exactly(value: Fraction, unit: str) -> str:
    """Write a value as it is: as a decimal where it has few places, else as a fraction."""
    shown = rounded(value)
    figure = plain(shown) if Fraction(shown) == value else f"{value.numerator}/{value.denominator}"
    return f"{figure} {_plural(unit, shown)}"


def _units(quantity: Fraction, unit: str) -> str:
    return f"{plain(rounded(quantity))} {_plural(unit, rounded(quantity))}"


def _plural(word: str, number: Decimal) -> str:
    return word if number == 1 or word.isupper() else f"{word}s"
