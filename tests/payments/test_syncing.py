"""What a customer does in Stripe's billing portal becomes so here; what is off file goes there."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import Organization
from payments.cards import remove_card
from payments.inbox import keep
from payments.models import Card, Customer, Refund, StripeEvent
from tests.payments.stripe_stage import Stage, event

pytestmark = pytest.mark.django_db


def a_card(stage: Stage, acme: Organization, answer: str = "ok", **card: Any) -> str:
    """Let a card appear at Stripe, as its billing portal does it."""
    return str(stage.fake.card(answer, customer=stage.customer(acme), **card)["id"])


def cards() -> list[tuple[str, str, bool]]:
    return list(Card.objects.values_list("last4", "status", "is_default"))


def test_a_card_that_appears_at_stripe_is_verified_and_its_hold_is_no_refund(
    stage: Stage, acme: Organization
) -> None:
    a_card(stage, acme, last4="1111")

    stage.hear()

    assert cards() == [("1111", "on_file", True)]
    assert stage.fake.book()["open_holds"] == 0
    assert Refund.objects.count() == 0
    assert set(StripeEvent.objects.values_list("status", flat=True)) == {"handled"}


@pytest.mark.parametrize(("answer", "brand"), [("declined", "visa"), ("ok", "discover")])
def test_a_card_that_we_do_not_take_is_not_offered_there_either(
    stage: Stage, acme: Organization, answer: str, brand: str
) -> None:
    a_card(stage, acme, answer, brand=brand)

    stage.hear()

    assert [status for _, status, _ in cards()] == ["refused"]
    assert stage.gateway.cards_of(stage.customer(acme)) == []
    assert set(StripeEvent.objects.values_list("status", flat=True)) == {"handled"}


def test_a_card_removed_at_stripe_is_off_file_and_the_oldest_left_is_default(
    stage: Stage, acme: Organization
) -> None:
    first = a_card(stage, acme, last4="1111")
    stage.hear()
    a_card(stage, acme, last4="2222")
    stage.hear()

    stage.gateway.detach_card(first)
    stage.hear()

    assert cards() == [("1111", "removed", False), ("2222", "on_file", True)]


def test_a_card_made_default_at_stripe_is_default_here(stage: Stage, acme: Organization) -> None:
    a_card(stage, acme, last4="1111")
    stage.hear()
    second = a_card(stage, acme, last4="2222")
    stage.hear()

    stage.gateway.set_default_card(stage.customer(acme), second)
    stage.hear()

    assert cards() == [("1111", "on_file", False), ("2222", "on_file", True)]


def test_a_card_that_its_bank_renewed_shows_its_new_expiry(
    stage: Stage, acme: Organization
) -> None:
    card = a_card(stage, acme, expires=(3, 2026))
    stage.hear()
    method = stage.fake.store.get("payment_method", card)
    renewed = {**method, "card": {**method["card"], "exp_year": 2031}}
    stage.fake.store.change(renewed)
    about = {"id": card, "object": "payment_method", "customer": method["customer"]}
    keep(event(type="payment_method.automatically_updated", data={"object": about}), now=stage.now)

    stage.handle()

    assert Card.objects.get().exp_year == 2031


def test_a_card_that_could_not_be_detached_is_detached_when_stripe_speaks_of_it(
    stage: Stage, acme: Organization
) -> None:
    a_card(stage, acme)
    stage.hear()
    stage.fake.fail_next("hang_up", path="*/detach")
    remove_card(
        acme, card_id=Card.objects.get().pk, renews=False, gateway=stage.gateway, now=stage.now
    )
    stage.fake.heal()
    a_card(stage, acme, last4="2222")

    stage.hear()

    assert [card.last4 for card in stage.gateway.cards_of(stage.customer(acme))] == ["2222"]


def test_a_customer_deleted_at_stripe_is_replaced_and_their_cards_are_off_file(
    stage: Stage, acme: Organization
) -> None:
    a_card(stage, acme)
    stage.hear()
    dead = stage.customer(acme)
    stage.fake.handle(
        "DELETE", f"/v1/customers/{dead}", "", {"authorization": f"Bearer sk_test_{'0' * 24}"}
    )

    stage.hear()

    assert Customer.objects.get().stripe_id != dead
    assert stage.gateway.has_customer(Customer.objects.get().stripe_id)
    assert [status for _, status, _ in cards()] == ["removed"]
