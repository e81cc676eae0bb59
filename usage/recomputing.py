"""A charge is computed again from what was kept of it, and compared with what was written down."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from plans.terms import Terms
from usage.models import UsageEvent
from usage.rating import Draw, MeterNotInPlan, Rated, Source, draw, rate
from usage.reports import Report, read_facts
from usage.tracing import measure, nothing, trace_of
from usage.windows import MARK
from wallet.credits import ZERO, plain
from wallet.models import CreditGrant, LedgerEntry


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure that is written down otherwise than it is computed."""

    what: str
    stored: str
    computed: str


@dataclass(frozen=True, slots=True)
class Recomputed:
    """A charge as it is written down and as it is computed again, and where they differ."""

    stored: Decimal
    computed: Decimal | None
    booked: Decimal
    differences: tuple[Difference, ...]

    @property
    def matches(self) -> bool:
        return not self.differences


def recompute(event: UsageEvent, *, entries: Sequence[LedgerEntry] | None = None) -> Recomputed:
    """Rate an event again from its facts, its plan version and the allowance it used.

    The draws are replayed from the pots as its ledger entries found them. The event comes with
    its period's version; its entries are fetched where they are not given.
    """
    entries = entries_of(event) if entries is None else entries
    booked = -sum((entry.credits for entry in entries), ZERO)
    try:
        rated = _rated(event)
    except MeterNotInPlan as refusal:
        difference = Difference("rate", str(event.trace.get("rate")), refusal.words)
        return Recomputed(event.credits, None, booked, (difference,))
    draws = _replayed(rated, entries)
    trace = trace_of(rated, draws, version_id=event.period.version_id)
    differences = (
        *_in_trace(event, trace),
        *_in_sums(event, rated, booked),
        *_in_pots(draws, entries),
    )
    return Recomputed(event.credits, rated.credits, booked, differences)


def entries_of(event: UsageEvent) -> list[LedgerEntry]:
    """Answer the ledger entries of an event in the order of its draws, each with its grant."""
    # One more than the trace knows of: an entry that nothing explains is to be seen.
    places = range(1, len(event.trace.get("draws", ())) + 2)
    keys = [f"usage:{event.event_id}:{place}" for place in places]
    entries = LedgerEntry.objects.filter(organization_id=event.organization_id, key__in=keys)
    return list(entries.select_related("grant").order_by("id"))


def _rated(event: UsageEvent) -> Rated:
    terms, report = event.period.version.terms, read_facts(event.facts, event_id=event.event_id)
    if not _costs(report, terms):
        return nothing(report)
    measured = measure(report, terms)
    used = Decimal(event.trace.get("allowance", 0))
    included = terms.allowances.get(measured.meter, ZERO)
    return rate(terms, measured, allowance_left=min(used, included))


def _costs(report: Report, terms: Terms) -> bool:
    """Answer whether it was charged, not only noted; a later window of a session always was."""
    if report.kind == "session":
        return report.answered or not terms.answered_only or MARK in report.event_id
    return report.connected


def _replayed(rated: Rated, entries: Sequence[LedgerEntry]) -> list[Draw]:
    """Draw again from the pots that were drawn, filled as they were before; plan credits first."""
    before = [(entry, entry.balance_after - entry.credits) for entry in entries]
    sources = [
        Source(entry.grant.pk, entry.grant.kind, had) for entry, had in before if entry.grant
    ]
    sources.sort(key=lambda source: source.kind == CreditGrant.Kind.BONUS)
    balance = next((had for entry, had in before if entry.grant is None), ZERO)
    return draw(rated.credits, sources, balance=balance)


def _in_trace(event: UsageEvent, trace: dict[str, Any]) -> Iterator[Difference]:
    for name, computed in trace.items():
        if event.trace.get(name) != computed:
            yield Difference(name, _text(event.trace.get(name)), _text(computed))


def _in_sums(event: UsageEvent, rated: Rated, booked: Decimal) -> Iterator[Difference]:
    for name, stored in (("charged", event.credits), ("in the ledger", booked)):
        if stored != rated.credits:
            yield Difference(name, plain(stored), plain(rated.credits))


def _in_pots(draws: Sequence[Draw], entries: Sequence[LedgerEntry]) -> Iterator[Difference]:
    """Compare each ledger entry with the draw in its place: the pot, and what it had left."""
    for place in range(max(len(draws), len(entries))):
        stored = _booked(entries[place]) if place < len(entries) else "none"
        computed = _drawn(draws[place]) if place < len(draws) else "none"
        if stored != computed:
            yield Difference(f"ledger entry {place + 1}", stored, computed)


def _booked(entry: LedgerEntry) -> str:
    return _of_pot(entry.grant_id, -entry.credits, entry.balance_after)


def _drawn(drawn: Draw) -> str:
    return _of_pot(drawn.grant_id, drawn.credits, drawn.rest)


def _of_pot(grant_id: int | None, credits: Decimal, rest: Decimal) -> str:
    pot = f"grant {grant_id}" if grant_id else "wallet"
    return f"{plain(credits)} of {pot}, then {plain(rest)}"


def _text(value: Any) -> str:
    if isinstance(value, list) and value and isinstance(value[0], list):
        return "; ".join(f"{credits} of {kind}" for kind, _, credits in value)
    if isinstance(value, list) and len(value) == 2:
        return f"{value[0]}/{value[1]}"
    return "none" if value in (None, [], "") else str(value)
