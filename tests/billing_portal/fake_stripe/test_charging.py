"""Cards pay, hold and decline as Stripe's test cards do."""

from __future__ import annotations

import pytest
import stripe

from billing_portal.devstack.fake_stripe import FakeStripe, cards
from tests.billing_portal.fake_stripe.conftest import Shop


def test_a_charge_moves_money_and_tells_of_it(shop: Shop) -> None:
    paid = shop.charge(5000, metadata={"payment": "7"}, expand=["latest_charge"])

    assert (paid.status, paid.amount_received) == ("succeeded", 5000)
    assert paid.latest_charge.metadata["payment"] == "7"
    assert shop.fake.book()["currencies"]["usd"]["charged"] == 5000
    assert shop.told()[-3:] == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
    ]


@pytest.mark.parametrize(
    ("answer", "code", "decline_code"),
    [
        ("declined", "card_declined", "generic_decline"),
        ("insufficient_funds", "card_declined", "insufficient_funds"),
        ("stolen_card", "card_declined", "stolen_card"),
        ("lost_card", "card_declined", "lost_card"),
        ("closed_account", "card_declined", "invalid_account"),
        ("expired", "expired_card", "expired_card"),
        ("processing_error", "processing_error", "processing_error"),
        ("needs_action", "authentication_required", "authentication_required"),
    ],
)
def test_a_decline_is_a_402_with_its_reason_and_the_intent(
    shop: Shop, answer: str, code: str, decline_code: str
) -> None:
    shop.fake.answers(shop.card, answer)

    with pytest.raises(stripe.CardError) as caught:
        shop.charge()

    error = caught.value
    assert (error.http_status, error.code) == (402, code)
    assert error.error is not None
    assert error.error.payment_intent is not None
    assert error.error.decline_code == decline_code
    intent = shop.v1.payment_intents.retrieve(error.error.payment_intent.id)
    assert (intent.status, intent.payment_method) == ("requires_payment_method", None)
    assert intent.last_payment_error.payment_method.id == shop.card
    assert shop.fake.book()["charges"] == 0
    assert shop.told()[-2:] == ["charge.failed", "payment_intent.payment_failed"]


@pytest.mark.parametrize("answer", ["ok", "needs_action", "lost_answer"])
def test_a_hold_succeeds_moves_nothing_and_is_given_back(shop: Shop, answer: str) -> None:
    shop.fake.answers(shop.card, answer)
    held = shop.hold()
    assert (held.status, held.amount_capturable) == ("requires_capture", 100)
    assert shop.fake.book()["open_holds"] == 1

    assert shop.v1.payment_intents.cancel(held.id).status == "canceled"

    book = shop.fake.book()
    assert (book["charges"], book["refunds"], book["open_holds"]) == (0, 0, 0)


@pytest.mark.parametrize("answer", ["declined", "expired"])
def test_a_hold_is_declined_by_a_card_that_declines(shop: Shop, answer: str) -> None:
    shop.fake.answers(shop.card, answer)

    with pytest.raises(stripe.CardError):
        shop.hold()

    assert shop.fake.book()["open_holds"] == 0


def test_a_hold_can_be_captured_in_part_and_expires_after_a_week(shop: Shop) -> None:
    first, second = shop.hold(1000), shop.hold(1000)
    captured = shop.v1.payment_intents.capture(first.id, {"amount_to_capture": 600})
    assert (captured.status, captured.amount_received) == ("succeeded", 600)

    shop.fake.advance(days=7)

    expired = shop.v1.payment_intents.retrieve(second.id)
    assert (expired.status, expired.cancellation_reason) == ("canceled", "automatic")
    assert shop.fake.book()["currencies"] == {
        "usd": {"charged": 600, "refunded": 0, "disputed": 0, "held": 0}
    }


