"""The platform is told of a balance that is low, pauses work, or does so no more; not often."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Callback, Letter, Organization, WebhookEndpoint
from accounts.webhook_endpoints import register
from tests.builders import MARCH_1, a_call, apply, build_organization, build_plan
from usage.alerting import tell_crossings
from usage.balance_notices import LEAST_GAP, tell_restored
from usage.charging import charge
from usage.models import BalanceNotice
from wallet.adjusting import adjust_credits
from wallet.credits import Credits

pytestmark = pytest.mark.django_db

NOON = MARCH_1 + dt.timedelta(hours=3)
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _listener() -> None:
    register(
        "http://127.0.0.1/hooks",
        events=["balance.low", "balance.blocked", "balance.restored"],
        now=MARCH_1,
    )


def on_plan(credits: int = 5, **terms: Any) -> Organization:
    """Make an organization whose calls cost a credit a minute."""
    build_plan(**{"overdraft": "3", "rates": {"call_minutes": {"web": "1"}}, **terms})
    return build_organization(plan="starter", credits=credits)


def call(acme: Organization, minutes: int, now: dt.datetime = NOON) -> None:
    [result] = charge([a_call(acme, seconds=60 * minutes)], now=now)
    assert result.status == "charged"


def give(acme: Organization, credits: str, now: dt.datetime, **gift: Any) -> None:
    adjust_credits(
        acme, credits=Credits(Decimal(credits)), reason="gift", key=str(now), now=now, **gift
    )


def told(acme: Organization) -> list[tuple[str, str, str]]:
    """Answer what the platform is told: the event, the balance, the bell."""
    owed = Callback.objects.filter(organization=acme).order_by("id")
    said = [json.loads(body) for body in owed.values_list("body", flat=True)]
    return [
        (one["type"].removeprefix("balance."), one["data"]["wallet"], one["data"]["bell"])
        for one in said
    ]


def test_low_blocked_and_restored_are_told_with_their_figures_once_each() -> None:
    acme = on_plan()

    for minutes in (4, 2, 1, 2, 1):
        call(acme, minutes)
    give(acme, "20", NOON + MINUTE)
    for _ in range(2):
        tell_restored(now=NOON + MINUTE)

    assert told(acme) == [
        ("low", "-1", "amber"),
        ("blocked", "-4", "red"),
        ("restored", "15", "none"),
    ]


def test_a_plain_charge_asks_no_statement_more_because_somebody_listens() -> None:
    acme = on_plan(credits=50)

    def statements() -> int:
        with CaptureQueriesContext(connection) as asked:
            call(acme, 1)
        return len(asked)

    statements()
    listened_to = statements()
    WebhookEndpoint.objects.all().delete()
    assert statements() == listened_to


def test_what_pauses_no_work_any_more_is_restored_also_where_the_bell_stays_amber() -> None:
    acme = on_plan()
    call(acme, 10)
    give(acme, "3", NOON + MINUTE)

    tell_restored(now=NOON + MINUTE)

    assert told(acme) == [("blocked", "-5", "red"), ("restored", "-2", "amber")]


def test_credits_that_are_not_enough_restore_nothing() -> None:
    acme = on_plan()
    call(acme, 10)
    give(acme, "1", NOON + MINUTE)

    assert tell_restored(now=NOON + MINUTE) == 0
    give(acme, "1", NOON + 2 * MINUTE)
    assert tell_restored(now=NOON + 2 * MINUTE) == 0

    assert [event for event, *_ in told(acme)] == ["blocked"]


@pytest.mark.parametrize("lift", ["bonus", "plan"])
def test_a_bonus_or_another_plan_restores_as_well(lift: str) -> None:
    acme = on_plan()
    call(acme, 10)
    if lift == "bonus":
        give(acme, "1", NOON, expires_at=NOON + dt.timedelta(days=9))
    else:
        build_plan("bigger", overdraft="100")
        apply(acme, "bigger", now=NOON)

    tell_restored(now=NOON + MINUTE)

    assert [event for event, *_ in told(acme)] == ["blocked", "restored"]


def test_a_balance_that_was_never_blocked_is_never_restored() -> None:
    acme = on_plan()
    call(acme, 6)
    give(acme, "100", NOON + MINUTE)

    assert tell_restored(now=NOON + 60 * MINUTE) == 0
    assert [event for event, *_ in told(acme)] == ["low"]


def test_a_flutter_around_zero_is_one_notice_and_each_crossing_its_letter() -> None:
    acme = on_plan(credits=1, overdraft="50")

    for second in range(20):
        now = NOON + dt.timedelta(seconds=second)
        call(acme, 1, now)
        give(acme, "1", now)

    assert [event for event, *_ in told(acme)] == ["low"]
    assert Letter.objects.filter(code="low_balance").count() == 20
    give(acme, "1", NOON + LEAST_GAP)
    call(acme, 1, NOON + LEAST_GAP)
    call(acme, 1, NOON + LEAST_GAP + dt.timedelta(seconds=20))
    assert [event for event, *_ in told(acme)] == ["low", "low"]


def test_a_flutter_around_the_edge_is_told_of_twice_in_each_gap_and_ends_with_the_truth() -> None:
    acme = on_plan(credits=0, overdraft="0")
    give(acme, "1", NOON)
    seconds = range(0, 600, 20)

    for second in seconds:
        now = NOON + dt.timedelta(seconds=second)
        call(acme, 1, now)
        give(acme, "1", now + dt.timedelta(seconds=5))
        tell_restored(now=now + dt.timedelta(seconds=10))
    tell_restored(now=NOON + dt.timedelta(seconds=600) + LEAST_GAP)

    events = [event for event, *_ in told(acme)]
    assert events == ["blocked", "restored"] * (len(events) // 2)
    assert len(events) <= 2 * 4 < len(seconds)
    assert told(acme)[-1] == ("restored", "1", "none")


def test_low_is_not_told_while_the_platform_still_thinks_that_work_is_paused() -> None:
    acme = on_plan()
    call(acme, 10)
    give(acme, "10", NOON + MINUTE)
    call(acme, 6, NOON + MINUTE)

    assert [event for event, *_ in told(acme)] == ["blocked"]
    tell_restored(now=NOON + 2 * MINUTE)

    assert told(acme)[1:] == [("restored", "-1", "amber")]


def test_where_nobody_listens_nothing_is_remembered_and_the_letter_is_owed() -> None:
    acme = on_plan()
    WebhookEndpoint.objects.update(events=["invoice.paid"])

    call(acme, 10)

    assert told(acme) == []
    assert not BalanceNotice.objects.exists()
    assert Letter.objects.filter(code="balance_blocked").count() == 1


def test_two_that_settle_at_once_tell_it_once() -> None:
    acme = on_plan()
    call(acme, 10)
    give(acme, "20", NOON)

    assert tell_restored(now=NOON) + tell_restored(now=NOON) == 1
    assert tell_crossings(now=NOON) == 0
