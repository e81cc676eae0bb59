"""Charges are written down: entries, events, counters and daily rollups, in one statement."""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection

from usage.rating import Draw, Rated
from usage.reports import Report
from wallet.credits import ZERO, plain, rounded
from wallet.ledger import Posting, as_rows
from wallet.models import LedgerEntry

WRITE = "SELECT usage_record(%s)"


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
            )

    @property
    def rollup(self) -> tuple[int, int, str, int, str, str]:
        """The daily rollup this charge adds to."""
        return (
            self.organization_id,
            self.period_id,
            self.day.isoformat(),
            self.agent_id,
            self.report.channel,
            self.report.meter,
        )


def record(charges: Sequence[Charge], *, now: dt.datetime) -> None:
    """Write entries, events, counters and rollups; the caller holds the wallets' locks.

    Rows that several requests may want are written in one order, so that none waits in a ring.
    """
    if not charges:
        return
    written = {
        "now": now.isoformat(),
        "postings": as_rows(posting for made in charges for posting in made.postings()),
        "events": [_event(made) for made in charges],
        "counters": _counters(charges),
        "days": _days(charges),
    }
    with connection.cursor() as cursor:
        cursor.execute(WRITE, [json.dumps(written)])


def _event(made: Charge) -> dict[str, Any]:
    report = made.report
    return {
        "organization_id": made.organization_id,
        "event_id": report.event_id,
        "kind": report.kind,
        "agent_id": made.agent_id,
        "period_id": made.period_id,
        "channel": report.channel,
        "meter": report.meter,
        "started_at": report.started_at.isoformat(),
        "credits": plain(made.rated.credits),
        "facts": report.facts,
        "trace": made.trace,
    }


def _counters(charges: Sequence[Charge]) -> list[dict[str, Any]]:
    counted: dict[tuple[int, str], Decimal] = defaultdict(Decimal)
    for made in charges:
        for quota, units in (made.rated.measured.counts or {}).items():
            counted[made.period_id, quota] += units
        if made.rated.allowance:
            counted[made.period_id, made.rated.measured.meter] += made.rated.allowance
    return [
        {"period_id": period_id, "meter": meter, "used": plain(used)}
        for (period_id, meter), used in sorted(counted.items())
    ]


def _days(charges: Sequence[Charge]) -> list[dict[str, Any]]:
    sums: dict[tuple[int, int, str, int, str, str], list[Decimal]] = {}
    for made in charges:
        row = sums.setdefault(made.rollup, [ZERO, ZERO, ZERO, ZERO])
        parts = (
            Decimal(1),
            rounded(made.rated.measured.quantity),
            made.rated.allowance,
            made.rated.credits,
        )
        sums[made.rollup] = [held + part for held, part in zip(row, parts, strict=True)]
    columns = ("organization_id", "period_id", "day", "agent_id", "channel", "meter")
    return [
        dict(zip(columns, rollup, strict=True))
        | {
            "n": int(events),
            "quantity": plain(quantity),
            "allowance": plain(allowance),
            "credits": plain(credits),
        }
        for rollup, (events, quantity, allowance, credits) in sorted(sums.items())
    ]
