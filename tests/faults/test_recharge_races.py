"""Many charges at once around the recharge threshold, and cards that are changed at once."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection

from accounts.models import Letter, Organization
from payments.cards import choose_default
from payments.models import AutoRecharge, Card, Payment
from payments.recharging import recharge_due, save_auto_recharge
from tests.builders import MARCH_1, a_call, build_organization, build_plan
from tests.fakes.stripe_world import StripeWorld
from tests.faults.threads import at_once, take_out_row_locks
from usage.charging import charge
from wallet.credits import Credits
from wallet.models import Wallet
from wallet.money import Money

pytestmark = pytest.mark.django_db(transaction=True)


def build_recharging(world: StripeWorld, *, credits: int, answers: str = "ok") -> Organization:
    """Make an organization that recharges 1,500 credits below 10, with a card that answers so."""
    build_plan(rates={"call_minutes": "1"})
    organization = build_organization(plan="starter", credits=credits)
    world.card_for(organization, answers)
    save_auto_recharge(
        organization,
        enabled=True,
        threshold=Credits(Decimal(10)),
        amount=Money(1500, "USD"),
        now=world.now,
    )
    return organization


def charge_and_recharge(world: StripeWorld, organization: Organization, event: str) -> None:
    charge([a_call(organization, event)], now=world.now)
    recharge_due(gateway=world.gateway, now=world.now)


def recharge_at_once(threads: int) -> tuple[StripeWorld, Organization, list[BaseException]]:
    """Let each of many threads charge the credit that leaves the wallet below its threshold."""
    world = StripeWorld()
    organization = build_recharging(world, credits=10)
    world.pass_time(hours=3)
    raised = at_once(
        threads, lambda number: charge_and_recharge(world, organization, f"call-{number}")
    )
    return world, organization, raised


def test_64_threads_below_the_threshold_recharge_once() -> None:
    world, organization, raised = recharge_at_once(64)

    assert raised == []
    assert world.fake.book()["charges"] == 1
    assert [payment.status for payment in Payment.objects.all()] == ["paid"]
    assert Wallet.objects.get(organization=organization).balance == 10 - 64 + 1500


def test_without_locks_and_constraint_the_race_of_recharges_is_found_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    take_out_row_locks(monkeypatch)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_indexdef('one_recharge_in_flight'::regclass)")
        index = cursor.fetchone()[0]
        cursor.execute("SELECT pg_get_functiondef('usage_holdings'::regproc)")
        function = cursor.fetchone()[0]
        cursor.execute("DROP INDEX one_recharge_in_flight")
        cursor.execute(function.replace("FOR UPDATE OF w", ""))
    try:
        world, _, raised = recharge_at_once(64)

        assert raised or world.fake.book()["charges"] != 1
    finally:
        Payment.objects.all().delete()
        with connection.cursor() as cursor:
            cursor.execute(index)
            cursor.execute(function)


def test_a_card_that_always_declines_is_tried_three_times_and_mailed_twice() -> None:
    world = StripeWorld()
    organization = build_recharging(world, credits=10, answers="declined")

    for number in range(1000):
        world.pass_time(minutes=7)
        charge_and_recharge(world, organization, f"call-{number}")

    payments = Payment.objects.order_by("id")
    assert [payment.status for payment in payments] == ["failed"] * 3
    first, second, third = (payment.created_at for payment in payments)
    assert second - first >= dt.timedelta(hours=1)
    assert third - second >= dt.timedelta(days=1)
    assert AutoRecharge.objects.get().paused_at is not None
    letters = Letter.objects.filter(code__startswith="recharge").order_by("id")
    assert [letter.code for letter in letters] == ["recharge_failed", "recharge_paused"]
    assert world.fake.book()["charges"] == 0


def test_a_stolen_card_is_tried_once() -> None:
    world = StripeWorld()
    organization = build_recharging(world, credits=9, answers="stolen_card")

    for number in range(5):
        world.pass_time(days=2)
        charge_and_recharge(world, organization, f"call-{number}")

    assert Payment.objects.get().decline_code == "stolen_card"
    assert Letter.objects.get(code__startswith="recharge").code == "recharge_paused"


def choose_at_once(threads: int) -> list[BaseException]:
    """Let many threads make one card or another the default."""
    world = StripeWorld()
    organization = build_organization(plan=None)
    cards = [world.card_for(organization).pk for _ in range(8)]
    return at_once(
        threads,
        lambda number: [
            choose_default(organization, card_id=cards[(number + turn) % 8], now=MARCH_1)
            for turn in range(5)
        ],
    )


def test_64_threads_that_choose_a_default_leave_exactly_one() -> None:
    assert choose_at_once(64) == []
    assert Card.objects.filter(is_default=True).count() == 1


def test_without_row_locks_the_race_of_default_cards_is_found_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    take_out_row_locks(monkeypatch)

    assert choose_at_once(64) != [] or Card.objects.filter(is_default=True).count() != 1
