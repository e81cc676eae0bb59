"""An agent stops when plan credits run out, or at its monthly limit; and what lifts that."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from accounts.agents import put_agent
from accounts.models import Agent, Letter, Organization
from accounts.refusals import Invalid
from plans.models import Period
from tests.builders import MARCH_1, a_call, apply, build_organization, build_plan
from usage.alerting import tell_crossings
from usage.charging import Result, charge
from usage.gate import ask, decide
from usage.questions import Question
from usage.rewinding import look_back
from wallet.adjusting import adjust_credits
from wallet.balances import balances
from wallet.credits import Credits
from wallet.granting import expire_due

pytestmark = pytest.mark.django_db
MINUTE = dt.timedelta(minutes=1)
DAY = dt.timedelta(days=1)
NOON = MARCH_1 + dt.timedelta(hours=3)


def on_plan(*, included: str = "0", credits: int = 100, **terms: Any) -> Organization:
    build_plan(rates={"call_minutes": "1"}, included_credits=included, **terms)
    return build_organization(plan="starter", credits=credits)


def agent(organization: Organization, now: dt.datetime = MARCH_1, **settings: Any) -> Agent:
    if "monthly_limit" in settings:
        settings["monthly_limit"] = Decimal(settings["monthly_limit"])
    return put_agent(organization, external_id="seller", name="Seller", now=now, **settings)


def work(
    organization: Organization,
    minutes: int,
    *,
    by: str = "seller",
    now: dt.datetime = NOON,
    started_at: dt.datetime | None = None,
) -> Result:
    at = (started_at or now - MINUTE).isoformat()
    call = a_call(organization, agent=by, seconds=60 * minutes, started_at=at)
    return charge([call], now=now)[0]


def gate(organization: Organization, now: dt.datetime, by: str = "seller") -> str | None:
    return ask(question_of(organization, by), now=now).code


def gate_then(organization: Organization, at: dt.datetime, by: str = "seller") -> str | None:
    """Answer what is rebuilt of the gate's answer from the books."""
    question = question_of(organization, by)
    return decide(look_back(organization, question, at=at).situation, question).code


def question_of(organization: Organization, by: str) -> Question:
    return Question(organization=organization.external_id, kind="call", channel="web", agent=by)


def give(organization: Organization, now: dt.datetime, **how: Any) -> None:
    adjust_credits(
        organization, credits=Credits(Decimal(10)), reason="kind", key=f"{now}", now=now, **how
    )


@pytest.mark.parametrize("limit", [Decimal(0), Decimal(-1)])
def test_a_monthly_limit_is_above_zero(limit: Decimal) -> None:
    acme = on_plan()

    with pytest.raises(Invalid) as refusal:
        put_agent(acme, external_id="seller", name="Seller", monthly_limit=limit, now=MARCH_1)

    assert set(refusal.value.fields) == {"monthly_limit"}


def test_a_setting_is_one_of_two() -> None:
    with pytest.raises(Invalid):
        agent(on_plan(), when_exhausted="explode")


def test_when_plan_credits_run_out_one_agent_stops_and_another_uses_the_balance() -> None:
    acme = on_plan(included="5")
    agent(acme, when_exhausted="stop")

    before = gate(acme, NOON)
    crossing = work(acme, 7)

    assert before is None
    assert (crossing.plan_credits, crossing.wallet) == (5, 2)
    assert gate(acme, NOON) == "plan_credits_exhausted"
    assert gate(acme, NOON, by="main") is None


def test_where_no_plan_credits_were_granted_stop_stops_nothing() -> None:
    acme = on_plan()
    agent(acme, when_exhausted="stop")
    work(acme, 7)

    assert gate(acme, NOON) is None


def test_a_bonus_counts_as_plan_credits() -> None:
    acme = on_plan()
    agent(acme, when_exhausted="stop")
    give(acme, MARCH_1, expires_at=MARCH_1 + 20 * DAY)

    some_left = gate(acme, NOON)
    work(acme, 10)

    assert some_left is None
    assert gate(acme, NOON) == "plan_credits_exhausted"


def test_a_bonus_that_comes_after_the_last_were_used_up_lifts_no_stop() -> None:
    acme = on_plan(included="5")
    agent(acme, when_exhausted="stop")
    work(acme, 5)

    give(acme, NOON + MINUTE, expires_at=NOON + 5 * DAY)

    assert gate(acme, NOON + 2 * MINUTE) == "plan_credits_exhausted"
    assert gate(acme, NOON + 2 * MINUTE, by="main") is None


@pytest.mark.parametrize("lifted_by", ["credit", "setting", "period"])
def test_a_stop_holds_until_the_wallet_is_filled_the_setting_changes_or_a_period_begins(
    lifted_by: str,
) -> None:
    acme = on_plan(included="5")
    agent(acme, when_exhausted="stop")
    work(acme, 6)
    later = NOON + DAY
    assert gate(acme, later) == "plan_credits_exhausted"

    if lifted_by == "credit":
        give(acme, later)
    elif lifted_by == "setting":
        agent(acme, later, when_exhausted="use_balance")
    else:
        apply(acme, "starter", now=later, invoiced=False)

    assert gate(acme, later + MINUTE) is None


