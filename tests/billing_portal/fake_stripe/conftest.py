"""A fresh fake, the SDK that speaks to it, and a customer with a card that works."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import stripe

from billing_portal.devstack.fake_stripe import FakeStripe, server
from tests.billing_portal.fake_stripe.wire import Client
from tests.fakes.stripe_transport import client_of

START = 1_790_000_000


@dataclass
class Shop:
    """Somebody who charges cards through the SDK; every word that passes is checked."""

    fake: FakeStripe
    api: stripe.StripeClient
    customer: str
    card: str

    @property
    def v1(self) -> Any:
        # The SDK's parameters are typed; what is sent wrong here on purpose is not.
        return self.api.v1

    def charge(self, amount: int = 5000, *, key: str | None = None, **changes: Any) -> Any:
        params = {
            "amount": amount,
            "currency": "usd",
            "customer": self.customer,
            "payment_method": self.card,
            "confirm": True,
            "off_session": True,
            "payment_method_types": ["card"],
            **changes,
        }
        options = {"idempotency_key": key} if key else {}
        return self.v1.payment_intents.create(params, options)

    def hold(self, amount: int = 100, **changes: Any) -> Any:
        return self.charge(amount, capture_method="manual", **changes)

    def checkout(self, amount: int = 5000, **changes: Any) -> Any:
        price = {"currency": "usd", "unit_amount": amount, "product_data": {"name": "Top-up"}}
        return self.v1.checkout.sessions.create(
            {
                "mode": "payment",
                "customer": self.customer,
                "line_items": [{"price_data": price, "quantity": 1}],
                "payment_intent_data": {"metadata": {"payment": "7"}},
                "success_url": "https://shop.test/done?session={CHECKOUT_SESSION_ID}",
                "cancel_url": "https://shop.test/back",
                **changes,
            }
        )

    def setup(self, **changes: Any) -> Any:
        return self.v1.checkout.sessions.create(
            {
                "mode": "setup",
                "customer": self.customer,
                "payment_method_types": ["card"],
                "success_url": "https://shop.test/done",
                "cancel_url": "https://shop.test/back",
                **changes,
            }
        )

    def told(self) -> list[str]:
        return [event["type"] for event in self.fake.events()]


@pytest.fixture
def fake() -> Iterator[FakeStripe]:
    made = FakeStripe(seed=1)
    made.set_clock(lambda: START)
    yield made
    made.close()


@pytest.fixture
def client() -> Iterator[Client]:
    running = server.start(FakeStripe(seed=1))
    yield Client(running)
    running.stop()


@pytest.fixture
def shop(fake: FakeStripe) -> Shop:
    api = client_of(fake)
    customer = api.v1.customers.create({"email": "owner@acme.test", "name": "Acme"}).id
    return Shop(fake, api, customer, fake.card(customer=customer)["id"])
