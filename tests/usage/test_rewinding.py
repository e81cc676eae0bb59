"""What the gate saw at a past instant is rebuilt from the books, and they say what they lost."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import fields
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.agents import put_agent
from accounts.models import Act, Agent, Organization
from accounts.suspending import suspend, unsuspend
from payments.cards import choose_default
from plans.models import Period, Site
from plans.renting import rent
from plans.resources import report_resources
from tests.billing_portal.sick_books import plant
from tests.builders import MARCH_1, a_call, apply, build_organization, build_plan
from tests.plans.life import unpaid_renewal
from tests.usage.stories import Story, seen
from usage.charging import charge
from usage.gate import decide
from usage.questions import Question
from usage.rewinding import (
    UNTOLD_AGENT,
    UNTOLD_COUNT,
    UNTOLD_GRACE,
    UNTOLD_HOLDS,
    UNTOLD_NUMBERS,
    look_back,
)
from usage.situation import Situation

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)
NOON = MARCH_1 + 3 * HOUR


def differences(seed: int, steps: int) -> list[str]:
    """Live a story, and answer where what is rebuilt is not what the gate saw and said."""
    story = Story(seed)
    story.live(steps)
    wrong = []
    for at, question, situation, answer in story.remembered:
        then = seen(look_back(story.acme, question, at=at).situation)
        if then != situation or decide(then, question) != answer:
            wrong.append(f"{at} {question}: {', '.join(_apart(then, situation))}")
    assert len(story.remembered) > steps
    return wrong


def _apart(then: Situation, situation: Situation) -> list[str]:
    """Name the facts that differ."""
    names = [one.name for one in fields(Situation)]
    facts = [(name, getattr(then, name), getattr(situation, name)) for name in names]
    return [f"{name} {rebuilt} was {was}" for name, rebuilt, was in facts if rebuilt != was]


@pytest.mark.parametrize("seed", range(5))
def test_at_every_instant_of_a_story_the_rebuilt_answer_is_what_the_gate_said(seed: int) -> None:
    assert differences(seed, 25) == []


@pytest.mark.faults
@pytest.mark.parametrize("seed", range(130, 190))
def test_at_every_instant_of_sixty_longer_stories_the_answers_are_the_same(seed: int) -> None:
    assert differences(seed, 50) == []


def test_a_history_that_was_tampered_with_is_seen_in_a_story(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The planted fault of the proof: an agent's settings as they are today.
    monkeypatch.setattr("accounts.rewinding.CHANGED", "nothing of that name")

    assert any(differences(seed, 25) for seed in range(3))


@pytest.fixture
def acme() -> Organization:
    build_plan(limits={"agents": 3})
    return build_organization(plan="starter", credits=100)


def code_at(acme: Organization, at: dt.datetime, **asked: Any) -> str | None:
    question = Question(acme.external_id, **{"kind": "call", "channel": "web", **asked})
    return decide(look_back(acme, question, at=at).situation, question).code


def untold(acme: Organization, at: dt.datetime, **asked: Any) -> dict[str, str]:
    question = Question(acme.external_id, **{"kind": "call", "channel": "web", **asked})
    return dict(look_back(acme, question, at=at).untold)


def test_before_its_first_plan_nothing_could_start(acme: Organization) -> None:
    assert code_at(acme, MARCH_1 - HOUR) == "subscription_ended"
    assert code_at(acme, MARCH_1) is None


def test_a_suspension_is_known_from_its_acts(acme: Organization) -> None:
    suspend(acme, reason="fraud", now=NOON)
    unsuspend(acme, reason="cleared", now=NOON + HOUR)

    codes = [code_at(acme, NOON + n * HOUR / 2) for n in (-1, 0, 1, 2)]

    assert codes == [None, "organization_suspended", "organization_suspended", None]


def test_a_number_that_is_rented_now_was_not_always(acme: Organization) -> None:
    rent(acme, item="phone_number", reference="+1", now=NOON)

    assert code_at(acme, NOON - HOUR, channel="inbound") == "no_phone_number"
    assert code_at(acme, NOON, channel="inbound") is None
    assert untold(acme, NOON - HOUR, channel="inbound") == {}


def test_counts_that_were_reported_anew_since_are_told_as_they_are_today(
    acme: Organization,
) -> None:
    report_resources(acme, counts={"phone_numbers": 1, "agents": 3}, now=NOON)
    of_agents = {"kind": "resource", "channel": None, "resource": "agents"}

    before, after = untold(acme, NOON - HOUR, **of_agents), untold(acme, NOON, **of_agents)

    assert before["resource_limit_reached"] == UNTOLD_COUNT
    assert before["no_phone_number"] == UNTOLD_NUMBERS
    assert after == {}
    assert code_at(acme, NOON, **of_agents) == "resource_limit_reached"


def test_a_change_of_an_agent_from_before_such_acts_were_kept_is_told_so(
    acme: Organization,
) -> None:
    put_agent(acme, external_id="main", name="Main", monthly_limit=Decimal(1), now=NOON)
    charge([a_call(acme)], now=NOON)

    known = untold(acme, NOON - HOUR, agent="main")
    plant("DELETE FROM accounts_act WHERE verb = 'change_agent'")

    assert known == {}
    assert untold(acme, NOON - HOUR, agent="main") == {
        "agent_limit_reached": UNTOLD_AGENT,
        "plan_credits_exhausted": UNTOLD_AGENT,
    }


def test_a_change_of_an_agent_is_an_act_with_what_was_before(acme: Organization) -> None:
    put_agent(acme, external_id="main", name="Main", monthly_limit=Decimal(7), now=NOON)
    put_agent(acme, external_id="main", name="Renamed", monthly_limit=Decimal(7), now=NOON)

    act = Act.objects.get(verb="change_agent")

    assert act.summary == ("Main: Use balance when plan credits run out, at most 7 credits a month")
    assert (act.before["monthly_limit"], act.after["monthly_limit"]) == (None, "7")
    assert Agent.objects.get().name == "Renamed"


def test_what_was_used_is_found_by_the_organization_among_the_events_of_all(
    acme: Organization,
) -> None:
    put_agent(acme, external_id="main", name="Main", monthly_limit=Decimal(7), now=MARCH_1)
    charge([a_call(acme)], now=NOON)
    question = Question(acme.external_id, kind="message", agent="main")
    with CaptureQueriesContext(connection) as asked:
        look_back(acme, question, at=NOON + HOUR)

    of_events = [one["sql"] for one in asked if "FROM usage_usageevent" in one["sql"]]
    assert len(of_events) == 4
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for statement in of_events:
            cursor.execute(f"EXPLAIN {statement}")
            plan = " ".join(line for (line,) in cursor.fetchall())
            assert re.search(r"Index Cond: \(+organization_id", plan), plan


def test_what_was_reserved_is_told_to_be_left_out(acme: Organization) -> None:
    Site.objects.update(hold_minutes=10)

    assert untold(acme, NOON) == {"balance_reserved": UNTOLD_HOLDS}


def test_a_grace_that_was_settled_since_is_as_long_as_one_is_today() -> None:
    life, acme = unpaid_renewal()
    during = life.now
    choose_default(acme, card_id=life.card_for(acme).pk, now=life.pass_time(hours=1))
    life.sweep()

    question = Question(acme.external_id, kind="message")
    then = look_back(acme, question, at=during)

    assert Period.objects.filter(grace_ends_at__isnull=False).count() == 0
    assert then.situation.grace_ends_at == dt.datetime(2026, 4, 8, tzinfo=dt.UTC)
    assert then.untold == {"payment_overdue": UNTOLD_GRACE}
    assert look_back(acme, question, at=life.now).untold == {}


def test_a_plan_that_was_replaced_had_its_own_terms_and_counters(acme: Organization) -> None:
    build_plan("small", quotas={"outbound_calls": 1}, channels=["outbound"])
    apply(acme, "small", now=NOON)
    report_resources(acme, counts={"phone_numbers": 1}, now=NOON)
    charge([a_call(acme, channel="outbound", started_at=NOON.isoformat())], now=NOON + HOUR)
    apply(acme, "starter", now=NOON + 2 * HOUR)

    codes = [code_at(acme, NOON + n * HOUR, channel="outbound") for n in range(3)]

    assert codes == [None, "call_quota_reached", None]
    assert code_at(acme, NOON + HOUR) == "channel_not_in_plan"
