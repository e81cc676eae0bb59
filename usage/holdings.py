"""What an organization has while it is charged: locked, loaded once, changed in memory."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import orjson

from accounts.prepared import ask
from plans.models import knows_terms, learn_terms, terms_of
from plans.terms import Terms
from usage.bell import Bell, Level, bell_of
from usage.rating import Source
from usage.reports import Report
from usage.windows import count_windows, ids_of
from wallet.credits import ZERO
from wallet.pausing import pauses

LOAD = "SELECT external_id, holding FROM usage_holdings(%s::text[], %s, %s, %s)"
TERMS = "SELECT terms_json::text FROM plans_planversion WHERE id = %s"


class Known(NamedTuple):
    """What was reported under an id before, and how that was charged."""

    facts: Mapping[str, Any]
    trace: Mapping[str, Any]


@dataclass(slots=True)
class HeldPeriod:
    """A period and what was counted in it so far."""

    id: int
    version_id: int
    starts_at: dt.datetime
    counters: dict[str, Decimal]
    # It has ended, and nobody has begun the one that follows it by itself.
    renewal_due: bool = False

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
class HeldAgent:
    """An agent, and what was charged for it in the months of what is reported."""

    id: int
    limit: Decimal | None
    spent: dict[str, Decimal]
    crossed: bool = False

    def is_limited(self, month: str) -> bool:
        """Answer whether it has reached its limit of a month, such as ``2026-03``."""
        return self.limit is not None and self.spent.get(month, ZERO) >= self.limit

    def spend(self, month: str, credits: Decimal) -> None:
        """Count what was charged, and remember whether that crossed the limit."""
        if self.limit is None:
            return
        limited = self.is_limited(month)
        self.spent[month] = self.spent.get(month, ZERO) + credits
        self.crossed = self.crossed or (self.is_limited(month) and not limited)


@dataclass(slots=True)
class Holding:
    """One organization's books during a charge, under its wallet's lock."""

    organization_id: int
    zone: ZoneInfo
    balance: Decimal
    overdraft: Decimal
    pause_when: str
    paused: bool
    recharge_below: Decimal | None
    periods: list[HeldPeriod]
    sources: list[Source]
    agents: dict[str, HeldAgent]
    known: dict[str, Known]
    # A hold or a refused meter waits for a report.
    is_awaited: bool = False
    drew_on_wallet: bool = False
    had_credits: bool = False

    def period_at(self, instant: dt.datetime) -> HeldPeriod | None:
        """Answer the period in which something that started at this instant counts.

        That is the last period begun by then, also after its end; before the first, the first.
        """
        for period in self.periods:
            if period.starts_at <= instant:
                return period
        return self.periods[-1] if self.periods else None

    @property
    def renewal_due(self) -> bool:
        """Answer whether a period is to begin before anything is charged."""
        return any(period.renewal_due for period in self.periods)

    def spend(self, credits: Decimal) -> None:
        """Take from the wallet, and remember a balance that pauses until it is positive."""
        self.balance -= credits
        self.drew_on_wallet = True
        if self.pause_when == "negative" and self.balance < -self.overdraft:
            self.paused = True

    @property
    def used_up_credits(self) -> bool:
        """Answer whether the last of the credits with an end were drawn just now."""
        return self.had_credits and not any(source.remaining > 0 for source in self.sources)

    @property
    def wants_recharge(self) -> bool:
        """Answer whether a draw on the wallet left it below the threshold of its owner."""
        if not self.drew_on_wallet or self.recharge_below is None:
            return False
        return self.balance < self.recharge_below

    def level(self) -> Level:
        """Answer how full the wallet is now."""
        return Level(self.balance, self.overdraft, self.bell())

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


def hold(reports: Sequence[Report], *, only: int | None, now: dt.datetime) -> dict[str, Holding]:
    """Lock and load the organizations of some reports, in one statement; by external id.

    Organizations that do not exist, or that ``only`` leaves out, are not in the answer.
    """
    asked: dict[str, dict[str, Any]] = {}
    for report in reports:
        one = asked.setdefault(report.organization, {"events": [], "agents": [], "earliest": ""})
        one["events"] += _ids(report)
        if report.agent not in one["agents"]:
            one["agents"].append(report.agent)
        if not one["earliest"] or report.facts["started_at"] < one["earliest"]:
            one["earliest"] = report.facts["started_at"]
    only_id = str(only) if only else None
    loaded = ask(LOAD, [_array(asked), orjson.dumps(asked).decode(), now.isoformat(), only_id])
    holdings = {name: _holding(orjson.loads(held)) for name, held in loaded}
    for version_id in {p.version_id for held in holdings.values() for p in held.periods}:
        if not knows_terms(version_id):
            [(terms,)] = ask(TERMS, [str(version_id)])
            learn_terms(version_id, orjson.loads(terms))
    return holdings


def _array(texts: Iterable[str]) -> str:
    """Write texts as PostgreSQL reads an array."""
    quoted = (text.replace("\\", "\\\\").replace('"', '\\"') for text in texts)
    return "{" + ",".join(f'"{text}"' for text in quoted) + "}"


def _ids(report: Report) -> list[str]:
    if report.ended_at is None:
        return [report.event_id]
    return ids_of(report.event_id, count_windows(report.started_at, report.ended_at))


def _holding(held: Mapping[str, Any]) -> Holding:
    return Holding(
        organization_id=held["id"],
        zone=ZoneInfo(held["zone"]),
        balance=Decimal(held["balance"]),
        overdraft=Decimal(held["overdraft"]),
        pause_when=held["pause_when"],
        paused=held["paused"],
        recharge_below=Decimal(below) if (below := held["recharge_below"]) else None,
        periods=[_period(period) for period in held["periods"]],
        sources=[Source(pk, kind, Decimal(rest)) for pk, kind, rest in held["grants"]],
        agents={name: _agent(*agent) for name, *agent in held["agents"]},
        known={event: Known(*told) for event, *told in held["known"]},
        is_awaited=held["awaited"],
        had_credits=bool(held["grants"]),
    )


def _agent(pk: int, limit: str | None, spent: Sequence[tuple[str, str]] | None) -> HeldAgent:
    if limit is None:
        return HeldAgent(pk, None, {})
    return HeldAgent(pk, Decimal(limit), _decimals(spent or ()))


def _period(held: Mapping[str, Any]) -> HeldPeriod:
    return HeldPeriod(
        id=held["id"],
        version_id=held["version"],
        starts_at=dt.datetime.fromisoformat(held["starts_at"]),
        counters=_decimals(held["counters"]),
        renewal_due=held["renewal_due"],
    )


def _decimals(pairs: Sequence[tuple[str, str]]) -> dict[str, Decimal]:
    return {name: Decimal(amount) for name, amount in pairs}
