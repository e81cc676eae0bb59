"""Many threads charge one organization: every figure is exact, and a missing lock is found."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.db.models import Sum

from accounts.agents import put_agent
from accounts.models import Agent, Organization
from billing_portal.doctor import examine
from plans.amending import amend
from plans.models import Counter
from tests.builders import MARCH_1, a_call, apply, build_organization, build_plan
from tests.faults.threads import at_once, charging_without_the_lock
from usage.charging import charge
from usage.models import UsageDay, UsageEvent
from wallet.models import CreditGrant, LedgerEntry, Wallet

pytestmark = pytest.mark.django_db(transaction=True)
NOON = MARCH_1 + dt.timedelta(hours=3)
# By session, as a lock on a row is one on its transaction, which belongs to no database.
WAITS = """
SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
               WHERE a.datname = current_database() AND NOT l.granted)
"""


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
    """Let threads report outbound calls of one minute, alone and with the one before it again.

    What is reported alone is charged in one statement, what comes together is loaded, rated and
    written: both kinds run side by side.
    """
    busy = build_busy()

    def work(number: int) -> None:
        calls = [a_call(busy, f"{number}-{turn}", channel="outbound") for turn in range(times)]
        for turn in range(times):
            charge(calls[turn - 1 : turn + 1] if turn % 5 == 4 else [calls[turn]], now=NOON)
            if turn % 5 == 0:
                charge([calls[turn]], now=NOON)

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
def test_64_threads_charge_one_organization_1_000_times_each() -> None:
    busy, raised = race(threads=64, times=1_000)

    assert raised == []
    assert found_wrong(busy, 64 * 1_000) == []


def test_64_threads_empty_a_wallet_and_its_owner_is_told_once() -> None:
    build_plan(rates={"call_minutes": "1"}, overdraft="10", pause_when="negative")
    busy = build_organization(plan="starter", credits=100)

    raised = at_once(64, lambda n: [charge([a_call(busy, f"{n}-{i}")], now=NOON) for i in range(3)])

    assert raised == []
    wallet = Wallet.objects.get(organization=busy)
    assert (wallet.balance, wallet.paused) == (100 - 64 * 3, True)
    letters = busy.letters.filter(code__in=["low_balance", "balance_blocked"]).order_by("id")
    assert [letter.code for letter in letters] == ["low_balance", "balance_blocked"]


def test_64_threads_cross_an_agents_limit_once_and_leave_plan_credits_to_the_others() -> None:
    build_plan(rates={"call_minutes": "1"}, included_credits="150")
    busy = build_organization(plan="starter", credits=100)
    put_agent(busy, external_id="main", name="Main", monthly_limit=Decimal("20.5"), now=MARCH_1)
    put_agent(busy, external_id="other", name="Other", now=MARCH_1)

    def work(number: int) -> None:
        for agent in ("main", "other"):
            charge([a_call(busy, f"{number}-{agent}", agent=agent)], now=NOON)

    raised = at_once(64, work)

    assert raised == []
    # 21 calls of the limited agent draw plan credits, and all of the other's.
    assert CreditGrant.objects.get().remaining == 150 - 21 - 64
    assert Wallet.objects.get(organization=busy).balance == 100 - (64 - 21)
    assert Agent.objects.get(external_id="main").limit_reached_at == NOON


def test_what_changes_while_threads_charge_is_before_or_after_each_charge() -> None:
    build_plan(rates={"call_minutes": "1"}, included_credits="1000")
    busy = build_organization(plan="starter")

    def work(number: int) -> None:
        for turn in range(3):
            if (number, turn) == (0, 1):
                apply(busy, "starter", now=NOON)
            charge([a_call(busy, f"{number}-{turn}")], now=NOON)

    raised = at_once(64, work)

    assert raised == []
    assert [found for found in examine(now=NOON) if found.broken] == []
    assert -_sum("usage") == 64 * 3


def test_a_charge_that_waited_counts_on_the_day_of_the_zone_that_came_meanwhile() -> None:
    build_plan(rates={"call_minutes": "1"})
    busy = build_organization(plan="starter", credits=10)
    evening = MARCH_1.replace(hour=20)
    late = a_call(busy, started_at=evening.isoformat())

    with ThreadPoolExecutor() as pool:
        with transaction.atomic():
            amend(busy, {"time_zone": "Asia/Tokyo"}, now=evening)
            raised = pool.submit(at_once, 1, lambda _: charge([late], now=evening))
            wait_for_a_waiting_session()
        assert raised.result() == []

    assert UsageDay.objects.get().day == dt.date(2026, 3, 2)


def wait_for_a_waiting_session() -> None:
    """Wait until somebody else on this database waits for a lock; not for ever."""
    for _ in range(1000):
        with connection.cursor() as cursor:
            # What the database says of its sessions stands still within a transaction, but here.
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(WAITS)
            if cursor.fetchone() == (True,):
                return
            # Nothing tells when a session begins to wait: it is asked again, for ten seconds.
            cursor.execute("SELECT pg_sleep(0.01)")
    pytest.fail("nobody waits for a lock")


def test_without_the_lock_the_same_race_is_found_wrong() -> None:
    with charging_without_the_lock():
        busy, raised = race(threads=16, times=20)

    assert raised or found_wrong(busy, 16 * 20)
