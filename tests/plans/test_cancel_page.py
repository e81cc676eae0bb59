"""Cancelling and taking that back; the banner of a payment that failed, until it is settled."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client

from accounts.models import Organization
from payments.models import Card
from plans.dunning import collect_due
from plans.models import Subscription
from plans.renewing import renew_due
from tests.builders import build_organization, build_plan
from tests.fakes.stripe_world import StripeWorld
from tests.pages import BILLING_PAGES, browser_of, see, statements, words
from tests.payments.conftest import LATE
from tests.payments.paying import a_key
from tests.plans.shopping import CANCEL, CHANGE, USAGE, build_plans, send_choice, subscribed

pytestmark = pytest.mark.django_db
UNDO = f"{CANCEL}undo/"
MARCH_31 = dt.datetime(2026, 3, 31, 1, 0, tzinfo=dt.UTC)
DUE = "Payment pending."


@pytest.fixture
def acme(stripe: StripeWorld) -> Organization:
    build_plans()
    return build_organization("Acme")


@pytest.fixture
def client(acme: Organization, stripe: StripeWorld) -> Client:
    client = browser_of(acme)
    subscribed(client, stripe)
    return client


@pytest.fixture
def declined(acme: Organization, client: Client, stripe: StripeWorld) -> Iterator[Client]:
    """The renewal of 31 March is declined."""
    stripe.card_for(acme, "declined")
    stripe.now = MARCH_31
    renew_due(now=MARCH_31)
    collect_due(gateway=stripe.gateway, now=MARCH_31)
    with time_machine.travel(MARCH_31, tick=False):
        yield browser_of(acme)


def test_cancelling_is_asked_first_and_says_until_when_everything_works(client: Client) -> None:
    said = see(client, CANCEL)

    assert "Cancel Team?" in said
    assert "Everything works until the end of 30 March 2026." in said
    assert Subscription.objects.get().canceled_at is None


def test_cancelled_it_shows_the_day_and_can_be_undone(client: Client) -> None:
    said = words(client.post(CANCEL, follow=True))
    assert "Canceled subscription Team 30 days left" in said
    assert "Expires after 30 Mar 2026" in said
    assert "Cancel subscription" not in said
    assert client.get(CANCEL)["Location"] == USAGE

    said = words(client.post(UNDO, follow=True))

    assert "The cancellation is taken back. " in said
    assert "Active subscription Team" in said
    assert "is not cancelled, or it has ended" in words(client.post(UNDO, follow=True))


def test_after_the_end_it_still_says_cancelled_and_offers_the_plans(
    acme: Organization, client: Client
) -> None:
    client.post(CANCEL)

    with time_machine.travel(LATE + dt.timedelta(days=40), tick=False):
        said = see(browser_of(acme), USAGE)

    assert "Canceled subscription Team 0 days left" in said
    assert "Expired after 30 Mar 2026" in said
    assert "Choose a plan" in said
    assert "Undo" not in said


def test_the_upcoming_plan_goes_with_it(client: Client) -> None:
    send_choice(client, "growth", when="period_end")
    assert "The upcoming plan Growth is cancelled too." in see(client, CANCEL)

    said = words(client.post(CANCEL, follow=True))

    assert "Upcoming subscription" not in said


def test_who_has_nothing_to_cancel_is_told(stripe: StripeWorld) -> None:
    build_plan("trial", "trial")
    build_plans()
    client = browser_of(build_organization("New", plan="trial"))

    assert client.get(CANCEL)["Location"] == USAGE
    assert "available on a running paid plan only" in words(client.post(CANCEL, follow=True))
    assert "Cancel subscription" not in see(client, USAGE)


def test_every_page_wears_the_banner_with_the_day_access_ends(declined: Client) -> None:
    for address in BILLING_PAGES:
        said = see(declined, address)
        assert DUE in said
        assert "ends on 7 April 2026" in said
        assert "Pay now Add another card" in said
    assert "Payment issue" in see(declined, USAGE)


def test_after_the_grace_the_banner_stays_in_other_words(
    acme: Organization, declined: Client
) -> None:
    with time_machine.travel(MARCH_31 + dt.timedelta(days=8), tick=False):
        said = see(browser_of(acme), USAGE)

    assert f"{DUE} Your payment is overdue and the grace period has expired." in said
    assert "Access ended on 7 April 2026" in said
    assert "Expired subscription Team 0 days left" in said


def test_nothing_else_is_chosen_before_it_is_settled(declined: Client) -> None:
    said = see(declined, CHANGE)
    assert "Settle it first; then you can choose another plan." in said
    assert "Subscribe" not in said

    refused = declined.post(f"{CHANGE}growth/", {"key": a_key(), "when": "now"}, follow=True)

    assert "please settle it first" in words(refused)


def test_paying_takes_the_banner_away_at_once(
    acme: Organization, declined: Client, stripe: StripeWorld
) -> None:
    card = Card.objects.default_of(acme)
    assert card is not None
    stripe.fake.answers(card.stripe_id, "ok")
    number = acme.invoices.order_by("-id")[0].number
    assert f"/billing/invoices/{number}/pay/" in declined.get(USAGE).content.decode()

    paid = declined.post(f"/billing/invoices/{number}/pay/", {"key": a_key()}, follow=True)

    assert "$30.00 paid. Thank you." in words(paid)
    assert DUE not in words(paid)
    assert "Active subscription Team 30 days left" in see(declined, USAGE)


def test_another_default_card_is_charged_at_once(
    acme: Organization, declined: Client, stripe: StripeWorld
) -> None:
    stripe.pass_time(minutes=5)
    with time_machine.travel(stripe.now, tick=False):
        works = stripe.card_for(acme)
        said = words(declined.post(f"/billing/payment-methods/{works.pk}/default/", follow=True))

    assert "The pending payment was made with it. Thank you." in said
    assert DUE not in said


def test_another_card_that_is_declined_too_says_so(
    acme: Organization, declined: Client, stripe: StripeWorld
) -> None:
    stripe.pass_time(minutes=5)
    with time_machine.travel(stripe.now, tick=False):
        other = stripe.card_for(acme, "declined")
        said = words(declined.post(f"/billing/payment-methods/{other.pk}/default/", follow=True))

    assert "The pending payment could not be made with it." in said
    assert DUE in said


def test_cancelling_in_the_grace_ends_it_at_once(declined: Client) -> None:
    assert "The renewal is not paid, so the subscription ends at once" in see(declined, CANCEL)

    said = words(declined.post(CANCEL, follow=True))

    assert DUE not in said
    assert "Canceled subscription Team 0 days left" in said
    assert "Undo" not in said


def test_the_banner_costs_no_statement(declined: Client, acme: Organization) -> None:
    with statements() as due:
        declined.get("/billing/history/")
    declined.post(CANCEL)
    declined.get("/billing/history/")
    with statements() as quiet:
        declined.get("/billing/history/")

    assert len(due) == len(quiet)


def test_the_last_card_stays_while_the_plan_renews_with_it(
    client: Client, acme: Organization, stripe: StripeWorld
) -> None:
    card = stripe.card_for(acme)

    asked = see(client, f"/billing/payment-methods/{card.pk}/remove/")
    said = words(client.post(f"/billing/payment-methods/{card.pk}/remove/", follow=True))

    assert "Your plan renews with this card: add another card first." in asked
    assert "Your plan renews with this card: add another card first." in said
    client.post(CANCEL)
    removed = client.post(f"/billing/payment-methods/{card.pk}/remove/", follow=True)
    assert "was removed" in words(removed)
