"""Many threads at the edge of a limit: what is beyond it, and who is told, is exact."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Agent, Letter, Organization
from plans.models import Counter, Period
from tests.builders import MARCH_1, a_call, build_organization, build_plan
from tests.faults.threads import at_once, charging_without_the_lock
from usage.charging import charge
from usage.gate import ask
from usage.models import UsageEvent
from usage.questions import Question
from wallet.models import CreditGrant, Wallet

pytestmark = pytest.mark.django_db(transaction=True)
NOON = MARCH_1 + dt.timedelta(hours=3)
THREADS = 64


def build_busy(*, credits: int = 0, **terms: Any) -> Organization:
    build_plan(rates={"call_minutes": "1", "sessions": "1"}, overdraft="0", **terms)
    return build_organization(plan="starter", credits=credits)


def a_session(organization: Organization, number: int) -> dict[str, object]:
    return {
        "organization": organization.external_id,
        "id": f"session-{number}",
        "agent": "main",
        "kind": "session",
        "started_at": MARCH_1.isoformat(),
        "ended_at": (MARCH_1 + dt.timedelta(minutes=5)).isoformat(),
        "answered": True,
    }


def calls(organization: Organization, times: int = 1) -> list[BaseException]:
    """Let every thread report calls of one credit each."""

    def work(number: int) -> None:
        for turn in range(times):
            charge([a_call(organization, f"{number}-{turn}")], now=NOON)

    return at_once(THREADS, work)


def letters() -> dict[str, int]:
    codes = Letter.objects.exclude(code="plan_applied").values_list("code", flat=True)
    return {code: list(codes).count(code) for code in set(codes)}


def wallet_of(organization: Organization) -> Decimal:
    return Wallet.objects.get(organization=organization).balance


def test_the_last_session_of_a_limit_is_told_of_once_and_all_are_counted() -> None:
    busy = build_busy(credits=1000, quotas={"sessions": 50})

    def work(number: int) -> None:
        for _ in range(1 + number % 2):
            charge([a_session(busy, number)], now=NOON)

    raised = at_once(THREADS, work)

    assert raised == []
    assert Counter.objects.get(meter="sessions").used == THREADS
    assert letters() == {"session_limit_80": 1, "session_limit_100": 1}
    assert ask(Question(busy.external_id), now=NOON).code == "session_limit_reached"


def test_the_last_session_of_a_trial_ends_it_once() -> None:
    build_plan("trial", "trial", quotas={"sessions": 50}, rates={"sessions": "1"})
    busy = build_organization(plan="trial")

    raised = at_once(THREADS, lambda number: charge([a_session(busy, number)], now=NOON))

    assert raised == []
    assert Counter.objects.get(meter="sessions").used == THREADS
    assert Period.objects.get().used_up_at == NOON
    assert ask(Question(busy.external_id), now=NOON).code == "subscription_ended"


def beyond_the_agents_limit() -> list[str]:
    """Charge 64 credits for an agent with a limit of 20; answers every figure that is wrong."""
    busy = build_busy(credits=1000, included_credits="40")
    Agent.objects.filter(organization=busy).update(monthly_limit=20)
    raised = calls(busy)
    figures = {
        "raised": (raised, []),
        "events": (UsageEvent.objects.count(), THREADS),
        "plan credits": (CreditGrant.objects.get().remaining, 20),
        "wallet": (wallet_of(busy), 1000 - (THREADS - 20)),
        "reached": (Agent.objects.get(organization=busy).limit_reached_at, NOON),
    }
    return [f"{name}: {is_} not {must}" for name, (is_, must) in figures.items() if is_ != must]


def test_beyond_an_agent_s_limit_the_credits_with_an_end_are_left_to_the_others() -> None:
    assert beyond_the_agents_limit() == []


def test_without_the_lock_an_agent_draws_more_than_its_limit() -> None:
    with charging_without_the_lock():
        assert beyond_the_agents_limit() != []


def test_at_zero_work_stops_and_the_owner_is_told_once() -> None:
    busy = build_busy(credits=30)

    raised = calls(busy, times=2)

    assert raised == []
    assert wallet_of(busy) == 30 - 2 * THREADS
    assert letters() == {"balance_blocked": 1}
    question = Question(busy.external_id, kind="call", channel="web")
    assert ask(question, now=NOON).code == "balance_exhausted"


def test_around_the_last_ten_units_of_an_allowance_every_unit_is_used_once() -> None:
    busy = build_busy(credits=1000, allowances={"call_minutes": "10"})

    raised = calls(busy, times=2)

    assert raised == []
    assert Counter.objects.get(meter="call_minutes").used == 10
    assert wallet_of(busy) == 1000 - (2 * THREADS - 10)
