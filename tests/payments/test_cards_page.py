"""Payment methods: cards are added at Stripe, verified, chosen, and told with their last day."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import Organization
from payments.models import Card
from tests.builders import build_organization, build_plan
from tests.fakes.stripe_world import StripeWorld
from tests.pages import browser_of, see, statements, words
from tests.payments.paying import a_key

pytestmark = pytest.mark.django_db
CARDS = "/billing/payment-methods/"


@pytest.fixture
def acme(stripe: StripeWorld) -> Organization:
    build_plan("starter")
    return build_organization("Acme", plan="starter")


def add(client: Client, stripe: StripeWorld, answers: str = "ok", **card: Any) -> str:
    """Go to Stripe's page, finish it, come back; answers what the page says then."""
    to_stripe = client.post(f"{CARDS}add/", {"key": a_key()})
    session = to_stripe["Location"].rpartition("/")[2]
    stripe.fake.complete_checkout(session, answers, **card)
    return words(client.get(f"{CARDS}added/?session={session}", follow=True))


def test_without_a_card_the_page_says_what_one_is_good_for(acme: Organization) -> None:
    said = see(browser_of(acme), CARDS)

    assert "There is no card on file." in said
    assert "We take Visa, Mastercard, American Express." in said
    assert "it is not a charge" in said


def test_an_added_card_is_verified_and_becomes_the_default(
    acme: Organization, stripe: StripeWorld
) -> None:
    said = add(browser_of(acme), stripe, last4="4242", expires=(12, 2030))

    assert "Visa ending in 4242 is verified and on file." in said
    assert "Visa ending in 4242 Default Good until the end of December 2030." in said
    assert stripe.fake.book()["open_holds"] == stripe.fake.book()["charges"] == 0


def test_coming_back_twice_adds_one_card(acme: Organization, stripe: StripeWorld) -> None:
    client = browser_of(acme)
    session = client.post(f"{CARDS}add/", {"key": a_key()})["Location"].rpartition("/")[2]
    stripe.fake.complete_checkout(session)

    for _ in range(2):
        assert "is verified and on file" in words(
            client.get(f"{CARDS}added/?session={session}", follow=True)
        )
    assert Card.objects.count() == 1


def test_a_brand_that_is_not_taken_is_refused_by_name(
    acme: Organization, stripe: StripeWorld
) -> None:
    said = add(browser_of(acme), stripe, brand="discover")

    assert "The card was not added. We do not take Discover cards" in said
    assert "Not added" in said


def test_a_card_whose_hold_is_declined_is_not_added_and_the_reason_is_told(
    acme: Organization, stripe: StripeWorld
) -> None:
    said = add(browser_of(acme), stripe, "declined")

    refusal = Card.objects.get().refusal
    assert refusal
    assert f"The card was not added. {refusal}" in said
    assert "Default" not in said


def test_a_card_that_waits_for_its_answer_is_told_as_being_verified(
    acme: Organization, stripe: StripeWorld
) -> None:
    stripe.fake.fail_next("timeout", path="/v1/payment_intents*", method="POST", times=9)

    said = add(browser_of(acme), stripe)

    assert "The card is being verified" in said
    assert "Being verified We wait for the bank's answer" in said
    assert "Make default" not in said


@pytest.mark.parametrize("session", ["", "x", "cs_nobody", "pi_1", "../cs_1"])
def test_a_page_that_is_not_known_adds_nothing(
    acme: Organization, stripe: StripeWorld, session: str
) -> None:
    said = words(browser_of(acme).get(f"{CARDS}added/", {"session": session}, follow=True))

    assert "No card was added." in said
    assert not Card.objects.exists()


def test_another_organizations_page_adds_nothing(acme: Organization, stripe: StripeWorld) -> None:
    session = browser_of(acme).post(f"{CARDS}add/", {"key": a_key()})["Location"]
    stripe.fake.complete_checkout(session.rpartition("/")[2])
    stranger = browser_of(build_organization("Other"))

    said = words(stranger.get(f"{CARDS}added/?session={session.rpartition('/')[2]}", follow=True))

    assert "The card was not added." in said
    assert not Card.objects.exists()


def test_a_page_that_was_walked_away_from_adds_nothing(
    acme: Organization, stripe: StripeWorld
) -> None:
    client = browser_of(acme)
    session = client.post(f"{CARDS}add/", {"key": a_key()})["Location"].rpartition("/")[2]

    said = words(client.get(f"{CARDS}added/?session={session}", follow=True))

    assert "No card was added." in said


def test_another_card_is_made_the_default(acme: Organization, stripe: StripeWorld) -> None:
    stripe.card_for(acme)
    second = stripe.card_for(acme)

    said = words(browser_of(acme).post(f"{CARDS}{second.pk}/default/", follow=True))

    assert f"{second} is the default card now." in said
    assert Card.objects.get(is_default=True) == second


def test_another_organizations_card_cannot_be_chosen(
    acme: Organization, stripe: StripeWorld
) -> None:
    theirs = stripe.card_for(build_organization("Other"))

    said = words(browser_of(acme).post(f"{CARDS}{theirs.pk}/default/", follow=True))

    assert "There is no card on file." in said


@pytest.mark.parametrize(
    ("month", "year", "said"),
    [
        (2, 2026, "Expired at the end of February 2026. Add another card."),
        (3, 2026, "Expires soon at the end of March 2026. Add another card in time."),
        (4, 2026, "Good until the end of April 2026."),
    ],
)
def test_a_card_that_ends_is_flagged_in_words(
    acme: Organization, stripe: StripeWorld, month: int, year: int, said: str
) -> None:
    card = stripe.card_for(acme)
    Card.objects.filter(pk=card.pk).update(exp_month=month, exp_year=year)

    assert said in see(browser_of(acme), CARDS)


def test_the_portal_is_opened_on_click_and_its_address_goes_nowhere_else(
    acme: Organization, stripe: StripeWorld, caplog: pytest.LogCaptureFixture
) -> None:
    client = browser_of(acme)
    page = client.get(CARDS).content.decode()

    first, second = (client.post(f"{CARDS}manage/") for _ in range(2))

    assert "/p/session/bps_" in first["Location"] != second["Location"]
    assert first["Referrer-Policy"] == "no-referrer"
    assert "bps_" not in page + caplog.text
    assert 'target="_blank" rel="noopener"' in page


@pytest.mark.parametrize("act", ["add/", "manage/"])
def test_stripe_is_down_and_the_page_answers_and_says_so(
    acme: Organization, stripe: StripeWorld, act: str
) -> None:
    stripe.fake.fail_next("refused", times=99)

    response = browser_of(acme).post(CARDS + act, {"key": a_key()}, follow=True)

    assert response.status_code == 200
    assert "does not answer just now" in words(response)


def test_ten_cards_cost_as_many_statements_as_one(acme: Organization, stripe: StripeWorld) -> None:
    client = browser_of(acme)
    stripe.card_for(acme)
    with statements() as few:
        see(client, CARDS)
    for _ in range(9):
        stripe.card_for(acme)
    with statements() as many:
        see(client, CARDS)

    assert len(many) == len(few) <= 12
