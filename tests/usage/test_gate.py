"""The gate: each refusal, their order, and the exact instant at which everything stops."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from accounts.models import Organization
from accounts.refusals import Invalid
from accounts.suspending import suspend, unsuspend
from plans.models import Counter, Period
from plans.renting import rent_several
from plans.resources import report_resources
from tests.builders import MARCH_1, a_call, apply, build_organization, build_plan, build_site
from usage.charging import UnknownOrganization, charge
from usage.gate import RULES, ask
from usage.questions import Answer, Question
from wallet.models import Wallet

pytestmark = pytest.mark.django_db
NOON = MARCH_1 + dt.timedelta(hours=3)


def on_starter(**terms: Any) -> Organization:
    build_plan(**terms)
    return build_organization(plan="starter", credits=100)


def gate(acme: Organization, now: dt.datetime = NOON, **question: Any) -> Answer:
    question.setdefault("kind", "call")
    if question["kind"] == "call":
        question.setdefault("channel", "web")
    return ask(Question(organization=acme.external_id, **question), now=now)


def set_balance(acme: Organization, balance: int, **changes: Any) -> None:
    Wallet.objects.filter(organization=acme).update(balance=balance, **changes)


def test_an_organization_on_a_plan_with_credits_may_call() -> None:
    answer = gate(on_starter(max_call_minutes={"web": "5"}))

    assert (answer.allowed, answer.max_seconds, answer.bell) == (True, 300, "none")


def test_a_suspended_organization_may_do_nothing_until_it_is_lifted() -> None:
    acme = on_starter()
    suspend(acme, reason="fraud", now=NOON)

    assert gate(acme).code == "organization_suspended"
    assert gate(acme, kind="resource", resource="agents").code == "organization_suspended"

    unsuspend(acme, reason="cleared", now=NOON)
    assert gate(acme).allowed


def test_without_any_plan_nothing_starts() -> None:
    assert gate(build_organization()).code == "subscription_ended"


def test_a_channel_and_a_voice_tier_that_the_plan_lacks_are_refused() -> None:
    acme = on_starter(channels=["web"])

    assert gate(acme, channel="outbound").code == "channel_not_in_plan"
    assert gate(acme, voice_tier="ultra").code == "voice_tier_not_in_plan"


def test_a_phone_channel_needs_a_number_rented_or_reported() -> None:
    rented, reported = on_starter(), build_organization(plan="starter", credits=100)

    assert gate(rented, channel="inbound").code == "no_phone_number"

    rent_several(rented, item="phone_number", quantity=1, now=NOON)
    report_resources(reported, counts={"phone_numbers": 1}, now=NOON)
    assert gate(rented, channel="inbound").allowed
    assert gate(reported, channel="outbound").allowed


def test_one_more_of_a_resource_is_refused_at_the_limit_and_allowed_after_the_end() -> None:
    acme = on_starter(limits={"agents": 3})
    long_after = NOON + dt.timedelta(days=99)
    report_resources(acme, counts={"agents": 2}, now=NOON)

    assert gate(acme, kind="resource", resource="agents", now=long_after).allowed

    report_resources(acme, counts={"agents": 3}, now=NOON)
    assert gate(acme, kind="resource", resource="agents").code == "resource_limit_reached"
    assert gate(acme, kind="resource", resource="leads").allowed


def test_the_call_quota_stops_outbound_calls_only() -> None:
    acme = on_starter(quotas={"outbound_calls": 1})
    report_resources(acme, counts={"phone_numbers": 1}, now=NOON)
    charge([a_call(acme, channel="outbound", seconds=6)], now=NOON)

    assert gate(acme, channel="outbound").code == "call_quota_reached"
    assert gate(acme, channel="inbound").allowed
    assert gate(acme, channel="web").allowed


def test_used_up_sessions_stop_all_work() -> None:
    acme = on_starter(quotas={"sessions": 1})
    period = Period.objects.get()
    Counter.objects.create(organization=acme, period=period, meter="sessions", used=1)

    assert gate(acme).code == "session_limit_reached"


def test_a_dry_plan_pauses_at_its_overdraft_and_resumes_above_it() -> None:
    acme = on_starter()

    set_balance(acme, -49)
    assert (gate(acme).allowed, gate(acme).bell) == (True, "amber")
    set_balance(acme, -50)
    assert (gate(acme).code, gate(acme).bell) == ("balance_exhausted", "red")


def test_a_plan_that_pauses_when_negative_resumes_only_above_zero() -> None:
    acme = on_starter(overdraft="0", pause_when="negative")

    set_balance(acme, 0)
    assert gate(acme).allowed
    set_balance(acme, 0, paused=True)
    assert gate(acme).code == "balance_exhausted"
    set_balance(acme, 1, paused=False)
    assert gate(acme).allowed


def test_allowance_or_plan_credits_let_work_start_whatever_the_balance() -> None:
    with_minutes = on_starter(allowances={"call_minutes": "10"})
    build_plan("credits", included_credits="10")
    with_credits = build_organization(plan="credits")

    for acme in (with_minutes, with_credits):
        set_balance(acme, -99)
        assert (gate(acme).allowed, gate(acme).bell) == (True, "amber")


def test_work_that_the_plan_does_not_charge_is_not_asked_for_the_balance() -> None:
    acme = on_starter()
    set_balance(acme, -99)

    assert gate(acme, kind="message").allowed


def test_a_batch_let_through_survives_the_end_but_not_a_suspension() -> None:
    acme = on_starter()
    report_resources(acme, counts={"phone_numbers": 1}, now=NOON)
    late = NOON + dt.timedelta(days=60)

    assert gate(acme, channel="outbound", batch="spring").allowed

    assert gate(acme, channel="outbound", batch="spring", now=late).allowed
    assert gate(acme, channel="outbound", batch="summer", now=late).code == "subscription_ended"
    suspend(acme, reason="fraud", now=NOON)
    assert gate(acme, channel="outbound", batch="spring").code == "organization_suspended"


def test_the_first_rule_that_applies_is_the_answer() -> None:
    order = [rule.code for rule in RULES]

    assert order == [
        "organization_suspended",
        "subscription_ended",
        "payment_overdue",
        "channel_not_in_plan",
        "voice_tier_not_in_plan",
        "no_phone_number",
        "call_quota_reached",
        "session_limit_reached",
        "agent_limit_reached",
        "plan_credits_exhausted",
        "balance_exhausted",
        # Nothing left beside what is reserved for the calls that run.
        "balance_exhausted",
    ]
    acme = on_starter(channels=["web"], quotas={"outbound_calls": 1})
    set_balance(acme, -99)
    codes = []
    suspend(acme, reason="fraud", now=NOON)
    codes.append(gate(acme, channel="outbound", voice_tier="ultra").code)
    unsuspend(acme, reason="cleared", now=NOON)
    codes.append(gate(acme, channel="outbound", voice_tier="ultra").code)
    codes.append(gate(acme, voice_tier="ultra").code)
    codes.append(gate(acme).code)
    assert codes == [
        "organization_suspended",
        "channel_not_in_plan",
        "voice_tier_not_in_plan",
        "balance_exhausted",
    ]


NIGHTS = [
    ("America/New_York", dt.date(2026, 2, 1)),
    ("Asia/Kolkata", dt.date(2026, 2, 1)),
    ("Pacific/Auckland", dt.date(2026, 2, 1)),
    ("America/New_York", dt.date(2026, 3, 8)),  # clocks go forward on that day
    ("America/New_York", dt.date(2026, 11, 1)),  # clocks go back
    ("Pacific/Auckland", dt.date(2026, 4, 5)),  # clocks go back
    ("Pacific/Auckland", dt.date(2026, 9, 27)),  # clocks go forward
    ("America/Havana", dt.date(2026, 3, 8)),  # at midnight itself: the day begins at one
]


@pytest.mark.parametrize(("zone", "last_day"), NIGHTS)
def test_everything_stops_together_at_local_midnight_with_no_job_running(
    zone: str, last_day: dt.date
) -> None:
    here = ZoneInfo(zone)
    build_plan()
    begin = dt.datetime.combine(last_day - dt.timedelta(days=5), dt.time(9), tzinfo=here)
    acme = build_organization(time_zone=zone, credits=100, now=begin)
    apply(acme, "starter", now=begin, last_day=last_day)
    report_resources(acme, counts={"phone_numbers": 1}, now=begin)
    end = Period.objects.get().ends_at
    second = dt.timedelta(seconds=1)

    for channel in ("outbound", "inbound", "web"):
        assert gate(acme, channel=channel, now=end - second).allowed
        assert gate(acme, channel=channel, now=end).code == "subscription_ended"
    assert (end - second).astimezone(here).date() == last_day
    assert end.astimezone(here).date() == last_day + dt.timedelta(days=1)


def test_a_plan_that_renews_goes_on_at_local_midnight_with_no_job_running() -> None:
    build_site()
    build_plan(auto_renew=True, overdraft="0", included_credits="4", rates={"call_minutes": "4"})
    acme = build_organization(plan="starter")
    charge([a_call(acme)], now=NOON)
    end = Period.objects.get().ends_at

    before = gate(acme, now=end - dt.timedelta(microseconds=1))
    after = gate(acme, now=end)

    assert (before.code, after.allowed) == ("balance_exhausted", True)
    assert Period.objects.filter(starts_at=end).count() == 1


def test_the_gate_asks_the_database_once(django_assert_num_queries: Any) -> None:
    acme = on_starter()
    gate(acme)

    with django_assert_num_queries(1):
        gate(acme)


def test_a_question_that_is_none_is_refused_with_its_field() -> None:
    acme = on_starter()
    wrong: list[dict[str, Any]] = [
        {"kind": "dance"},
        {"kind": "call", "channel": "smoke"},
        {"kind": "resource", "resource": "unicorns"},
        {"kind": "call", "agent": "nobody"},
        {"kind": "call", "batch": ""},
        {"kind": "resource", "resource": "agents", "batch": "a-way-around-the-end"},
    ]

    for question in wrong:
        with pytest.raises(Invalid) as refusal:
            gate(acme, **question)
        assert refusal.value.fields


def test_an_organization_that_may_not_be_asked_for_is_unknown() -> None:
    acme, other = on_starter(), build_organization(plan="starter")
    question = Question(organization=other.external_id, kind="message")

    with pytest.raises(UnknownOrganization):
        ask(question, now=NOON, only=acme.pk)
