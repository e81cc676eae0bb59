"""Poison among the reports: what cannot be charged refuses itself alone, all others are charged."""

from __future__ import annotations

import datetime as dt
import random
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db.models import QuerySet, Sum

from accounts.models import Organization
from tests.api_calls import Platform
from tests.builders import MARCH_1, build_organization, build_plan
from usage import charging
from usage.models import UsageDay, UsageEvent
from usage.reports import read_report
from wallet.models import LedgerEntry, Wallet

pytestmark = pytest.mark.django_db
NOON = MARCH_1 + dt.timedelta(hours=3)
REQUEST = 1000
HOSTILE: tuple[Any, ...] = (
    None, True, [], {}, [[[[[[]]]]]], {"a": {"b": []}}, -1, 0.5, 10**400, 1e308,
    "\x00", "\ud800", "x" * 100_000, "'; DROP TABLE usage_usageevent; --", "NaN", "-Infinity",
    "1e999999999", "\uff12\uff10\uff12\uff16-03-01T09:00:00Z", "0000-00-00T00:00:00Z",
    "2026-03-01T09:00:00", "9999-12-31T23:59:59+00:00", "2026-03-01T09:00:00+99:00",
)  # fmt: skip
FIELDS = ("organization", "agent", "kind", "channel", "started_at", "seconds", "connected")
NO_EVENTS: tuple[Any, ...] = (None, 7, "event", [], {}, {"id": "poison"}, {"kind": "call"})


def good(organization: Organization, number: int) -> dict[str, Any]:
    return {
        "organization": organization.external_id,
        "id": f"good-{number}",
        "agent": "main",
        "kind": "call",
        "channel": "web",
        "started_at": MARCH_1.isoformat(),
        "seconds": number % 600 + 1,
    }


def poison(organization: Organization, lot: random.Random, number: int) -> Any:
    """Answer something that no plan could charge, in one of a few hundred ways."""
    if lot.random() < 0.1:
        return lot.choice(NO_EVENTS)
    event = {**good(organization, number), "id": f"poison-{number}"}
    if lot.random() < 0.1:
        return {**event, lot.choice(("credits", "id ", "__proto__", "x" * 300)): 1}
    field = lot.choice(FIELDS)
    value = lot.choice(HOSTILE)
    return {**event, field: "yes" if field == "connected" and value is True else value}


def report(events: int, poisoned: int, *, seed: int) -> list[str]:
    """Report events with poison among them, and all of it again; answers what is wrong then."""
    build_plan(rates={"call_minutes": "1"}, quotas={})
    tenants = [build_organization(name=f"Tenant {n}", plan="starter") for n in range(5)]
    lot, platform = random.Random(seed), Platform()
    bad = set(lot.sample(range(events), poisoned))
    wrong: list[str] = []
    for first in range(0, events, REQUEST):
        numbers = range(first, min(first + REQUEST, events))
        body = [
            poison(tenants[n % 5], lot, n) if n in bad else good(tenants[n % 5], n) for n in numbers
        ]
        for status in ("charged", "duplicate"):
            answer = platform.post("/usage/", {"events": body})
            if answer.status_code != 200:
                return [f"{answer.status_code}: {answer.content[:300]!r}"]
            results = zip(numbers, answer.json()["results"], strict=True)
            wrong += [
                f"{n}: {one}"
                for n, one in results
                if one["status"] != ("refused" if n in bad else status)
            ]
    return wrong + _wrong_books([n for n in range(events) if n not in bad])


def _wrong_books(charged: list[int]) -> list[str]:
    credits = sum((Decimal(n % 600 + 1) / 60).quantize(Decimal("0.000001")) for n in charged)
    figures = {
        "events": (UsageEvent.objects.count(), len(charged)),
        "ledger": (-_sum(LedgerEntry.objects.filter(kind="usage"), "credits"), credits),
        "rollup": (_sum(UsageDay.objects.all(), "credits"), credits),
        "wallets": (-_sum(Wallet.objects.all(), "balance"), credits),
    }
    return [f"{name}: {is_} not {must}" for name, (is_, must) in figures.items() if is_ != must]


def _sum(rows: QuerySet[Any], field: str) -> Decimal:
    total: Decimal = rows.aggregate(n=Sum(field))["n"]
    return total


def test_30_poisoned_among_3_000_refuse_themselves_alone() -> None:
    with time_machine.travel(NOON, tick=False):
        assert report(3_000, 30, seed=1) == []


@pytest.mark.faults
def test_1_000_poisoned_among_100_000_refuse_themselves_alone() -> None:
    with time_machine.travel(NOON, tick=False):
        assert report(100_000, 1_000, seed=2) == []


def test_a_reader_that_takes_a_text_for_seconds_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def gullible(raw: Any, **rest: Any) -> Any:
        if isinstance(raw, dict) and isinstance(raw.get("seconds"), str):
            raw = {**raw, "seconds": 60}
        return read_report(raw, **rest)

    monkeypatch.setattr(charging, "read_report", gullible)

    with time_machine.travel(NOON, tick=False):
        assert report(1_000, 100, seed=3) != []
