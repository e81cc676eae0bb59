"""A stage for what Stripe tells us: the fake with a clock that stands still until it is moved."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

from django.test import Client

from accounts.models import Organization
from billing_portal.devstack.fake_stripe import FakeStripe, sign
from payments.customers import customer_of
from payments.gateway import Gateway, through
from payments.handling import handle_due
from payments.inbox import NotFromStripe, take_in
from payments.models import Payment
from payments.topping_up import begin_top_up
from payments.transport import InProcess
from tests.builders import MARCH_1
from wallet.money import Money

SECRET = "whsec_stage"
ADDRESS = "https://stage.invalid/stripe/webhook/"
URLS = ("https://stage.invalid/done", "https://stage.invalid/back")
MINUTE = dt.timedelta(minutes=1)
HOUR = dt.timedelta(hours=1)


class Stage:
    """The fake Stripe, our gateway to it, and what time it is."""

    def __init__(self) -> None:
        self.now = MARCH_1
        self.fake = FakeStripe(seed=1, stamp=self._timestamp)
        self.fake.set_clock(lambda: self.now)
        self.fake.listen(ADDRESS, SECRET)

    @property
    def gateway(self) -> Gateway:
        return through(InProcess(self.fake.transport))

    def tell(self) -> int:
        """Let Stripe deliver what it has to say; answers how many messages."""
        return self.fake.deliver(self._post)

    def handle(self) -> int:
        """Act on what was told and is due."""
        return handle_due(gateway=self.gateway, now=self.now)

    def hear(self) -> int:
        """Let Stripe deliver, and act on all of it, and on what comes of it."""
        handled = 0
        while self.tell() + (done := self.handle()):
            handled += done
        return handled

    def top_up(self, organization: Organization, minor: int = 5000, *, key: str = "1") -> Payment:
        """Open a checkout for credits."""
        begin_top_up(
            organization,
            amount=Money(minor, organization.currency),
            key=key,
            urls=URLS,
            gateway=self.gateway,
            now=self.now,
        )
        return Payment.objects.get(key=f"top_up:{key}")

    def paid_top_up(self, organization: Organization, minor: int = 5000) -> Payment:
        """Open a checkout and pay on it; we have heard nothing of that yet."""
        payment = self.top_up(organization, minor)
        self.fake.complete_checkout(str(payment.session_id), "ok")
        return payment

    def customer(self, organization: Organization) -> str:
        """Answer who an organization is at Stripe."""
        return customer_of(organization, gateway=self.gateway, now=self.now)

    def _timestamp(self) -> float:
        return self.now.timestamp()

    def _post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        try:
            take_in(body, headers["Stripe-Signature"], now=self.now)
        except NotFromStripe:
            return 400
        return 200


def event(number: int = 1, **changes: Any) -> dict[str, Any]:
    """Make an event as Stripe writes it."""
    return {
        "id": f"evt_{number:024d}",
        "object": "event",
        "api_version": "2026-08-26.dahlia",
        "created": int(MARCH_1.timestamp()),
        "data": {"object": {"id": "pi_1", "object": "payment_intent"}},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": "payment_intent.succeeded",
        **changes,
    }


def written(thing: Any) -> bytes:
    """Write a body as Stripe sends it."""
    return json.dumps(thing, indent=2).encode()


def post(body: bytes, signature: str | None, *, headers: Mapping[str, str] | None = None) -> int:
    """Knock at the door; answers its status."""
    sent = dict(headers or {})
    if signature is not None:
        sent["stripe-signature"] = signature
    answer = Client(enforce_csrf_checks=True).post(
        "/stripe/webhook/", data=body, content_type="application/json", headers=sent
    )
    return answer.status_code


def signature(body: bytes, *, at: float, secret: str = SECRET) -> str:
    """Sign a body."""
    return sign(body, secret, int(at))
