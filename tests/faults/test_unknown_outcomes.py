"""Stripe's answer is lost, and the process with it: nothing is charged twice, nothing is lost."""

from __future__ import annotations

import contextlib
import random
from decimal import Decimal

import pytest
from django.db.models import Sum

from accounts.models import Organization
from invoices.issuing import issue_invoice
from invoices.models import Invoice
from invoices.totals import Line
from payments.collecting import collect
from payments.gateway import Gateway
from payments.models import Payment
from payments.recharging import recharge_due, save_auto_recharge, want_recharges
from payments.resolving import resolve_due
from tests.builders import build_organization, build_site
from tests.fakes.stripe_world import Killed, StripeWorld
from wallet.credits import Credits
from wallet.models import LedgerEntry, Wallet
from wallet.money import Money

pytestmark = pytest.mark.django_db(transaction=True)

KINDS = ("refused", "hang_up", "timeout", "stored_500")
PRICE = Money(1500, "USD")
INTENTS = "/v1/payment_intents"


def lose_answers(world: StripeWorld, times: int, *, seed: int) -> None:
    """Charge cards with every kind of lost answer, half of them with the process killed.

    Half of the charges settle an invoice, the others are recharges. For a fifth of them the
    sweep stands still for 25 hours, until Stripe has forgotten the key.
    """
    lot = random.Random(seed)
    for number in range(times):
        organization = build_organization(f"Org {number}", now=world.now)
        world.card_for(organization)
        world.fake.fail_next(KINDS[number % 4], path=INTENTS, method="POST")
        world.dies_after_asking = number // 8 % 2 == 0
        with contextlib.suppress(Killed):
            charge(world, organization, invoice=number // 4 % 2 == 0)
        world.dies_after_asking = False
        world.fake.heal()
        if lot.random() < 0.2:
            world.pass_time(hours=25)
        elif number % 10 == 9:
            look_for_an_hour(world)
    look_for_an_hour(world)


def charge(world: StripeWorld, organization: Organization, *, invoice: bool) -> None:
    if invoice:
        line = Line("plan", "Plan", PRICE)
        owed = issue_invoice(organization, key="plan", lines=[line], now=world.now)
        collect(owed, key="plan", gateway=world.gateway, now=world.now)
        return
    save_auto_recharge(
        organization, enabled=True, threshold=Credits(Decimal(10)), amount=PRICE, now=world.now
    )
    want_recharges([organization.pk], now=world.now)
    recharge_due(gateway=world.gateway, now=world.now)


def look_for_an_hour(world: StripeWorld) -> None:
    for _ in range(12):
        world.pass_time(minutes=5)
        recharge_due(gateway=world.gateway, now=world.now)
        resolve_due(gateway=world.gateway, now=world.now)


def found_wrong(world: StripeWorld, times: int) -> list[str]:
    """Answer every figure that is not one to one: Stripe's book, our payments, what they gave."""
    paid = Payment.objects.filter(status=Payment.Status.PAID)
    at_stripe = [charge["metadata"].get("payment") for charge in world.fake.moved()]
    bought = LedgerEntry.objects.filter(kind="top_up")
    figures = {
        "payments that are paid": (paid.count(), times),
        "payments that are not": (Payment.objects.exclude(status="paid").count(), 0),
        "charges at Stripe": (len(at_stripe), times),
        "payments charged": (len(set(at_stripe)), times),
        "invoices that are not paid": (Invoice.objects.exclude(status="paid").count(), 0),
        "invoices": (Invoice.objects.count(), times),
        "credits bought": (bought.count(), times // 2),
        "credits in wallets": (
            Wallet.objects.aggregate(sum=Sum("balance"))["sum"],
            Decimal(1500) * (times // 2),
        ),
    }
    return [f"{name}: {is_} not {must}" for name, (is_, must) in figures.items() if is_ != must]


def prove(times: int, seed: int) -> list[str]:
    build_site()
    world = StripeWorld()
    lose_answers(world, times, seed=seed)
    return found_wrong(world, times)


def test_40_lost_answers_charge_once_each_and_give_once_each() -> None:
    assert prove(40, seed=1) == []


def test_without_the_look_before_the_retry_charges_are_found_doubled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Gateway, "find_intent", lambda *_, **__: None)

    assert any("charges at Stripe" in wrong for wrong in prove(40, seed=1))


@pytest.mark.faults
def test_1000_lost_answers_charge_once_each_and_give_once_each() -> None:
    assert prove(1000, seed=7) == []
