"""Many threads charge one organization: every figure is exact, and a missing lock is found."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection
from django.db.models import Sum

from accounts.models import Organization
from plans.models import Counter
from tests.builders import MARCH_1, a_call, build_organization, build_plan
from tests.faults.threads import at_once
from usage.charging import charge
from usage.models import UsageDay, UsageEvent
from wallet.models import CreditGrant, LedgerEntry, Wallet

pytestmark = pytest.mark.django_db(transaction=True)
NOON = MARCH_1 + dt.timedelta(hours=3)


def build_busy() -> Organization:
    """Make an organization whose calls use up an allowance, then a grant, then the wallet."""
    build_plan(
        rates={"call_minutes": "1"},
        allowances={"call_minutes": "40.5"},
        included_credits="25.25",
        quotas={"outbound_calls": 10},
    )
    return build_organization(plan="starter", credits=1000)


def race(threads: int, times: int) -> tuple[Organization, list[BaseException]]:
    """Let threads report outbound calls of one minute, every fifth of them twice."""
    busy = build_busy()

    def work(number: int) -> None:
        for turn in range(times):
            call = a_call(busy, f"{number}-{turn}", channel="outbound")
            charge([call], now=NOON)
            if turn % 5 == 0:
                charge([call], now=NOON)

    return busy, at_once(threads, work)


def found_wrong(busy: Organization, calls: int) -> list[str]:
    """Answer every figure that is not what that many calls of one minute must come to."""
    charged = Decimal(calls) - Decimal("40.5")
    wallet = Decimal(1000) - (charged - Decimal("25.25"))
    chain = LedgerEntry.objects.filter(organization=busy, grant=None).order_by("id")
    balance, broken = Decimal(0), 0
    for entry in chain:
        balance += entry.credits
        broken += entry.balance_after != balance
    figures = {
        "events": (UsageEvent.objects.count(), calls),
        "calls counted": (Counter.objects.get(meter="outbound_calls").used, calls),
        "allowance": (Counter.objects.get(meter="call_minutes").used, Decimal("40.5")),
        "grant": (CreditGrant.objects.get().remaining, 0),
        "wallet": (Wallet.objects.get(organization=busy).balance, wallet),
        "ledger": (-(_sum("usage")), charged),
        "rollup": (UsageDay.objects.aggregate(n=Sum("credits"))["n"], charged),
        "running balances that are wrong": (broken, 0),
    }
    return [f"{name}: {is_} not {must}" for name, (is_, must) in figures.items() if is_ != must]


def _sum(kind: str) -> Decimal:
    total: Decimal = LedgerEntry.objects.filter(kind=kind).aggregate(n=Sum("credits"))["n"]
    return total


def test_64_threads_charge_one_organization_and_every_figure_is_exact() -> None:
    busy, raised = race(threads=64, times=5)

    assert raised == []
    assert found_wrong(busy, 64 * 5) == []


@pytest.mark.faults
def test_64_threads_charge_one_organization_100_times_each() -> None:
    busy, raised = race(threads=64, times=100)

    assert raised == []
    assert found_wrong(busy, 64 * 100) == []


def test_without_the_lock_the_same_race_is_found_wrong() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_functiondef('usage_holdings'::regproc)")
        original = cursor.fetchone()[0]
        cursor.execute(original.replace("FOR UPDATE OF w", ""))
    try:
        busy, raised = race(threads=16, times=20)

        assert raised or found_wrong(busy, 16 * 20)
    finally:
        with connection.cursor() as cursor:
            cursor.execute(original)