@pytest.mark.parametrize("swept", [False, True])
def test_a_stop_that_began_when_the_last_expired_is_lifted_only_after_that(swept: bool) -> None:
    acme = on_plan()
    agent(acme, when_exhausted="stop")
    give(acme, MARCH_1, expires_at=NOON + DAY)
    give(acme, NOON)
    later = NOON + 2 * DAY
    if swept:
        expire_due(now=later)

    stopped = gate(acme, later + MINUTE), gate_then(acme, later + MINUTE)
    give(acme, later + 2 * MINUTE)

    assert stopped == ("plan_credits_exhausted", "plan_credits_exhausted")
    assert gate(acme, later + 3 * MINUTE) is None
    assert gate_then(acme, later + 3 * MINUTE) is None


def test_a_stop_that_is_chosen_later_begins_then() -> None:
    acme = on_plan(included="5")
    agent(acme)
    work(acme, 6)
    give(acme, NOON + MINUTE)

    agent(acme, NOON + 2 * MINUTE, when_exhausted="stop")

    assert gate(acme, NOON + 3 * MINUTE) == "plan_credits_exhausted"


def test_a_credit_from_before_the_credits_ran_out_lifts_nothing() -> None:
    acme = on_plan(included="5")
    agent(acme, when_exhausted="stop")
    give(acme, MARCH_1 + MINUTE)

    work(acme, 6)

    assert gate(acme, NOON) == "plan_credits_exhausted"


def test_the_charge_that_crosses_a_limit_is_drawn_as_usual_and_later_ones_skip_all_grants() -> None:
    acme = on_plan(included="20")
    agent(acme, monthly_limit="5")

    crossing, later = work(acme, 8), work(acme, 3)
    other = work(acme, 2, by="main")

    assert (crossing.plan_credits, crossing.wallet) == (8, 0)
    assert (later.plan_credits, later.wallet) == (0, 3)
    assert (other.plan_credits, other.wallet) == (2, 0)
    assert balances(acme, now=NOON).plan_credits == 10


def test_beyond_its_limit_an_agent_still_uses_the_allowance() -> None:
    acme = on_plan(allowances={"call_minutes": "12"})
    agent(acme, monthly_limit="1")
    work(acme, 14)

    apply(acme, "starter", now=NOON + MINUTE, invoiced=False)
    beyond = work(acme, 5, now=NOON + 3 * MINUTE)

    assert (beyond.allowance, beyond.credits) == (5, 0)


@pytest.mark.parametrize("setting", ["stop", "use_balance"])
def test_at_its_limit_an_agent_stops_or_goes_on_as_it_is_set(setting: str) -> None:
    acme = on_plan()
    agent(acme, monthly_limit="5", when_exhausted=setting)

    work(acme, 4)
    below = gate(acme, NOON)
    work(acme, 1)

    assert below is None
    assert gate(acme, NOON) == ("agent_limit_reached" if setting == "stop" else None)
    assert gate(acme, NOON, by="main") is None


@pytest.mark.parametrize("lifted_by", ["credit", "raise", "month"])
def test_a_limit_holds_until_the_wallet_is_filled_it_is_raised_or_the_month_ends(
    lifted_by: str,
) -> None:
    acme = on_plan()
    Period.objects.update(ends_at=MARCH_1 + 60 * DAY)
    agent(acme, monthly_limit="5", when_exhausted="stop")
    work(acme, 6)
    later = NOON + DAY
    assert gate(acme, later) == "agent_limit_reached"

    if lifted_by == "credit":
        give(acme, later)
    elif lifted_by == "raise":
        agent(acme, later, monthly_limit="50", when_exhausted="stop")
    else:
        later = dt.datetime(2026, 4, 1, tzinfo=dt.UTC)
        assert gate(acme, later - dt.timedelta(seconds=1)) == "agent_limit_reached"

    assert gate(acme, later + MINUTE) is None


def test_a_month_is_that_of_the_start_in_the_organization_s_zone() -> None:
    build_plan(rates={"call_minutes": "1"}, period="90 days")
    acme = build_organization(plan="starter", credits=100, time_zone="Asia/Tokyo")
    agent(acme, monthly_limit="5", when_exhausted="stop")
    midnight = dt.datetime(2026, 3, 31, 15, tzinfo=dt.UTC)

    work(acme, 6, now=midnight + MINUTE, started_at=midnight - MINUTE)
    in_april = gate(acme, midnight + MINUTE)
    work(acme, 5, now=midnight + 2 * MINUTE, started_at=midnight)

    assert in_april is None
    assert gate(acme, midnight + 2 * MINUTE) == "agent_limit_reached"


def test_what_the_allowance_covers_does_not_count_toward_the_limit() -> None:
    acme = on_plan(allowances={"call_minutes": "100"})
    agent(acme, monthly_limit="5", when_exhausted="stop")

    work(acme, 50)

    assert gate(acme, NOON) is None


def test_an_empty_wallet_is_told_once_per_crossing() -> None:
    acme = on_plan(credits=5, overdraft="3")

    for minutes in (4, 2, 1, 2, 1):
        work(acme, minutes, by="main")
    codes = list(acme.letters.order_by("id").values_list("code", flat=True))
    give(acme, NOON + MINUTE)
    work(acme, 10, by="main", now=NOON + 2 * MINUTE)

    assert codes[-2:] == ["low_balance", "balance_blocked"]
    assert Letter.objects.filter(code="low_balance").count() == 1
    assert Letter.objects.filter(code="balance_blocked").count() == 2
    assert tell_crossings(now=NOON) == 0
