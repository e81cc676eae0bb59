"""Removing a card: asked first, refused in words while something needs it."""

from __future__ import annotations

import pytest

from accounts.models import Organization
from payments.models import Card
from payments.recharging import save_auto_recharge
from tests.builders import build_organization, build_plan
from tests.fakes.stripe_world import StripeWorld
from tests.pages import browser_of, see, words
from tests.payments.conftest import stripe as stripe
from wallet.credits import parse
from wallet.money import Money

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme(stripe: StripeWorld) -> Organization:
    build_plan("starter")
    return build_organization("Acme", plan="starter")


def removal(card: Card) -> str:
    return f"/billing/payment-methods/{card.pk}/remove/"


def test_it_is_asked_first_and_says_what_follows(acme: Organization, stripe: StripeWorld) -> None:
    first, second = stripe.card_for(acme), stripe.card_for(acme)
    client = browser_of(acme)

    assert f"It is the default card. {second} becomes the default." in see(client, removal(first))
    assert "nothing else changes" in see(client, removal(second))
    assert Card.objects.on_file().count() == 2


def test_a_card_is_removed_and_the_oldest_left_is_the_default(
    acme: Organization, stripe: StripeWorld
) -> None:
    first, second = stripe.card_for(acme), stripe.card_for(acme)
    client = browser_of(acme)

    said = words(client.post(removal(first), follow=True))

    assert f"{first} was removed." in said
    assert Card.objects.get(is_default=True) == second
    assert client.post(removal(first)).status_code == 404


def test_the_last_card_stays_while_auto_recharge_needs_it(
    acme: Organization, stripe: StripeWorld
) -> None:
    card = stripe.card_for(acme)
    save_auto_recharge(
        acme, enabled=True, threshold=parse(5), amount=Money(2000, "USD"), now=stripe.now
    )

    client = browser_of(acme)

    asked = client.get(removal(card))
    said = words(client.post(removal(card), follow=True))

    assert "Auto-recharge uses this card" in words(asked)
    assert "button-danger" not in asked.content.decode()
    assert "Auto-recharge uses this card: switch it off, or add another card first." in said
    assert Card.objects.on_file().get() == card


def test_another_organizations_card_is_not_found(acme: Organization, stripe: StripeWorld) -> None:
    theirs = stripe.card_for(build_organization("Other"))
    client = browser_of(acme)

    assert (
        client.get(removal(theirs)).status_code == client.post(removal(theirs)).status_code == 404
    )
