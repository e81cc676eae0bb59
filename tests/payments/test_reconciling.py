"""Every night Stripe's account is held against ours: what was lost on the way is found."""

from __future__ import annotations

import datetime as dt
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Organization
from payments.facts import Charge
from payments.models import Card, Payment, StripeEvent
from payments.reconciling import Report, reconcile
from tests.payments.stripe_stage import HOUR, Stage
from wallet.models import Wallet
from wallet.money import Money

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def reconciled(stage: Stage, **options: Any) -> Report:
    return reconcile(gateway=stage.gateway, now=stage.now, **options)


def charge_elsewhere(stage: Stage, acme: Organization, **metadata: str) -> None:
    """Charge the customer without a payment of ours, as somebody does in Stripe's dashboard."""
    customer = stage.customer(acme)
    card = stage.fake.card("ok", customer=customer)
    charge = Charge(
        amount=Money(700, "USD"),
        customer=customer,
        card=card["id"],
        payment="",
        description="by hand",
        present=False,
        metadata=metadata,
    )
    verb = stage.gateway.hold if "hold" in metadata else stage.gateway.charge
    verb(charge, key="by hand")


def test_events_that_never_came_are_taken_in_and_acted_on(stage: Stage, acme: Organization) -> None:
    stage.fake.webhooks(dropped=["*"])
    stage.paid_top_up(acme)
    assert stage.hear() == 0
    stage.now += DAY

    report = reconciled(stage)
    stage.handle()

    assert report.taken_in == report.events == StripeEvent.objects.count() > 0
    assert Payment.objects.get().status == "paid"
    assert Wallet.objects.get().balance == 5000
    assert reconciled(stage).taken_in == 0


def test_what_was_paid_there_and_not_here_is_settled_even_without_its_events(
    stage: Stage, acme: Organization
) -> None:
    stage.paid_top_up(acme)
    for event in stage.fake.events():
        stage.fake.store.remove(event["id"])

    report = reconciled(stage)

    assert len(report.settled) == 1
    assert Payment.objects.get().status == "paid"
    assert report.agrees


def test_a_dry_run_says_the_same_and_changes_nothing(stage: Stage, acme: Organization) -> None:
    stage.paid_top_up(acme)

    report = reconciled(stage, dry_run=True)

    assert (report.taken_in, len(report.settled)) == (report.events, 1)
    assert StripeEvent.objects.count() == 0
    assert Payment.objects.get().status == "checkout"


def test_money_that_nobody_here_asked_for_is_named(stage: Stage, acme: Organization) -> None:
    charge_elsewhere(stage, acme)

    report = reconciled(stage)

    assert [name.split()[1:] for name in report.unknown] == [["$7.00"]]
    assert not report.agrees


def test_a_payment_that_stripe_knows_nothing_of_is_named(stage: Stage, acme: Organization) -> None:
    payment = stage.paid_top_up(acme)
    stage.hear()
    Payment.objects.update(intent_id="pi_made_up")

    report = reconciled(stage)

    assert report.not_there == [f"payment {payment.pk} {Payment.objects.get()}"]
    assert not report.agrees


def test_what_agrees_is_told_shortly(stage: Stage, acme: Organization) -> None:
    stage.paid_top_up(acme)
    stage.hear()

    report = reconciled(stage)

    assert report.agrees
    assert report.lines() == [
        f"{report.events} events at Stripe, 0 never came and taken in",
        "1 attempts at Stripe, 0 settled there and not here",
        "0 holds voided, 0 cards detached",
    ]


def test_a_hold_left_open_for_an_hour_is_voided(stage: Stage, acme: Organization) -> None:
    charge_elsewhere(stage, acme, hold="pm_ours")
    Card.objects.create(
        organization=acme,
        stripe_id="pm_ours",
        brand="visa",
        last4="4242",
        exp_month=1,
        exp_year=2030,
        created_at=stage.now,
    )
    assert reconciled(stage).holds_voided == 0

    stage.now += HOUR

    assert reconciled(stage, dry_run=True).holds_voided == 1
    assert stage.fake.book()["open_holds"] == 1
    assert reconciled(stage).holds_voided == 1
    assert stage.fake.book()["open_holds"] == 0


def test_a_card_removed_here_is_detached_there(stage: Stage, acme: Organization) -> None:
    stage.fake.card("ok", customer=stage.customer(acme))
    stage.hear()
    Card.objects.update(status=Card.Status.REMOVED, is_default=False)

    assert reconciled(stage, dry_run=True).cards_detached == 1
    assert reconciled(stage).cards_detached == 1

    assert stage.gateway.cards_of(stage.customer(acme)) == []
    assert reconciled(stage).cards_detached == 0


def test_silence_is_reported_and_what_was_done_stays_done(stage: Stage, acme: Organization) -> None:
    stage.paid_top_up(acme)
    stage.fake.fail_next("hang_up", path="/v1/payment_intents*", times=9)

    report = reconciled(stage)

    assert report.stripe_silent
    assert not report.agrees
    assert StripeEvent.objects.count() == report.taken_in > 0


def test_one_that_cannot_be_written_down_is_named_and_stops_nothing(
    stage: Stage, acme: Organization
) -> None:
    stage.paid_top_up(acme)
    Payment.objects.update(amount_minor=1)

    report = reconciled(stage)

    assert ["AmountDiffers" in error for error in report.errors] == [True]
    assert not report.stripe_silent


def test_again_acts_once_more_on_what_came_and_changes_nothing_of_it(
    stage: Stage, acme: Organization
) -> None:
    stage.paid_top_up(acme)
    stage.hear()

    report = reconciled(stage, again=True)
    handled = stage.handle()

    assert handled == report.set_waiting > 0
    assert Wallet.objects.get().balance == 5000


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("reconcile_stripe", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_says_what_it_does_and_what_it_found(stage: Stage, settings: Any) -> None:
    settings.STRIPE_TRANSPORT = stage.fake.transport

    said = run("--days", "7", "--dry-run")

    assert "… Events since" in said
    assert "0 events at Stripe" in said


def test_the_command_fails_where_somebody_has_to_look(stage: Stage, settings: Any) -> None:
    settings.STRIPE_TRANSPORT = stage.fake.transport
    stage.fake.fail_next("hang_up", times=9)

    with pytest.raises(SystemExit):
        run()


@pytest.mark.parametrize("days", ["0", "31"])
def test_the_command_refuses_days_that_stripe_does_not_keep(days: str) -> None:
    with pytest.raises(CommandError):
        run("--days", days)


def test_the_command_says_where_stripe_is_not_set_up(settings: Any) -> None:
    settings.STRIPE_SECRET_KEY = ""

    with pytest.raises(CommandError, match="not set up"):
        run()
