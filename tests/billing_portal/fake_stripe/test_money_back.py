"""Refunds and disputes: never more than was paid, each counted once."""

from __future__ import annotations

import pytest
import stripe

from tests.billing_portal.fake_stripe.conftest import Shop


def test_a_payment_is_given_back_in_parts_until_nothing_is_left(shop: Shop) -> None:
    paid = shop.charge(5000)
    part = {"payment_intent": paid.id, "amount": 2000, "metadata": {"refund": "1"}}
    assert shop.v1.refunds.create(part).status == "succeeded"
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded"):
        shop.v1.refunds.create({"payment_intent": paid.id, "amount": 3001})

    rest = shop.v1.refunds.create({"payment_intent": paid.id})

    assert rest.amount == 3000
    charge = shop.v1.charges.retrieve(paid.latest_charge)
    assert (charge.amount_refunded, charge.refunded) == (5000, True)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        shop.v1.refunds.create({"payment_intent": paid.id})
    assert caught.value.code == "charge_already_refunded"
    listed = shop.v1.refunds.list({"payment_intent": paid.id}).data
    assert [one.amount for one in listed] == [3000, 2000]
    assert shop.fake.book()["currencies"]["usd"]["refunded"] == 5000


def test_a_refund_can_come_back_and_the_money_is_there_again(shop: Shop) -> None:
    paid = shop.charge(5000)
    shop.fake.answers(shop.card, "refund_fails")
    refund = shop.v1.refunds.create({"payment_intent": paid.id})
    assert refund.status == "succeeded"

    shop.fake.advance(seconds=5)

    failed = shop.v1.refunds.retrieve(refund.id)
    assert (failed.status, failed.failure_reason) == ("failed", "expired_or_canceled_card")
    assert shop.v1.charges.retrieve(paid.latest_charge).amount_refunded == 0
    assert shop.fake.book()["refunds"] == 0
    assert "refund.failed" in shop.told()


def test_what_was_never_taken_cannot_be_given_back(shop: Shop) -> None:
    held = shop.hold()

    with pytest.raises(stripe.InvalidRequestError, match="nothing to refund"):
        shop.v1.refunds.create({"payment_intent": held.id})


@pytest.mark.parametrize(("won", "status", "disputed"), [(True, "won", 0), (False, "lost", 5000)])
def test_a_dispute_takes_the_money_until_it_is_decided(
    shop: Shop, won: bool, status: str, disputed: int
) -> None:
    paid = shop.charge(5000)
    dispute = shop.fake.dispute(paid.id)
    assert shop.fake.book()["currencies"]["usd"]["disputed"] == 5000
    with pytest.raises(stripe.InvalidRequestError, match="charged back"):
        shop.v1.refunds.create({"payment_intent": paid.id})

    shop.fake.decide_dispute(dispute["id"], won=won)

    assert shop.v1.disputes.retrieve(dispute["id"]).status == status
    assert shop.fake.book()["currencies"]["usd"]["disputed"] == disputed
    assert "charge.dispute.closed" in shop.told()


def test_evidence_decides_as_in_stripes_test_mode(shop: Shop) -> None:
    first = shop.fake.dispute(shop.charge().id)
    second = shop.fake.dispute(shop.charge().id)
    third = shop.fake.dispute(shop.charge().id)

    winning = {"evidence": {"uncategorized_text": "winning_evidence"}}
    won = shop.v1.disputes.update(first["id"], winning)
    reviewed = shop.v1.disputes.update(second["id"], {"evidence": {"customer_name": "A"}})
    lost = shop.v1.disputes.close(third["id"])

    assert (won.status, reviewed.status, lost.status) == ("won", "under_review", "lost")


def test_a_dispute_takes_no_more_than_what_is_left(shop: Shop) -> None:
    paid = shop.charge(5000)
    shop.v1.refunds.create({"payment_intent": paid.id, "amount": 2000})

    assert shop.fake.dispute(paid.id)["amount"] == 3000


def test_the_balance_is_what_was_charged_less_what_went_back_and_fees(shop: Shop) -> None:
    paid = shop.charge(10_000, expand=["latest_charge.balance_transaction"])
    shop.v1.refunds.create({"payment_intent": paid.id, "amount": 4000})
    dispute = shop.fake.dispute(paid.id)
    shop.fake.decide_dispute(dispute["id"], won=True)

    moves = shop.v1.balance_transactions.list({"limit": 100}).data

    assert paid.latest_charge.balance_transaction.net == 10_000 - 320
    assert sum(one.amount for one in moves) == 6000
    assert sum(one.net for one in moves) == 6000 - 320 - 1500
