"""At midnight the gate, charges and the sweep meet: the plan is renewed once, and nobody waits."""

from __future__ import annotations

import datetime as dt

import pytest

from plans.models import Period
from plans.renewing import renew_due
from tests.builders import MARCH_1, a_call, build_organization, build_plan, build_site
from tests.faults.threads import at_once
from usage.charging import charge
from usage.gate import ask
from usage.models import UsageEvent
from usage.questions import Question
from wallet.balances import balances

pytestmark = pytest.mark.django_db(transaction=True)


def test_gate_charges_and_sweep_at_once_begin_one_period_for_each() -> None:
    build_site()
    build_plan(auto_renew=True, included_credits="100", rates={"call_minutes": "4"})
    tenants = [build_organization(f"Tenant {n}", plan="starter", now=MARCH_1) for n in range(3)]
    midnight = Period.objects.values_list("ends_at", flat=True)[0]
    now = midnight + dt.timedelta(seconds=1)
    allowed: list[bool] = []

    def work(number: int) -> None:
        tenant = tenants[number % 3]
        if number % 4 == 0:
            renew_due(now=now)
        elif number % 4 == 1:
            question = Question(tenant.external_id, kind="call", channel="web", agent="main")
            allowed.append(ask(question, now=now).allowed)
        else:
            some = [a_call(one, started_at=now.isoformat()) for one in tenants[: number % 4]]
            assert {result.plan_credits for result in charge(some, now=now)} == {4}

    assert at_once(24, work) == []
    assert allowed == [True] * 6
    assert Period.objects.filter(starts_at=midnight).count() == Period.objects.count() - 3 == 3
    assert not UsageEvent.objects.exclude(period__starts_at=midnight).exists()
    assert [balances(tenant, now=now).wallet for tenant in tenants] == [0, 0, 0]