def test_an_owner_who_is_there_confirms_by_3d_secure(shop: Shop) -> None:
    shop.fake.answers(shop.card, "needs_action")
    waiting = shop.charge(off_session=False, return_url="https://shop.test/back")
    assert waiting.status == "requires_action"
    assert waiting.next_action.redirect_to_url.return_url == "https://shop.test/back"

    shop.fake.authenticate_intent(waiting.id, passed=False)
    refused = shop.v1.payment_intents.retrieve(waiting.id)
    again = {"payment_method": shop.card, "return_url": "https://shop.test/back"}
    shop.v1.payment_intents.confirm(waiting.id, again)
    shop.fake.authenticate_intent(waiting.id)

    assert refused.last_payment_error.code == "payment_intent_authentication_failure"
    assert shop.v1.payment_intents.retrieve(waiting.id).status == "succeeded"
    assert shop.fake.book()["charges"] == 1


def test_a_lost_answer_charges_and_sends_no_event(shop: Shop) -> None:
    shop.fake.listen("https://shop.test/stripe/webhook/", "whsec_x")
    shop.fake.answers(shop.card, "lost_answer")

    with pytest.raises(stripe.APIConnectionError):
        shop.charge(key="act-1")

    assert shop.fake.book()["charges"] == 1
    assert shop.fake.deliver(lambda *_: 200) == 0
    assert shop.charge(key="act-1").status == "succeeded"
    assert shop.fake.book()["charges"] == 1


def test_a_charge_without_methods_named_needs_a_way_back(shop: Shop) -> None:
    params = {"amount": 5000, "currency": "usd", "payment_method": "pm_card_visa", "confirm": True}

    with pytest.raises(stripe.InvalidRequestError, match="return_url"):
        shop.v1.payment_intents.create(params)


@pytest.mark.parametrize(
    ("amount", "currency", "code"),
    [
        (49, "usd", "amount_too_small"),
        (49, "jpy", "amount_too_small"),
        (100_000_000, "usd", "amount_too_large"),
        (5_123, "kwd", "invalid_charge_amount"),
        (0, "usd", "parameter_invalid_integer"),
    ],
)
def test_amounts_that_stripe_refuses_are_refused(
    shop: Shop, amount: int, currency: str, code: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        shop.charge(amount, currency=currency)

    assert (caught.value.code, caught.value.param) == (code, "amount")


@pytest.mark.parametrize(("amount", "currency"), [(7000, "jpy"), (5_120, "kwd")])
def test_currencies_without_and_with_three_decimals_are_charged(
    shop: Shop, amount: int, currency: str
) -> None:
    shop.charge(amount, currency=currency)

    assert shop.fake.book()["currencies"][currency]["charged"] == amount


def test_a_paid_intent_is_not_paid_again_nor_cancelled(shop: Shop) -> None:
    paid = shop.charge()

    for verb in ("confirm", "cancel", "capture"):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            getattr(shop.v1.payment_intents, verb)(paid.id)
        assert caught.value.code == "payment_intent_unexpected_state"


def test_a_detached_card_and_a_strangers_card_cannot_be_charged(shop: Shop) -> None:
    stranger = shop.v1.customers.create({"name": "Stranger"}).id
    with pytest.raises(stripe.InvalidRequestError, match="belongs to a Customer"):
        shop.charge(customer=stranger)

    shop.v1.payment_methods.detach(shop.card)

    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        shop.charge()


@pytest.mark.parametrize("name", [f"pm_card_{name}" for card in cards.CARDS for name in card.names])
def test_stripes_test_names_can_be_attached(shop: Shop, name: str) -> None:
    card = cards.named(name)
    assert card is not None
    if card.answer == "refused":
        with pytest.raises(stripe.CardError):
            shop.v1.payment_methods.attach(name, {"customer": shop.customer})
        return

    attached = shop.v1.payment_methods.attach(name, {"customer": shop.customer})

    assert (attached.card.brand, attached.card.last4) == (card.brand, card.number[-4:])


def test_a_card_that_disputes_does_so_at_once(shop: Shop) -> None:
    shop.fake.answers(shop.card, "dispute")

    shop.charge()

    assert shop.fake.book()["disputes"] == 1


def test_no_card_answers_what_does_not_exist(fake: FakeStripe) -> None:
    card = fake.card()["id"]

    with pytest.raises(ValueError, match="none of"):
        fake.answers(card, "maybe")
