"""Idempotency as Stripe promises it, no more and no less."""

from __future__ import annotations

import threading

import pytest
import stripe

from billing_portal.devstack.fake_stripe import ConnectionLost, FakeStripe
from tests.billing_portal.fake_stripe.conftest import Shop
from tests.fakes.stripe_transport import KEY

HEADERS = {"Authorization": f"Bearer {KEY}"}


def make_customer(fake: FakeStripe, key: str, body: str = "email=a@b.c") -> tuple[int, str, str]:
    headers = {**HEADERS, "Idempotency-Key": key}
    answer = fake.handle("post", "/v1/customers", body, headers)
    return answer.status, answer.body, answer.headers.get("Idempotent-Replayed", "no")


def test_the_same_request_is_answered_as_the_first_time(fake: FakeStripe) -> None:
    first, second = make_customer(fake, "k"), make_customer(fake, "k")

    assert first[:2] == second[:2]
    assert (first[2], second[2]) == ("no", "true")
    assert len(fake.store.all("customer")) == 1


def test_other_parameters_under_the_same_key_are_refused(shop: Shop) -> None:
    shop.charge(5000, key="k")

    with pytest.raises(stripe.IdempotencyError):
        shop.charge(6000, key="k")

    assert shop.fake.book()["charges"] == 1


def test_another_address_under_the_same_key_is_refused(shop: Shop) -> None:
    held = shop.hold(key="k")

    with pytest.raises(stripe.IdempotencyError):
        shop.v1.payment_intents.cancel(held.id, {}, {"idempotency_key": "k"})


def test_a_decline_is_answered_again_also_when_the_card_would_pay_now(shop: Shop) -> None:
    shop.fake.answers(shop.card, "declined")
    with pytest.raises(stripe.CardError):
        shop.charge(key="k")

    shop.fake.answers(shop.card, "ok")

    with pytest.raises(stripe.CardError):
        shop.charge(key="k")
    assert shop.fake.book()["charges"] == 0
    assert len(shop.fake.store.all("charge")) == 1


def test_a_500_is_answered_again_though_the_charge_was_made(shop: Shop) -> None:
    shop.fake.fail_next("stored_500", path="/v1/payment_intents")

    for _ in range(2):
        with pytest.raises(stripe.APIError):
            shop.charge(key="k")

    assert shop.fake.book()["charges"] == 1


def test_nothing_is_kept_of_what_was_never_begun(shop: Shop) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        shop.charge(1, key="k")
    shop.fake.fail_next("error_500")
    with pytest.raises(stripe.APIError):
        shop.charge(5000, key="k")
    shop.fake.fail_next("error_429")
    with pytest.raises(stripe.RateLimitError):
        shop.charge(5000, key="k")

    assert shop.charge(5000, key="k").status == "succeeded"


def test_a_key_is_forgotten_after_a_day(shop: Shop) -> None:
    shop.charge(key="k")
    shop.fake.advance(hours=23, seconds=3599)
    shop.charge(key="k")
    assert shop.fake.book()["charges"] == 1

    shop.fake.advance(seconds=1)

    shop.charge(key="k")
    assert shop.fake.book()["charges"] == 2


def test_the_same_key_at_the_same_time_is_a_conflict(fake: FakeStripe) -> None:
    threads, statuses = 8, list[int]()

    def ask() -> None:
        statuses.append(make_customer(fake, "k")[0])

    with fake.store.lock:
        running = [threading.Thread(target=ask) for _ in range(threads)]
        for thread in running:
            thread.start()
        while len(statuses) < threads - 1:
            running[0].join(0.01)
    for thread in running:
        thread.join()

    assert sorted(statuses) == [200] + [409] * (threads - 1)
    assert len(fake.store.all("customer")) == 1


def test_a_key_may_have_255_characters(fake: FakeStripe) -> None:
    assert make_customer(fake, "k" * 255)[0] == 200
    assert make_customer(fake, "k" * 256)[0] == 400


def test_reading_needs_no_key_and_keeps_none(shop: Shop) -> None:
    shop.v1.customers.retrieve(shop.customer, {}, {"idempotency_key": "k"})

    assert shop.charge(key="k").status == "succeeded"


@pytest.mark.parametrize(
    ("fault", "charges"), [("refused", 0), ("hang_up", 1), ("timeout", 1), ("stored_500", 1)]
)
def test_unknown_outcomes_come_before_and_after_the_effect(
    shop: Shop, fault: str, charges: int
) -> None:
    shop.fake.fail_next(fault, path="/v1/payment_intents*", method="POST")

    with pytest.raises((stripe.APIConnectionError, stripe.APIError)):
        shop.charge(key="k")

    assert shop.fake.book()["charges"] == charges
    assert shop.v1.customers.retrieve(shop.customer).id == shop.customer


def test_a_fault_strikes_as_often_as_planted_and_can_be_taken_back(fake: FakeStripe) -> None:
    fake.fail_next("refused", times=2)
    for _ in range(2):
        with pytest.raises(ConnectionLost) as caught:
            make_customer(fake, "k")
        assert caught.value.how == "refused"
    assert make_customer(fake, "k")[0] == 200

    fake.fail_next("refused", times=9)
    fake.heal()

    assert make_customer(fake, "other")[0] == 200
