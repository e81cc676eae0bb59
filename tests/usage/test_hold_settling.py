"""The report of a call settles its hold, once, in the statement that writes the charge."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from plans.models import Rental
from plans.renting import rent
from tests.builders import a_call
from tests.usage.test_holds import MINUTE, NOON, gate, is_let_in, on_plan, report
from usage.charging import charge
from usage.models import Hold

pytestmark = pytest.mark.django_db


def test_a_call_that_is_reported_settles_its_hold_and_the_next_may_start() -> None:
    acme = on_plan(credits=24)
    assert gate(acme, call="first").allowed
    assert gate(acme, call="second").allowed
    assert not is_let_in(gate(acme, call="third"))

    report(acme, event_id="second", seconds=60)

    assert [held.call for held in Hold.objects.all()] == ["first"]
    assert is_let_in(gate(acme, call="third")) is False  # 20 left, 20 reserved
    report(acme, event_id="first", seconds=60)
    assert is_let_in(gate(acme, call="third"))


def test_a_call_that_did_not_connect_settles_its_hold_too() -> None:
    acme = on_plan(credits=20)
    assert gate(acme).allowed

    report(acme, seconds=0, connected=False)

    assert not Hold.objects.exists()
    assert gate(acme).allowed


def test_without_its_id_the_oldest_of_the_agent_and_channel_is_settled() -> None:
    acme = on_plan(credits=1000)
    rent(acme, item=Rental.PHONE_NUMBER, reference="1", now=NOON)
    acme.agents.create(external_id="other", name="Other", created_at=NOON)
    gate(acme, agent="main", call="named")
    gate(acme, agent="other")
    gate(acme, agent="main", channel="inbound")
    gate(acme, agent="main", now=NOON + MINUTE)
    gate(acme, agent="main", now=NOON + 2 * MINUTE)
    nobody = Hold.objects.create(
        organization=acme,
        channel="web",
        units=0,
        credits=1,
        held_at=NOON - MINUTE,
        expires_at=NOON + 60 * MINUTE,
    )

    for _ in range(3):
        report(acme, now=NOON + 3 * MINUTE)

    left = list(Hold.objects.order_by("id").values_list("agent__external_id", "channel", "call"))
    assert left == [("main", "web", "named"), ("other", "web", ""), ("main", "inbound", "")]
    assert not Hold.objects.filter(pk=nobody.pk).exists()
    # A report for which nothing is held settles nothing.
    report(acme, now=NOON + 3 * MINUTE)
    assert Hold.objects.count() == 3


def test_the_same_report_again_settles_no_second_hold() -> None:
    acme = on_plan(credits=1000)
    for _ in range(2):
        gate(acme)
    call = a_call(acme, "once", started_at=NOON.isoformat())

    charge([call], now=NOON + MINUTE)
    charge([call, call], now=NOON + MINUTE)

    assert Hold.objects.count() == 1


def test_asked_again_about_the_same_call_it_is_reserved_once() -> None:
    acme = on_plan(credits=20)

    answers = [gate(acme, call="retried", now=NOON + second * MINUTE / 60) for second in range(3)]

    assert all(answer.allowed for answer in answers)
    assert Hold.objects.get().held_at == NOON + 2 * MINUTE / 60
    assert not is_let_in(gate(acme, call="other"))


def test_a_call_that_was_reported_already_reserves_nothing() -> None:
    acme = on_plan(credits=24)
    report(acme, event_id="late", seconds=60)

    assert gate(acme, call="late", now=NOON + 2 * MINUTE).allowed

    assert not Hold.objects.exists()


def test_off_the_gate_and_a_charge_are_one_statement_each(
    django_assert_num_queries: Any,
) -> None:
    acme = on_plan(credits=1000, hold_minutes=None)
    gate(acme)
    report(acme)

    with django_assert_num_queries(1):
        gate(acme)
    with django_assert_num_queries(1):
        report(acme)


def test_on_a_refusal_and_a_charge_are_one_statement_each(django_assert_num_queries: Any) -> None:
    acme = on_plan(credits=20)
    report(acme, seconds=30)
    gate(acme)

    with django_assert_num_queries(1):
        gate(acme)
    with django_assert_num_queries(1):
        report(acme)
    with django_assert_num_queries(7):  # look, savepoint, lock, look, clear, hold, release
        gate(acme)


@pytest.mark.parametrize(
    "wrong",
    [
        {"units": Decimal(0), "credits": Decimal(0)},
        {"credits": Decimal(-1)},
        {"units": Decimal(-1)},
        {"expires_at": NOON},
        {"call": "known"},
    ],
)
def test_the_database_refuses_a_hold_that_cannot_be(wrong: dict[str, Any]) -> None:
    acme = on_plan()
    sound = {"units": 1, "credits": 1, "held_at": NOON, "expires_at": NOON + MINUTE}
    Hold.objects.create(organization=acme, channel="web", call="known", **sound)

    with pytest.raises(IntegrityError), transaction.atomic():
        Hold.objects.create(organization=acme, channel="web", **{**sound, **wrong})
