"""Charges are written down: entries, events, counters and daily rollups, in one statement."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from usage.rating import Draw, Rated
from usage.reports import Report
from wallet.ledger import Posting, as_rows
from wallet.models import LedgerEntry

WRITE = "SELECT usage_record(%s, %s, %s, %s)"
# Runs a statement within a transaction.
Tell = Callable[[str, Sequence[str | None]], object]


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


def record(charges: Sequence[Charge], *, tell: Tell, now: dt.datetime) -> None:
    """Write entries, events, counters and rollups; the caller holds the wallets' locks.

    Rows that several requests may want are written in one order, so that none waits in a ring.
    """
    if not charges:
        return
    written = (
        [_event(made) for made in charges],
        [counted for made in charges for counted in _counted(made)],
        as_rows([posting for made in charges for posting in made.postings()]),
    )
    tell(WRITE, [*map(json.dumps, written), now.isoformat()])


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
        "day": made.day.isoformat(),
        "quantity": str(rated.units),
        "allowance": str(rated.allowance),
        "credits": str(rated.credits),
        "facts": report.facts,
        "trace": made.trace,
    }


def _counted(made: Charge) -> Iterator[dict[str, Any]]:
    """Answer the units that a charge counts, against a quota or from an allowance."""
    for quota, units in (made.rated.measured.counts or {}).items():
        yield {"period_id": made.period_id, "meter": quota, "used": units}
    meter, counts = made.rated.measured.meter, made.rated.measured.counts or {}
    if made.rated.allowance and meter not in counts:
        used = str(made.rated.allowance)
        yield {"period_id": made.period_id, "meter": meter, "used": used}
