"""Webhooks: signed, at least once, late, doubled, shuffled, dropped and held on request."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
import stripe

from billing_portal.devstack.fake_stripe import sign
from tests.billing_portal.fake_stripe.conftest import START, Shop
from tests.fakes.stripe_types import check_object

SECRET = "whsec_test"
URL = "https://shop.test/stripe/webhook/"


class Ear:
    """Hears what is delivered, and answers as it is told."""

    def __init__(self, shop: Shop, *statuses: int) -> None:
        self.shop, self.statuses, self.heard = shop, list(statuses), list[dict[str, Any]]()

    def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        assert url == URL
        event = stripe.Webhook.construct_event(
            body.decode(), headers["Stripe-Signature"], SECRET, tolerance=300
        )
        assert event.id
        self.heard.append(json.loads(body))
        return self.statuses.pop(0) if self.statuses else 200

    @property
    def types(self) -> list[str]:
        return [event["type"] for event in self.heard]


@pytest.fixture
def ear(shop: Shop) -> Ear:
    shop.fake.listen(URL, SECRET)
    return Ear(shop)


def test_events_are_signed_and_sent_in_order_with_the_snapshot_of_then(
    shop: Shop, ear: Ear
) -> None:
    paid = shop.charge(metadata={"a": "1"})
    shop.v1.payment_intents.update(paid.id, {"metadata": {"a": "2"}})

    assert shop.fake.deliver(ear) == 3

    assert ear.types == ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded"]
    assert ear.heard[0]["data"]["object"]["status"] == "requires_confirmation"
    assert ear.heard[2]["data"]["object"]["metadata"] == {"a": "1"}
    assert ear.heard[0]["pending_webhooks"] == 1
    for event in ear.heard:
        check_object(event)
    assert shop.fake.deliver(ear) == 0
    assert shop.v1.events.retrieve(ear.heard[0]["id"]).pending_webhooks == 0


def test_a_forged_or_altered_body_is_found_by_the_sdk(shop: Shop) -> None:
    body = b'{"object": "event"}'
    header = sign(body, SECRET, START)

    for other, secret in ((body + b" ", SECRET), (body, "whsec_other")):
        with pytest.raises(stripe.SignatureVerificationError):
            stripe.WebhookSignature.verify_header(other.decode(), header, secret, tolerance=None)


def test_what_is_not_taken_is_tried_again_later(shop: Shop, ear: Ear) -> None:
    ear.statuses = [500, 0, 200]
    shop.fake.card(customer=shop.customer)

    assert shop.fake.deliver(ear) == 1
    assert shop.fake.deliver(ear) == 0
    shop.fake.advance(seconds=1)
    shop.fake.deliver(ear)
    shop.fake.advance(seconds=5)
    shop.fake.deliver(ear)
    shop.fake.advance(days=4)

    assert shop.fake.deliver(ear) == 0
    assert Counter(event["id"] for event in ear.heard).most_common(1)[0][1] == 3


def test_after_three_days_it_is_given_up(shop: Shop, ear: Ear) -> None:
    ear.statuses = [500] * 100
    shop.fake.card(customer=shop.customer)

    for _ in range(100):
        shop.fake.deliver(ear)
        shop.fake.advance(hours=1)

    assert shop.fake.deliveries.waiting() == 0
    assert [row["state"] for row in shop.fake.store.run("SELECT state FROM deliveries")] == [
        "given_up"
    ]


def test_events_can_be_late_doubled_shuffled_dropped_and_held(shop: Shop, ear: Ear) -> None:
    shop.fake.webhooks(held=True)
    shop.charge()
    assert shop.fake.deliver(ear) == 0

    shop.fake.webhooks(held=False, late=60, dropped=["charge.succeeded"])
    assert shop.fake.deliver(ear) == 0
    shop.fake.advance(seconds=60)
    shop.fake.webhooks(doubled=True)
    shop.fake.deliver(ear)

    kept = ["payment_intent.created", "payment_intent.succeeded"]
    assert Counter(ear.types) == dict.fromkeys(kept, 2)


def test_a_seed_decides_another_order(shop: Shop, ear: Ear) -> None:
    orders = set()
    for seed in range(8):
        ear.heard.clear()
        shop.fake.webhooks(shuffled=seed)
        shop.charge()
        shop.fake.deliver(ear)
        assert len(ear.heard) == 3
        orders.add(tuple(ear.types))

    assert len(orders) > 1


def test_an_event_is_sent_again_on_request(shop: Shop, ear: Ear) -> None:
    shop.charge()
    shop.fake.deliver(ear)
    first = ear.heard[0]

    shop.fake.resend(first["id"])
    shop.fake.deliver(ear)

    assert ear.heard[-1]["id"] == first["id"]


def test_only_what_was_asked_for_is_sent(shop: Shop) -> None:
    made = shop.v1.webhook_endpoints.create(
        {"url": URL, "enabled_events": ["payment_intent.succeeded"]}
    )
    ear = Ear(shop)
    shop.fake.listen(URL, SECRET)
    assert made.secret
    assert "secret" not in str(shop.v1.webhook_endpoints.retrieve(made.id))

    shop.charge()
    shop.fake.deliver(ear)

    assert ear.types == ["payment_intent.succeeded"]


def test_an_update_says_what_was_before(shop: Shop) -> None:
    default = {"invoice_settings": {"default_payment_method": shop.card}}
    shop.v1.customers.update(shop.customer, default)

    event = shop.fake.events("customer.updated")[-1]

    before = event["data"]["previous_attributes"]["invoice_settings"]
    assert before["default_payment_method"] is None


def test_events_carry_the_version_that_was_asked_with(shop: Shop) -> None:
    shop.v1.customers.create({}, {"stripe_version": "2026-05-27.dahlia"})

    assert shop.fake.events()[-1]["api_version"] == "2026-05-27.dahlia"


def test_events_can_be_listed_by_type_and_time(shop: Shop) -> None:
    shop.charge()
    shop.fake.advance(seconds=100)
    shop.charge()

    late = shop.v1.events.list({"created": {"gte": START + 100}}).data
    paid = shop.v1.events.list({"type": "payment_intent.succeeded"}).data
    both = shop.v1.events.list({"types": ["charge.succeeded", "customer.created"]}).data

    assert len(late) == 3
    assert [event.created for event in paid] == [START + 100, START]
    assert Counter(event.type for event in both) == {"charge.succeeded": 2, "customer.created": 1}
