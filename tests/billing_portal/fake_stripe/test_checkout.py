"""Checkout sessions: paid, declined, walked away from, expired; cards saved on them."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from billing_portal.devstack.fake_stripe import Refused
from tests.billing_portal.fake_stripe.conftest import START, Shop


def test_a_payment_is_made_once_with_its_metadata(shop: Shop) -> None:
    session = shop.checkout(5000, client_reference_id="7", metadata={"payment": "7"})
    assert (session.status, session.payment_intent) == ("open", None)

    shop.fake.complete_checkout(session.id)

    done = shop.v1.checkout.sessions.retrieve(
        session.id, {"expand": ["payment_intent.latest_charge", "line_items"]}
    )
    assert (done.status, done.payment_status, done.url) == ("complete", "paid", None)
    assert done.payment_intent.metadata["payment"] == "7"
    assert done.payment_intent.latest_charge.amount == 5000
    assert done.line_items.data[0].description == "Top-up"
    with pytest.raises(Refused):
        shop.fake.complete_checkout(session.id)
    assert shop.fake.book()["charges"] == 1


def test_a_decline_leaves_the_page_open_for_another_card(shop: Shop) -> None:
    session = shop.checkout()

    assert shop.fake.complete_checkout(session.id, "insufficient_funds")["status"] == "open"
    assert shop.fake.complete_checkout(session.id, "ok")["payment_status"] == "paid"

    assert shop.fake.book()["charges"] == 1
    assert len({one["payment_intent"] for one in shop.fake.store.all("charge")}) == 1


def test_an_owner_passes_3d_secure_or_does_not(shop: Shop) -> None:
    session = shop.checkout()

    failed = shop.fake.complete_checkout(session.id, "needs_action", authenticate=False)
    passed = shop.fake.complete_checkout(session.id, "needs_action")

    assert (failed["status"], passed["status"]) == ("open", "complete")


def test_a_saved_card_pays_and_a_strangers_does_not(shop: Shop) -> None:
    stranger = shop.v1.customers.create({}).id
    theirs = shop.fake.card(customer=stranger)["id"]
    session = shop.checkout()
    with pytest.raises(Refused):
        shop.fake.complete_checkout(session.id, theirs)

    done = shop.fake.complete_checkout(session.id, shop.card)

    assert done["payment_status"] == "paid"
    assert shop.fake.moved()[0]["payment_method"] == shop.card


def test_a_card_is_kept_only_where_that_was_asked_for(shop: Shop) -> None:
    def saved() -> int:
        return len(shop.v1.payment_methods.list({"customer": shop.customer, "type": "card"}).data)

    shop.fake.complete_checkout(shop.checkout().id)
    assert saved() == 1

    keep = {"setup_future_usage": "off_session"}
    shop.fake.complete_checkout(shop.checkout(payment_intent_data=keep).id)

    assert saved() == 2


def test_setting_a_card_up_attaches_it_and_charges_nothing(shop: Shop) -> None:
    session = shop.setup(metadata={"organization": "7"})

    shop.fake.complete_checkout(session.id, "ok", brand="amex")

    done = shop.v1.checkout.sessions.retrieve(
        session.id, {"expand": ["setup_intent.payment_method"]}
    )
    card = done.setup_intent.payment_method
    assert (card.card.brand, card.card.last4, card.customer) == ("amex", "0005", shop.customer)
    assert shop.fake.book()["charges"] == 0
    assert shop.told()[-3:] == [
        "payment_method.attached",
        "setup_intent.succeeded",
        "checkout.session.completed",
    ]


def test_a_card_can_be_refused_already_when_it_is_saved(shop: Shop) -> None:
    session = shop.setup()

    assert shop.fake.complete_checkout(session.id, "refused")["status"] == "open"

    intent = shop.v1.setup_intents.retrieve(session.setup_intent)
    assert intent.last_setup_error.code == "card_declined"
    assert intent.last_setup_error.decline_code == "generic_decline"


def test_a_page_that_nobody_finishes_expires_after_a_day(shop: Shop) -> None:
    session = shop.checkout()
    assert shop.fake.abandon(session.id)["status"] == "open"
    shop.fake.advance(hours=23, seconds=3599)
    assert shop.v1.checkout.sessions.retrieve(session.id).status == "open"

    shop.fake.advance(seconds=1)

    assert shop.v1.checkout.sessions.retrieve(session.id).status == "expired"
    assert shop.told()[-1] == "checkout.session.expired"
    with pytest.raises(Refused):
        shop.fake.complete_checkout(session.id)


def test_a_page_can_be_ended_by_the_shop(shop: Shop) -> None:
    session = shop.checkout()
    shop.fake.complete_checkout(session.id, "declined")

    assert shop.v1.checkout.sessions.expire(session.id).status == "expired"

    intent = shop.v1.checkout.sessions.retrieve(session.id).payment_intent
    assert shop.v1.payment_intents.retrieve(intent).status == "canceled"
    with pytest.raises(stripe.InvalidRequestError):
        shop.v1.checkout.sessions.expire(session.id)


@pytest.mark.parametrize("minutes", [29, 24 * 60 + 1])
def test_a_page_lives_from_half_an_hour_to_a_day(shop: Shop, minutes: int) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="expires_at"):
        shop.checkout(expires_at=START + minutes * 60)

    assert shop.checkout(expires_at=START + 30 * 60).status == "open"


def test_a_lost_answer_on_the_page_is_paid_and_told_to_nobody(shop: Shop) -> None:
    shop.fake.listen("https://shop.test/stripe/webhook/", "whsec_x")
    session = shop.checkout()

    shop.fake.complete_checkout(session.id, "lost_answer")

    assert shop.fake.deliver(lambda *_: 200) == 0
    assert shop.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"


def test_an_intent_of_a_page_is_left_to_the_page(shop: Shop) -> None:
    session = shop.checkout()
    shop.fake.complete_checkout(session.id, "declined")
    intent = shop.v1.checkout.sessions.retrieve(session.id).payment_intent

    with pytest.raises(stripe.InvalidRequestError, match="Checkout"):
        shop.v1.payment_intents.confirm(intent, {"payment_method": shop.card})


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"line_items": []}, "line_items"),
        ({"setup_intent_data": {"metadata": {}, "description": "x"}}, "setup_intent_data"),
        ({"success_url": ""}, "success_url"),
        ({"cancel_url": "javascript:alert(1)"}, "cancel_url"),
        ({"customer": "cus_nobody"}, "customer"),
    ],
)
def test_a_page_that_cannot_be_is_refused_by_name(
    shop: Shop, changes: dict[str, Any], param: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        shop.checkout(**changes)

    assert caught.value.param == param
