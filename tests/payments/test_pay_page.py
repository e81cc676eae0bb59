"""Paying an open invoice by card: once, with its owner there, and told as it is."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import Organization
from payments.models import Payment
from tests.builders import build_organization, build_plan
from tests.fakes.stripe_world import StripeWorld
from tests.pages import browser_of, see, words
from tests.payments.paying import a_key, page_of

pytestmark = pytest.mark.django_db
INVOICE = "/billing/invoices/INV-000001/"
PAY = f"{INVOICE}pay/"


@pytest.fixture
def acme(stripe: StripeWorld) -> Organization:
    build_plan("starter")
    return build_organization("Acme", plan="starter")


def pay(client: Client, key: str = "") -> Any:
    return client.post(PAY, {"key": key or a_key()}, follow=True)


def test_an_open_invoice_leads_to_paying_it(acme: Organization, stripe: StripeWorld) -> None:
    card, client = stripe.card_for(acme), browser_of(acme)

    assert "Pay now" in see(client, INVOICE)
    assert "Open $99.00 Invoice PDF Pay now" in see(client, "/billing/invoices/")
    said = see(client, PAY)
    assert f"$99.00 Invoice INV-000001 Due 15 Mar 2026 Default card {card}" in said
    assert not Payment.objects.exists()


def test_paying_charges_the_default_card_once_however_often_the_form_is_sent(
    acme: Organization, stripe: StripeWorld
) -> None:
    stripe.card_for(acme)
    client, key = browser_of(acme), a_key()

    first, again = pay(client, key), pay(client, key)

    assert "$99.00 paid. Thank you." in words(first)
    assert "Download the receipt (PDF)" in words(first)
    assert INVOICE in again.redirect_chain[-1][0]
    assert stripe.fake.book()["charges"] == Payment.objects.count() == 1
    assert "Pay now" not in see(client, INVOICE)


def test_a_decline_is_told_and_may_be_tried_again(acme: Organization, stripe: StripeWorld) -> None:
    card, client = stripe.card_for(acme, "declined"), browser_of(acme)

    said = words(pay(client))

    assert "The payment failed, and nothing was charged. Your card was declined." in said
    assert "Try again" in said
    assert "failed. Your card was declined." in see(client, PAY)
    assert client.get(f"{INVOICE}receipt/pdf/").status_code == 404
    stripe.fake.answers(card.stripe_id, "ok")
    assert "$99.00 paid." in words(pay(client))


def test_a_bank_that_wants_its_customer_is_led_to(acme: Organization, stripe: StripeWorld) -> None:
    stripe.card_for(acme, "needs_action")
    client, key = browser_of(acme), a_key()

    to_bank = client.post(PAY, {"key": key})
    payment = Payment.objects.get()
    waiting = see(client, page_of(payment))
    later = client.post(page_of(payment, "continue/"))

    assert "/three_d_secure/" in to_bank["Location"]
    assert later["Location"] == to_bank["Location"]
    assert "Confirm at the bank" in waiting
    assert "A payment of this invoice is on its way." in see(client, PAY)
    stripe.fake.authenticate_intent(str(payment.intent_id))
    assert "Paid. Thank you." in see(client, f"/billing/payments/{key}/")


def test_without_a_card_the_page_says_how_to_pay(acme: Organization) -> None:
    client = browser_of(acme)

    assert "There is no card on file to pay with." in see(client, PAY)
    assert "There is no card on file. Nothing was charged." in words(pay(client))
    assert not Payment.objects.exists()


def test_an_answer_that_is_lost_is_waited_for_and_charged_once(
    acme: Organization, stripe: StripeWorld
) -> None:
    stripe.card_for(acme, "lost_answer")
    client, key = browser_of(acme), a_key()

    said = words(pay(client, key))
    pay(client, a_key())

    assert "does not answer just now" in said
    assert "nothing is charged twice" in said
    assert Payment.objects.get().status == "pending"
    assert stripe.fake.book()["charges"] == 1


def test_a_form_without_its_key_charges_nothing(acme: Organization, stripe: StripeWorld) -> None:
    stripe.card_for(acme)

    for given in ({}, {"key": ""}, {"key": "x"}):
        response = browser_of(acme).post(PAY, given)
        assert "Pay $99.00" in words(response)
    assert not Payment.objects.exists()


def test_another_organizations_invoice_is_not_found(acme: Organization) -> None:
    stranger = browser_of(build_organization("Other"))

    assert stranger.get(PAY).status_code == stranger.post(PAY).status_code == 404
