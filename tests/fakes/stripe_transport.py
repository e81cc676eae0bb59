"""The stripe SDK speaks to the fake in the same process, and every word is checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import urlsplit

import stripe

from billing_portal.devstack.fake_stripe import FakeStripe, forms
from payments.transport import InProcess, Transport
from tests.fakes import stripe_types

KEY = "sk_test_" + "0" * 24


def checked(transport: Transport) -> Transport:
    """Check every request and answer that passes against the types of stripe-python.

    A request that Stripe refuses may be as wrong as it likes; what it takes may not.
    """

    def ask(
        method: str, path: str, body: str, headers: Mapping[str, str]
    ) -> tuple[int, Mapping[str, str], bytes]:
        status, answered, said = transport(method, path, body, headers)
        if status < 300:
            address = urlsplit(path)
            given = forms.read(body if method.upper() == "POST" else address.query)
            name = stripe_types.name_of(method.upper(), address.path)
            stripe_types.check_request(name, given, form=True)
            stripe_types.check_object(json.loads(said))
        return status, answered, said

    return ask


def client_of(fake: FakeStripe, *, key: str = KEY, retries: int = 0) -> stripe.StripeClient:
    """Return an SDK client that asks the fake and checks what passes."""
    transport = InProcess(checked(fake.transport))
    return stripe.StripeClient(key, http_client=transport, max_network_retries=retries)
