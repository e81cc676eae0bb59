"""Charges are written down: entries, events, counters and daily rollups, in one statement."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import orjson

from accounts.prepared import ask
from usage.rating import Draw, Rated
from usage.reports import Report
from wallet.credits import ZERO
from wallet.ledger import Posting, moved
from wallet.models import LedgerEntry

WRITE = "SELECT usage_record(%s, %s)"


class Charge(NamedTuple):
    """A report that is charged: where it counts, what it cost, and what was drawn for it."""

    report: Report
    organization_id: int
    agent_id: int
    period_id: int
    day: dt.date
    rated: Rated
    draws: tuple[Draw, ...]
    trace: dict[str, Any]
    # A hold or a refused meter of its organization may end with it.
    is_awaited: bool = False

    def postings(self) -> Iterator[Posting]:
        """Answer one ledger posting per source drawn, in order."""
        for place, drawn in enumerate(self.draws, start=1):
            yield Posting(
                organization_id=self.organization_id,
                kind=LedgerEntry.Kind.USAGE.value,
                credits=-drawn.credits,
                key=f"usage:{self.report.event_id}:{place}",
                description=f"{self.report.channel or self.report.meter} {self.report.kind}",
                grant_id=drawn.grant_id,
                balance_after=drawn.rest,
            )

    def counted(self) -> Iterator[tuple[str, Decimal]]:
        """Answer the units that it counts, against a quota or from an allowance."""
        measured = self.rated.measured
        counts = measured.counts or {}
        yield from ((quota, Decimal(units)) for quota, units in counts.items())
        if self.rated.allowance and measured.meter not in counts:
            yield measured.meter, self.rated.allowance


def record(charges: Sequence[Charge], *, now: dt.datetime) -> None:
    """Write entries, events, counters and rollups; the caller holds the wallets' locks.

    Rows that several requests may want are written in one order, so that none waits in a ring.
    """
    if not charges:
        return
    postings = [posting for made in charges for posting in made.postings()]
    events = [_event(made) for made in charges]
    written = {
        "events": events,
        "awaited": [event for made, event in zip(charges, events, strict=True) if made.is_awaited],
        "counters": _counters(charges),
        "days": _days(charges),
        **moved(postings),
    }
    said = orjson.dumps({part: rows for part, rows in written.items() if rows})
    ask(WRITE, [said.decode(), now.isoformat()])


def _event(made: Charge) -> dict[str, Any]:
    report, rated = made.report, made.rated
    return {
        "organization_id": made.organization_id,
        "event_id": report.event_id,
        "kind": report.kind,
        "agent_id": made.agent_id,
        "period_id": made.period_id,
        "channel": report.channel,
        "meter": report.meter,
        "started_at": report.started_at.isoformat(),
        "quantity": str(rated.units),
        "credits": str(rated.credits),
        "facts": report.facts,
        "trace": made.trace,
    }


def _days(charges: Sequence[Charge]) -> list[dict[str, Any]]:
    """Add up a day's charges by agent, channel and meter."""
    days: dict[tuple[int, int, str, int, str, str], dict[str, Any]] = {}
    for made in charges:
        report, rated = made.report, made.rated
        period = made.organization_id, made.period_id, made.day.isoformat()
        part = *period, made.agent_id, report.channel, report.meter
        day = days.get(part)
        if day is None:
            day = days[part] = {
                "organization_id": made.organization_id,
                "period_id": made.period_id,
                "day": made.day.isoformat(),
                "agent_id": made.agent_id,
                "channel": report.channel,
                "meter": report.meter,
                "events": 0,
                "quantity": ZERO,
                "allowance": ZERO,
                "credits": ZERO,
            }
        day["events"] += 1
        day["quantity"] += rated.units
        day["allowance"] += rated.allowance
        day["credits"] += rated.credits
    for day in days.values():
        for name in ("quantity", "allowance", "credits"):
            day[name] = str(day[name])
    return [days[part] for part in sorted(days)]


def _counters(charges: Sequence[Charge]) -> list[dict[str, Any]]:
    """Add up the units that charges count, against a quota or from an allowance."""
    counters: dict[tuple[int, int, str], Decimal] = {}
    for made in charges:
        for meter, units in made.counted():
            part = made.organization_id, made.period_id, meter
            counters[part] = counters.get(part, ZERO) + units
    return [
        {
            "organization_id": organization_id,
            "period_id": period_id,
            "meter": meter,
            "used": str(used),
        }
        for (organization_id, period_id, meter), used in sorted(counters.items())
    ]
