"""What an organization has while it is charged: locked, loaded once, changed in memory."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from plans.models import terms_of
from plans.terms import Terms
from usage.bell import Bell, bell_of
from usage.rating import Source
from usage.reports import Report
from wallet.credits import ZERO
from wallet.pausing import pauses

LOAD = "SELECT external_id, holding FROM usage_holdings(%s)"


@dataclass(slots=True)
class HeldPeriod:
    """A period and what was counted in it so far."""

    id: int
    version_id: int
    starts_at: dt.datetime
    counters: dict[str, Decimal]

    @property
    def terms(self) -> Terms:
        return terms_of(self.version_id)

    def left(self, meter: str) -> Decimal:
        """Answer the units of a meter's allowance that are left."""
        included = self.terms.allowances.get(meter, ZERO)
        return max(included - self.counters.get(meter, ZERO), ZERO)

    def count(self, meter: str, units: Decimal) -> None:
        self.counters[meter] = self.counters.get(meter, ZERO) + units


@dataclass(slots=True)
class Holding:
    """One organization's books during a charge, under its wallet's lock."""

    organization_id: int
    zone: ZoneInfo
    balance: Decimal
    overdraft: Decimal
    pause_when: str
    paused: bool
    periods: list[HeldPeriod]
    sources: list[Source]
    agents: dict[str, int]
    known: dict[str, dict[str, Any]] = field(default_factory=dict)

    def period_at(self, instant: dt.datetime) -> HeldPeriod | None:
        """Answer the period in which something that started at this instant counts.

        That is the last period begun by then, also after its end; before the first, the first.
        """
        for period in self.periods:
            if period.starts_at <= instant:
                return period
        return self.periods[-1] if self.periods else None

    def spend(self, credits: Decimal) -> None:
        """Take from the wallet, and remember a balance that pauses until it is positive."""
        self.balance -= credits
        if self.pause_when == "negative" and self.balance < -self.overdraft:
            self.paused = True

    def bell(self) -> Bell:
        """Answer the bell's colour on the newest period's terms."""
        if self.balance > 0:
            return Bell.NONE
        newest = self.periods[0] if self.periods else None
        terms = newest.terms if newest else None
        return bell_of(
            terms,
            balance=self.balance,
            wallet_pauses=pauses(
                balance=self.balance,
                overdraft=self.overdraft,
                pause_when=self.pause_when,
                paused=self.paused,
            ),
            credits_left=sum((source.remaining for source in self.sources), ZERO),
            allowance_left={m: newest.left(m) for m in terms.allowances}
            if newest and terms
            else {},
        )


def hold(reports: Iterable[Report], *, only: int | None, now: dt.datetime) -> dict[str, Holding]:
    """Lock and load the organizations of some reports, in one statement; by external id.

    Organizations that do not exist, or that ``only`` leaves out, are not in the answer.
    """
    reports = list(reports)
    asked = {
        "organizations": [report.organization for report in reports],
        "events": [report.event_id for report in reports],
        "agents": list({report.agent for report in reports}),
        "earliest": min(report.started_at for report in reports).isoformat(),
        "now": now.isoformat(),
        "only": only,
    }
    with connection.cursor() as cursor:
        cursor.execute(LOAD, [json.dumps(asked)])
        loaded = [(name, _read(held)) for name, held in cursor.fetchall()]
    holdings = {name: _holding(held) for name, held in loaded if "known" not in held}
    for name, held in loaded:
        if "known" in held:
            holdings[name].known[held["known"]] = dict(held)
    return holdings


def _read(loaded: str | Mapping[str, Any]) -> Mapping[str, Any]:
    if isinstance(loaded, str):
        read: Mapping[str, Any] = json.loads(loaded)
        return read
    return loaded


def _holding(loaded: Mapping[str, Any]) -> Holding:
    return Holding(
        organization_id=loaded["id"],
        zone=ZoneInfo(loaded["zone"]),
        balance=Decimal(loaded["balance"]),
        overdraft=Decimal(loaded["overdraft"]),
        pause_when=loaded["pause_when"],
        paused=loaded["paused"],
        periods=[
            HeldPeriod(
                id=period["id"],
                version_id=period["version"],
                starts_at=dt.datetime.fromisoformat(period["starts_at"]),
                counters={
                    meter: Decimal(used) for meter, used in (period["counters"] or {}).items()
                },
            )
            for period in loaded["periods"] or ()
        ],
        sources=[
            Source(grant["id"], grant["kind"], Decimal(grant["remaining"]))
            for grant in loaded["grants"] or ()
        ],
        agents=loaded["agents"] or {},
    )
