"""Auto-recharge on the wallet: what is agreed to is read first, and kept word for word."""

from __future__ import annotations

import pytest

from accounts.models import Organization
from payments.models import AutoRecharge, Card, Consent
from payments.recharging import recharge_due, want_recharges
from tests.builders import build_organization, build_plan
from tests.fakes.stripe_world import StripeWorld
from tests.pages import browser_of, owner_of, see, words
from tests.payments.paying import sell

pytestmark = pytest.mark.django_db
WALLET, PAGE = "/billing/wallet/", "/billing/wallet/auto-recharge/"
FIGURES = {"threshold": "500", "amount": "20.00"}
SENTENCE = (
    "Auto-recharge: below 500.00 credits the default card is charged $20.00, "
    "at most $100.00 in a month"
)


@pytest.fixture
def acme(stripe: StripeWorld) -> Organization:
    build_plan("starter")
    acme = build_organization("Acme", plan="starter")
    sell(ceiling=10000)
    return acme


@pytest.fixture
def card(acme: Organization, stripe: StripeWorld) -> Card:
    return stripe.card_for(acme)


def recharge(acme: Organization, stripe: StripeWorld) -> None:
    """Let a charge have left too little, and make the recharge."""
    want_recharges([acme.pk], now=stripe.now)
    recharge_due(gateway=stripe.gateway, now=stripe.now)


def test_without_a_card_the_wallet_says_so_and_leads_to_adding_one(acme: Organization) -> None:
    client = browser_of(acme)

    assert "there is none on file. Add a card first." in see(client, WALLET)
    assert "There is no card to charge. Add a card first." in see(client, PAGE)
    said = words(client.post(PAGE, FIGURES))
    assert "There is no card" in said
    assert not AutoRecharge.objects.exists()


def test_the_sentence_that_is_read_is_the_sentence_that_is_kept(
    acme: Organization, card: Card
) -> None:
    client = browser_of(acme)

    read = words(client.get(PAGE, FIGURES))
    nothing_yet = not Consent.objects.exists()
    said = words(client.post(PAGE, FIGURES, follow=True))

    assert nothing_yet
    consent = Consent.objects.get()
    assert f"You agree to this {SENTENCE} Default card {card}" in read
    assert (consent.words, consent.actor) == (SENTENCE, owner_of(acme))
    assert "Auto-recharge is on." in said
    assert f"Auto-recharge On {SENTENCE}." in said


def test_switching_off_is_kept_too_and_the_figures_stay(acme: Organization, card: Card) -> None:
    client = browser_of(acme)
    client.post(PAGE, FIGURES)

    said = words(client.post(f"{PAGE}off/", follow=True))

    assert "Auto-recharge is off." in said
    assert [one.enabled for one in Consent.objects.order_by("id")] == [True, False]
    assert 'value="20.00"' in client.get(WALLET).content.decode()
    client.post(f"{PAGE}off/")
    assert Consent.objects.count() == 2


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ({"threshold": "-1"}, "The threshold cannot be below zero."),
        ({"threshold": "much"}, "“much” is not an amount of credits."),
        ({"threshold": "0.0000001"}, "Credits have 6 decimals"),
        ({"amount": "9.99"}, "The smallest top-up is $10.00."),
        ({"amount": "100.01"}, "Recharges of a month stay within $100.00."),
        ({"amount": ""}, "This field is required."),
    ],
)
def test_figures_that_cannot_be_are_refused_and_stay_typed(
    acme: Organization, card: Card, typed: dict[str, str], why: str
) -> None:
    client = browser_of(acme)
    given = FIGURES | typed

    for response in (client.get(PAGE, given), client.post(PAGE, given)):
        assert why in words(response)
        assert "Agree and switch on" not in words(response)
        assert f'value="{given["threshold"]}"' in response.content.decode()
    assert not Consent.objects.exists()


def test_a_failed_attempt_is_told_with_its_reason_and_when_the_next_one_may_be(
    acme: Organization, stripe: StripeWorld, card: Card
) -> None:
    client = browser_of(acme)
    client.post(PAGE, FIGURES)
    stripe.fake.answers(card.stripe_id, "declined")

    recharge(acme, stripe)

    said = see(client, WALLET)
    assert "Last attempt 1 Mar 2026, 21:00: $20.00 failed . Your card was declined." in said
    assert "The next attempt is not made before 1 Mar 2026, 22:00." in said


def test_a_pause_says_what_lifts_it_and_saving_again_lifts_it(
    acme: Organization, stripe: StripeWorld, card: Card
) -> None:
    client = browser_of(acme)
    client.post(PAGE, FIGURES)
    stripe.fake.answers(card.stripe_id, "stolen_card")
    recharge(acme, stripe)

    paused = see(client, WALLET)
    client.post(PAGE, FIGURES)

    assert "Auto-recharge Paused" in paused
    assert "Save the setting again, or choose another default card, to lift it." in paused
    assert "Auto-recharge On" in see(client, WALLET)


def test_a_recharge_that_was_made_is_the_last_attempt(
    acme: Organization, stripe: StripeWorld, card: Card
) -> None:
    client = browser_of(acme)
    client.post(PAGE, FIGURES)

    recharge(acme, stripe)

    assert "$20.00 paid" in see(client, WALLET)


def test_a_month_that_is_used_up_is_told_with_its_figures(
    acme: Organization, stripe: StripeWorld, card: Card
) -> None:
    client = browser_of(acme)
    client.post(PAGE, FIGURES | {"amount": "60.00"})

    recharge(acme, stripe)

    said = see(client, WALLET)
    assert "Recharges of this month have come to $60.00 of $100.00 ." in said
    assert "none is made before next month" in said
