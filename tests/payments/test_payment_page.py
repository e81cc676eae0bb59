"""Where a payer comes back to: what became of the payment, and what can be done about it."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from accounts.models import Membership, Organization
from payments.models import Payment
from tests.builders import build_organization, build_plan
from tests.fakes.stripe_world import StripeWorld
from tests.pages import browser_of, owner_of, see, statements, words
from tests.payments.paying import NO_PAYMENT, balance, page_of, sell, topped_up

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme(stripe: StripeWorld) -> Organization:
    build_plan("starter")
    acme = build_organization("Acme", plan="starter")
    sell()
    return acme


def test_who_comes_back_after_paying_has_the_credits_once_and_the_receipt(
    acme: Organization, stripe: StripeWorld
) -> None:
    client = browser_of(acme)
    payment = topped_up(client)
    stripe.fake.complete_checkout(str(payment.session_id))

    first, again = (see(client, page_of(payment, "?paid=1")) for _ in range(2))

    assert first == again
    assert "Paid. 5,000.00 credits are in the wallet." in first
    assert "Download the receipt (PDF)" in first
    assert balance() == "5000.00"
    assert client.get(page_of(payment, "receipt/"))["Location"].endswith("/receipt/pdf/")


def test_the_key_of_the_form_leads_to_the_payment_too(
    acme: Organization, stripe: StripeWorld
) -> None:
    client = browser_of(acme)
    payment = topped_up(client)

    assert "Not paid yet." in see(client, f"/billing/payments/{payment.key.partition(':')[2]}/")


@pytest.mark.parametrize(
    "query", ["", "?paid=1", "?paid=1&look=19", "?look=x", "?look=99", "?look=" + 5000 * "9"]
)
def test_a_visit_without_having_paid_changes_nothing(acme: Organization, query: str) -> None:
    client = browser_of(acme)
    payment = topped_up(client)

    see(client, page_of(payment, query))

    assert Payment.objects.get().status == "checkout"
    assert balance() == "0.00"
    assert client.get(page_of(payment, "receipt/")).status_code == 404


def test_who_walked_away_can_continue_on_the_same_page_while_it_is_open(
    acme: Organization, stripe: StripeWorld
) -> None:
    client = browser_of(acme)
    payment = topped_up(client)

    said = see(client, page_of(payment))
    onward = client.post(page_of(payment, "continue/"))

    assert "you can continue where you stopped" in said
    assert str(payment.session_id) in onward["Location"]
    assert onward["Referrer-Policy"] == "no-referrer"
    assert "Continue" in see(client, "/billing/history/")


def test_after_a_day_the_page_is_closed_and_the_history_still_says_checkout(
    acme: Organization, stripe: StripeWorld
) -> None:
    client = browser_of(acme)
    payment = topped_up(client)
    with time_machine.travel(stripe.pass_time(hours=25), tick=False):
        stripe.fake.tick()
        client = browser_of(acme)

        said = see(client, page_of(payment))
        onward = client.post(page_of(payment, "continue/"), follow=True)
        history = see(client, "/billing/history/")

    assert "This payment was started and never paid." in said
    assert "There is nothing left to do on that page." in words(onward)
    assert "Checkout Started, never paid $50.00" in history


def test_a_decline_is_told_with_its_reason_and_can_be_tried_again(
    acme: Organization, stripe: StripeWorld
) -> None:
    client = browser_of(acme)
    payment = topped_up(client)
    stripe.fake.complete_checkout(str(payment.session_id), "insufficient_funds")

    said = see(client, page_of(payment))
    failed = Payment.objects.get()

    assert failed.status == "failed"
    assert f"The payment failed, and nothing was charged. {failed.failure}" in said
    assert failed.failure
    assert "Try again" in said
    assert client.get(page_of(payment, "receipt/")).status_code == 404
    assert failed.failure in see(client, "/billing/history/")
    stripe.fake.complete_checkout(str(payment.session_id), "ok")
    assert "Paid." in see(client, page_of(payment))
    assert balance() == "5000.00"


def test_while_stripe_is_silent_the_page_waits_says_so_and_ends_with_words(
    acme: Organization, stripe: StripeWorld
) -> None:
    client = browser_of(acme)
    payment = topped_up(client)
    stripe.fake.complete_checkout(str(payment.session_id))
    stripe.fake.fail_next("refused", times=99)

    first = client.get(page_of(payment, "?paid=1"))
    last = client.get(page_of(payment, "?paid=1&look=20"))

    assert "does not answer just now" in words(first)
    assert first["Refresh"] == "3; url=?look=1&paid=1"
    assert "takes longer than usual" in words(last)
    assert "Refresh" not in last
    assert balance() == "0.00"
    assert "Pending Waiting for the bank's answer" in see(client, "/billing/history/")
    stripe.fake.heal()
    assert "5,000.00 credits are in the wallet" in see(client, page_of(payment, "?paid=1"))


def test_looking_again_asks_the_database_and_not_stripe(
    acme: Organization, stripe: StripeWorld
) -> None:
    client = browser_of(acme)
    payment = topped_up(client)
    stripe.fake.complete_checkout(str(payment.session_id))

    waiting = see(client, page_of(payment, "?paid=1&look=1"))

    assert "Waiting for the confirmation." in waiting
    assert balance() == "0.00"


def test_another_organizations_payment_is_not_found(
    acme: Organization, stripe: StripeWorld
) -> None:
    payment = topped_up(browser_of(acme))
    stranger = browser_of(build_organization("Other"))

    assert stranger.get(page_of(payment)).status_code == 404
    assert stranger.get(page_of(payment, "receipt/")).status_code == 404
    assert stranger.post(page_of(payment, "continue/")).status_code == 404
    assert stranger.get(f"/billing/payments/{NO_PAYMENT}/").status_code == 404


def test_a_payment_of_ones_other_organization_is_looked_at_there(
    acme: Organization, stripe: StripeWorld
) -> None:
    payment = topped_up(browser_of(acme))
    other = build_organization("Other")
    Membership.objects.create(organization=acme, user=owner_of(other), role="owner")
    client = browser_of(other)
    client.post("/organization/", {"organization": other.pk})

    response = client.get(page_of(payment), follow=True)

    assert "Not paid yet." in words(response)
    assert "Acme" in response.content.decode()


def test_what_the_bank_adds_to_the_address_is_taken_away(
    acme: Organization, stripe: StripeWorld
) -> None:
    client = browser_of(acme)
    payment = topped_up(client)

    response = client.get(page_of(payment, "?payment_intent_client_secret=pi_secret"))

    assert response["Location"] == page_of(payment)


def test_a_paid_payments_page_costs_few_statements(acme: Organization, stripe: StripeWorld) -> None:
    client = browser_of(acme)
    payment = topped_up(client)
    stripe.fake.complete_checkout(str(payment.session_id))
    see(client, page_of(payment))

    with statements() as sent:
        see(client, page_of(payment))

    assert len(sent) <= 13


def test_a_payment_says_when_it_was_begun_in_the_organizations_zone(stripe: StripeWorld) -> None:
    tokyo = build_organization("Tokyo", time_zone="Asia/Tokyo")
    payment = topped_up(browser_of(tokyo))

    begun = payment.created_at.astimezone(tokyo.zone)
    assert begun.date() == dt.date(2026, 3, 2)
    assert "2 Mar 2026, 06:00" in see(browser_of(tokyo), page_of(payment))
