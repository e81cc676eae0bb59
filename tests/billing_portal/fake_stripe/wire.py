"""Somebody on the other side of the wire: a browser without eyes, and the SDK over HTTP."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

import stripe

from billing_portal.devstack.fake_stripe import server
from tests.fakes.stripe_transport import KEY


class Stay(urllib.request.HTTPRedirectHandler):
    """Shows a redirection instead of following it."""

    def redirect_request(self, *args: Any) -> None:
        return None


OPEN = urllib.request.build_opener(urllib.request.ProxyHandler({}), Stay)


def ask(url: str, form: dict[str, str] | None = None, **headers: str) -> tuple[int, str, str]:
    """Return status, text and where it leads."""
    body = urllib.parse.urlencode(form).encode() if form is not None else None
    request = urllib.request.Request(url, body, headers)
    try:
        with OPEN.open(request, timeout=10) as answer:
            return answer.status, answer.read().decode(), ""
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode(), error.headers.get("Location", "")


class Client:
    """Somebody on the other side of the wire."""

    def __init__(self, running: server.Server) -> None:
        self.site, self.fake = running.site, running.fake
        self.v1: Any = stripe.StripeClient(
            KEY,
            base_addresses={"api": running.site},
            max_network_retries=0,
            http_client=stripe.RequestsClient(timeout=3),
        ).v1
        self.customer = self.v1.customers.create({"name": "Acme <b>"}).id

    def control(self, verb: str, **given: Any) -> Any:
        request = urllib.request.Request(
            f"{self.site}/_control/{verb}", json.dumps(given).encode(), method="POST"
        )
        with OPEN.open(request, timeout=10) as answer:
            return json.loads(answer.read())

    def checkout(self, **changes: Any) -> Any:
        price = {"currency": "usd", "unit_amount": 5000, "product_data": {"name": "<i>Top-up"}}
        params = {
            "mode": "payment",
            "customer": self.customer,
            "line_items": [{"price_data": price, "quantity": 1}],
            "success_url": "https://shop.test/done?session={CHECKOUT_SESSION_ID}",
            "cancel_url": "https://shop.test/back",
        }
        return self.v1.checkout.sessions.create({**params, **changes})
