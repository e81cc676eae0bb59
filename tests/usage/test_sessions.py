"""Sessions count by 24-hour windows from their start, each in the period in which it opens."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from accounts.models import Organization
from plans.models import Counter, Period
from plans.standing import Badge, standing
from tests.builders import MARCH_1, apply, build_organization, build_plan
from usage.charging import Result, charge
from usage.gate import ask
from usage.models import UsageEvent
from usage.questions import Question
from usage.reports import LONGEST_SESSION_ID
from usage.windows import count_windows, ids_of, opens_at, window_id
from wallet.balances import balances

HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)


def on_plan(**terms: Any) -> Organization:
    build_plan(**{"rates": {}, "quotas": {"sessions": 50}, **terms})
    return build_organization(plan="starter", credits=100)


def report(
    organization: Organization,
    hours: float,
    *,
    event_id: str = "s-1",
    start: dt.datetime = MARCH_1,
    later: dt.timedelta = 90 * DAY,
    **facts: Any,
) -> Result:
    event = {
        "organization": organization.external_id,
        "id": event_id,
        "agent": "main",
        "kind": "session",
        "started_at": start.isoformat(),
        "ended_at": (start + HOUR * hours).isoformat(),
        **facts,
    }
    return charge([event], now=start + later)[0]


def counted() -> dict[int, int]:
    """Answer the sessions counted, by the number of the period."""
    counters = Counter.objects.filter(meter="sessions").select_related("period")
    return {counter.period.number: int(counter.used) for counter in counters}


@pytest.mark.parametrize(
    ("hours", "windows"),
    [(0, 1), (0.1, 1), (24, 1), (24 + 1 / 3600, 2), (36, 2), (48, 2), (49, 3), (240, 10)],
)
def test_a_session_has_one_window_for_every_24_hours_begun(hours: float, windows: int) -> None:
    assert count_windows(MARCH_1, MARCH_1 + HOUR * hours) == windows


def test_windows_are_real_hours_over_a_change_of_clocks() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    start = dt.datetime(2026, 3, 28, 12, tzinfo=berlin).astimezone(dt.UTC)
    noon = dt.datetime(2026, 3, 29, 12, tzinfo=berlin).astimezone(dt.UTC)

    assert noon - start == 23 * HOUR
    assert count_windows(start, noon + HOUR) == 1
    assert count_windows(start, noon + HOUR + dt.timedelta(seconds=1)) == 2
    assert opens_at(start, 1) == noon + HOUR


def test_each_window_has_an_id_of_its_own_that_no_report_can_have() -> None:
    ids = ids_of("s-1", 3)

    assert ids == ["s-1", *(window_id("s-1", window) for window in range(3))]
    assert len(set(ids)) == 4


@pytest.mark.django_db
def test_the_longest_session_under_the_longest_id_counts_every_window() -> None:
    result = report(on_plan(), 60 * 24, event_id="x" * LONGEST_SESSION_ID)

    assert (result.status, counted()) == ("charged", {1: 60})


@pytest.mark.django_db
def test_a_session_counts_its_windows_and_reported_again_only_its_new_ones() -> None:
    acme = on_plan()

    results = [report(acme, hours).status for hours in (1, 24, 25, 25, 49)]

    assert results == ["charged", "duplicate", "charged", "duplicate", "charged"]
    assert counted() == {1: 3}


@pytest.mark.django_db
def test_a_session_that_is_said_to_be_shorter_later_changes_nothing() -> None:
    acme = on_plan(rates={"sessions": "2"}, quotas={})

    longer, shorter = report(acme, 49), report(acme, 1)

    assert (longer.credits, shorter.status) == (6, "duplicate")
    assert counted() == {1: 3}
    assert balances(acme, now=MARCH_1 + DAY).wallet == 94


@pytest.mark.django_db
@pytest.mark.parametrize("other", [{"start": MARCH_1 + HOUR}, {"agent": "second"}])
def test_other_facts_under_a_session_s_id_are_a_conflict(other: dict[str, Any]) -> None:
    acme = on_plan()
    report(acme, 1)

    result = report(acme, 30, **other)

    assert (result.status, result.code) == ("conflict", "id_conflict")
    assert counted() == {1: 1}


@pytest.mark.django_db
def test_a_call_under_a_session_s_id_is_a_conflict() -> None:
    acme = on_plan(rates={"messages": "1"})
    report(acme, 1)
    message = {
        "organization": acme.external_id,
        "id": "s-1",
        "agent": "main",
        "kind": "message",
        "direction": "in",
        "at": MARCH_1.isoformat(),
    }

    assert charge([message], now=MARCH_1 + DAY)[0].code == "id_conflict"


@pytest.mark.django_db
def test_each_window_counts_in_the_period_in_which_it_opens() -> None:
    acme = on_plan()
    apply(acme, "starter", now=MARCH_1 + 36 * HOUR)

    report(acme, 80)

    assert counted() == {1: 2, 2: 2}


@pytest.mark.django_db
def test_a_window_that_opens_after_the_end_counts_in_the_last_period() -> None:
    acme = on_plan(period="2 days")

    report(acme, 24 * 5)

    assert counted() == {1: 5}
    assert Period.objects.count() == 1


@pytest.mark.django_db
def test_windows_use_the_allowance_and_then_the_rate() -> None:
    acme = on_plan(rates={"sessions": "2.5"}, allowances={"sessions": "2"}, quotas={})

    result = report(acme, 80)

    assert (result.allowance, result.credits) == (2, 5)
    assert counted() == {1: 4}


@pytest.mark.django_db
def test_a_plan_that_sells_no_sessions_counts_them_all_the_same() -> None:
    acme = on_plan(quotas={})

    result = report(acme, 30)

    assert (result.status, result.credits) == ("charged", 0)
    assert counted() == {1: 2}


@pytest.mark.django_db
def test_on_answered_only_plans_a_session_counts_once_it_is_answered_with_all_its_windows() -> None:
    acme = on_plan(answered_only=True)

    silent = [report(acme, hours, answered=False).status for hours in (1, 30)]
    before = counted()
    answered = report(acme, 49, answered=True)
    again = report(acme, 49, answered=True)

    assert (silent, before) == (["charged", "duplicate"], {})
    assert (answered.status, again.status) == ("charged", "duplicate")
    assert counted() == {1: 3}


@pytest.mark.django_db
def test_where_every_session_counts_an_unanswered_one_does_too() -> None:
    acme = on_plan()

    report(acme, 1, answered=False)

    assert counted() == {1: 1}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "wrong",
    [
        {"ended_at": (MARCH_1 - HOUR).isoformat()},
        {"ended_at": (MARCH_1 + 61 * DAY).isoformat()},
        {"ended_at": None},
        {"answered": "yes"},
        {"id": "with\x1fmark"},
        {"id": "x" * 198},
    ],
)
def test_a_session_that_cannot_be_is_refused_with_its_field(wrong: dict[str, Any]) -> None:
    result = report(on_plan(), 1, **wrong)

    assert (result.status, list(result.fields)) == ("refused", list(wrong))
    assert not UsageEvent.objects.exists()


@pytest.mark.django_db
def test_the_session_that_uses_up_a_trial_s_quota_ends_it_when_it_is_recorded() -> None:
    build_plan("trial", "trial", quotas={"sessions": 3}, rates={})
    acme = build_organization(plan="trial")

    report(acme, 30, later=31 * HOUR)
    runs = standing(acme, now=MARCH_1 + 31 * HOUR)
    report(acme, 1, event_id="s-2", later=32 * HOUR)
    report(acme, 1, event_id="s-3", later=33 * HOUR)

    ended = standing(acme, now=MARCH_1 + 32 * HOUR)
    assert (runs.is_over, ended.badge, ended.days_left) == (False, Badge.EXPIRED, 0)
    answer = ask(Question(organization=acme.external_id), now=MARCH_1 + 32 * HOUR)
    assert answer.code == "subscription_ended"
    assert Period.objects.get().used_up_at == MARCH_1 + 32 * HOUR
    assert counted() == {1: 4}  # what has happened counts, also beyond the quota


@pytest.mark.django_db
def test_a_paid_plan_s_quota_stops_work_and_does_not_end_the_plan() -> None:
    acme = on_plan(quotas={"sessions": 2})

    report(acme, 30)

    now = MARCH_1 + 31 * HOUR
    assert ask(Question(organization=acme.external_id), now=now).code == "session_limit_reached"
    assert standing(acme, now=now).badge == Badge.ACTIVE
    assert acme.letters.filter(code="session_limit_100").count() == 1


@pytest.mark.django_db
def test_every_window_leaves_an_event_and_a_trace_of_its_own() -> None:
    acme = on_plan(rates={"sessions": "1"}, quotas={})

    report(acme, 49)

    events = UsageEvent.objects.order_by("started_at")
    assert [event.started_at for event in events] == [MARCH_1, MARCH_1 + DAY, MARCH_1 + 2 * DAY]
    assert {event.credits for event in events} == {Decimal(1)}
    assert all(event.trace["meter"] == "sessions" for event in events)
