"""Every rule of the gate is told with its figures, and never says another thing than the gate."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from accounts.agents import put_agent
from accounts.models import Organization
from accounts.refusals import Invalid
from accounts.suspending import suspend
from plans.models import Counter, Period, Site
from plans.renting import rent
from plans.resources import report_resources
from tests.builders import MARCH_1, a_call, build_organization, build_plan
from tests.plans.life import unpaid_renewal
from tests.usage.stories import Story
from usage.charging import charge
from usage.gate import RULES, ask, rules_for
from usage.inspecting import Check, Inspection, Outcome, inspect
from usage.models import Hold
from usage.questions import Question
from wallet.models import Wallet

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
NOON = MARCH_1 + 3 * HOUR


def on_starter(credits: int = 100, **terms: Any) -> Organization:
    build_plan(**terms)
    return build_organization(plan="starter", credits=credits, time_zone="Asia/Kolkata")


def why(
    acme: Organization, now: dt.datetime = NOON, at: dt.datetime | None = None, **asked: Any
) -> Inspection:
    asked.setdefault("kind", "call")
    if asked["kind"] == "call":
        asked.setdefault("channel", "web")
    return inspect(acme, Question(acme.external_id, **asked), now=now, at=at)


def told(inspection: Inspection, code: str) -> Check:
    return next(check for check in inspection.checks if check.rule.code == code)


@pytest.mark.parametrize("seed", range(20, 24))
def test_rule_by_rule_it_says_what_the_gate_says(seed: int) -> None:
    story = Story(seed)

    refused = set()
    for _ in range(20):
        story.live(1)
        for at, question, _, answer in story.remembered[-3:]:
            if at != story.now:
                continue
            inspection = inspect(story.acme, question, now=at, at=None)
            assert inspection.answer.code == answer.code
            assert [check.rule for check in inspection.checks] == list(rules_for(question))
            outcomes = [check.outcome for check in inspection.checks]
            first = outcomes.index(Outcome.REFUSES) if answer.code else len(outcomes)
            assert set(outcomes[:first]) <= {Outcome.PASSES}
            assert set(outcomes[first + 1 :]) <= {Outcome.NOT_ASKED}
            assert all(check.figures for check in inspection.checks)
            refused.add(answer.code)

    assert len(refused) > 1


def test_the_gate_computes_no_figures_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    acme = on_starter()

    def never(*asked: object) -> str:
        raise AssertionError("the gate is asked a thousand times a second")

    for rule in RULES:
        monkeypatch.setattr(type(rule), "figures", property(lambda _: never), raising=False)

    assert ask(Question(acme.external_id, kind="message"), now=NOON).allowed


def test_what_may_start_is_said_in_one_sentence_with_how_long_it_may_last() -> None:
    acme = on_starter(max_call_minutes={"web": "2.5"})

    assert why(acme).sentence == "A web call may start now, for at most 2 min 30 s."
    assert why(acme, kind="message").sentence == "A message may start now."
    assert why(acme, kind="session", agent="main").sentence == "A session by Main may start now."


def test_what_may_not_start_is_said_with_the_reason_now_and_then() -> None:
    acme = on_starter(channels=["web"])
    later = NOON + 2 * DAY

    assert why(acme, channel="inbound").sentence == (
        "An inbound call may not start now: Your plan does not include this channel."
    )
    assert why(acme, now=later, at=NOON, channel="inbound").sentence == (
        "An inbound call could not start on 1 Mar 2026, 17:30:"
        " Your plan does not include this channel."
    )
    assert why(acme, now=later, at=NOON).sentence == (
        "A web call could start on 1 Mar 2026, 17:30."
    )


def test_resources_and_batches_are_asked_in_their_own_words() -> None:
    acme = on_starter(limits={"knowledge_bases": 0})

    one_more = why(acme, kind="resource", resource="knowledge_bases")

    assert one_more.sentence.startswith("One more of the knowledge bases may not start now")
    assert told(one_more, "resource_limit_reached").figures == "knowledge bases 0 of 0"
    batch = why(acme, kind="campaign_batch", channel="web")
    assert batch.sentence == "A batch of web calls may start now."


def test_rules_behind_the_one_that_refuses_say_whether_they_would_refuse_too() -> None:
    acme = on_starter(channels=["web"])
    suspend(acme, reason="fraud", now=NOON)

    seen = why(acme, channel="inbound")

    refusing = [check.rule.code for check in seen.checks if check.refuses_too]
    assert seen.answer.code == "organization_suspended"
    assert told(seen, "organization_suspended").outcome == Outcome.REFUSES
    assert refusing == ["channel_not_in_plan", "no_phone_number"]


FIGURES: list[tuple[str, dict[str, Any], str]] = [
    ("organization_suspended", {}, "not suspended"),
    ("subscription_ended", {}, "runs until 31 Mar 2026, 00:00"),
    ("payment_overdue", {}, "nothing is unpaid"),
    ("channel_not_in_plan", {}, "web of web, outbound, inbound"),
    ("channel_not_in_plan", {"kind": "message"}, "asked of calls only"),
    ("voice_tier_not_in_plan", {}, "standard of standard, premium"),
    ("voice_tier_not_in_plan", {"kind": "session"}, "asked of calls only"),
    ("no_phone_number", {}, "asked of phone calls only"),
    ("no_phone_number", {"channel": "inbound"}, "no number is assigned"),
    ("call_quota_reached", {}, "asked of outbound calls only"),
    ("call_quota_reached", {"channel": "outbound"}, "outbound calls 0 of 1000"),
    ("session_limit_reached", {}, "sessions 0, no limit"),
    ("agent_limit_reached", {}, "asked of an agent only"),
    ("agent_limit_reached", {"agent": "main"}, "no monthly limit"),
    ("plan_credits_exhausted", {}, "asked of an agent only"),
    (
        "plan_credits_exhausted",
        {"agent": "main"},
        "0.00 plan credits and bonus left, set to use the balance",
    ),
    ("balance_exhausted", {}, "balance 100.00, pauses at -50.00"),
    ("balance_exhausted", {"kind": "message"}, "not charged in credits on this plan"),
]


@pytest.mark.parametrize(("code", "asked", "figures"), FIGURES)
def test_every_rule_has_its_figures(code: str, asked: dict[str, Any], figures: str) -> None:
    assert told(why(on_starter(), **asked), code).figures == figures


def test_figures_of_what_is_used_up() -> None:
    acme = on_starter(
        credits=1,
        included_credits="3",
        quotas={"sessions": 2},
        rates={"call_minutes": "4"},
        overdraft="0",
    )
    put_agent(acme, external_id="main", name="Main", when_exhausted="stop",
              monthly_limit=Decimal(5), now=MARCH_1)  # fmt: skip
    period = Period.objects.get()
    Counter.objects.create(
        organization=period.organization, period=period, meter="sessions", used=3
    )
    charge([a_call(acme, seconds=90)], now=NOON)

    seen = why(acme, agent="main")

    assert told(seen, "session_limit_reached").figures == "sessions 3 of 2"
    assert told(seen, "agent_limit_reached").figures == (
        "6.00 of 5.00 credits this month, set to stop"
    )
    assert told(seen, "plan_credits_exhausted").figures == (
        "0.00 plan credits and bonus left, set to stop"
    )
    assert told(seen, "balance_exhausted").figures == "balance -2.00, pauses at 0.00"


def test_figures_of_what_lets_work_start_though_the_wallet_is_empty() -> None:
    acme = on_starter(
        credits=0, included_credits="3", allowances={"call_minutes": "2.5"}, pause_when="negative"
    )

    figures = told(why(acme), "balance_exhausted").figures

    assert figures == (
        "balance 0.00, pauses below -50.00; 3.00 plan credits and bonus left;"
        " 2.5 call minutes included"
    )
    Wallet.objects.update(balance=-60, paused=True)
    assert "paused until above 0.00" in told(why(acme), "balance_exhausted").figures


def test_figures_of_an_end_and_of_a_grace_that_is_over() -> None:
    life, acme = unpaid_renewal()

    during, after = why(acme, life.now), why(acme, life.now + 9 * DAY)

    assert told(during, "payment_overdue").figures == "grace ends 8 Apr 2026, 00:00"
    assert told(after, "payment_overdue").figures == "grace ended 8 Apr 2026, 00:00"
    assert after.answer.code == "payment_overdue"
    ended = why(on_starter(), NOON + 60 * DAY)
    assert told(ended, "subscription_ended").figures == "ended 31 Mar 2026, 00:00"


def test_figures_of_an_organization_that_never_had_a_plan() -> None:
    seen = why(build_organization())

    assert {check.figures for check in seen.checks} >= {"no plan yet", "nothing is unpaid"}
    assert seen.answer.code == "subscription_ended"


def test_looking_reserves_nothing_and_tells_what_is_reserved() -> None:
    acme = on_starter(credits=20, overdraft="0")
    Site.objects.update(hold_minutes=4)
    ask(Question(acme.external_id, kind="call", channel="web"), now=NOON)
    assert Hold.objects.count() == 1

    seen = why(acme)

    assert Hold.objects.count() == 1
    assert seen.checks[-1].figures == (
        "16.00 credits and 0 included minutes reserved, balance then 4.00"
    )


def test_a_batch_that_was_let_through_is_told_so() -> None:
    acme = on_starter()
    rent(acme, item="phone_number", reference="+1", now=MARCH_1)
    asked: dict[str, Any] = {"kind": "campaign_batch", "channel": "outbound", "batch": "spring"}
    ask(Question(acme.external_id, **asked), now=NOON)

    seen = why(acme, NOON + 60 * DAY, **asked)

    assert seen.answer.allowed
    assert told(seen, "subscription_ended").figures == (
        "ended 31 Mar 2026, 00:00; this batch was let through before"
    )


def test_what_is_not_kept_is_said_beside_its_rule() -> None:
    acme = on_starter()
    report_resources(acme, counts={"phone_numbers": 1}, now=NOON)

    seen = why(acme, NOON + DAY, at=NOON - HOUR, channel="inbound")

    assert "told as it is today" in told(seen, "no_phone_number").untold
    assert {check.untold for check in seen.checks} - {""} == {told(seen, "no_phone_number").untold}


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"kind": "dance"}, "kind"),
        ({"channel": "smoke"}, "channel"),
        ({"agent": "nobody"}, "agent"),
        ({"at": NOON + DAY}, "at"),
        ({"at": MARCH_1 - DAY, "agent": "main"}, "agent"),
    ],
)
def test_a_question_that_is_none_is_refused_with_its_field(
    asked: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        why(on_starter(), **asked)

    assert set(refusal.value.fields) == {field}
