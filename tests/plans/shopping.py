"""What tests of the plan pages do again and again: plans to choose, and the forms that choose."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client

from accounts.models import Organization
from payments.models import Payment
from tests.builders import build_organization, build_plan
from tests.fakes.stripe_world import StripeWorld
from tests.pages import browser_of
from tests.payments.conftest import LATE
from tests.payments.paying import a_key

MARCH_11 = LATE + dt.timedelta(days=10)

CHANGE = "/billing/change-plan/"
USAGE = "/billing/usage/"
CANCEL = "/billing/cancel/"
UPCOMING = "/billing/upcoming-plan/cancel/"
LIMIT = "/billing/session-limit/"
RENEWS: dict[str, Any] = {
    "auto_renew": True,
    "overdraft": "0",
    "voice_tiers": [],
    "limits": {"agents": 5},
    "rates": {},
    "rentals": {},
}


def build_plans() -> None:
    """Offer Team for 30.00 and Growth for 90.00 of 30 days, and Enterprise on request."""
    build_plan("team", price={"USD": "30.00"}, quotas={"sessions": 100}, **RENEWS)
    growth = RENEWS | {"limits": {"agents": 50}}
    build_plan("growth", price={"USD": "90.00"}, quotas={"sessions": 1000}, **growth)
    build_plan("enterprise", "enterprise", price={}, quotas={}, **RENEWS)


@pytest.fixture
def acme(stripe: StripeWorld) -> Organization:
    """Make an organization that may choose among the plans."""
    build_plans()
    return build_organization("Acme")


@pytest.fixture
def client(acme: Organization) -> Client:
    """Log its owner in."""
    return browser_of(acme)


def send_choice(client: Client, plan: str, *, key: str = "", **asked: str) -> Any:
    """Look at what a choice would do, and confirm what was shown."""
    page = client.get(f"{CHANGE}{plan}/", asked).content.decode()
    found = re.search(r'name="digest" value="(\w+)"', page)
    digest = found[1] if found else ""
    return client.post(f"{CHANGE}{plan}/", {"key": key or a_key(), "digest": digest, **asked})


def pay_checkout(stripe: StripeWorld) -> Payment:
    """Pay on the page that was opened last; we have heard nothing of it yet."""
    payment = Payment.objects.latest("id")
    stripe.fake.complete_checkout(str(payment.session_id))
    return payment


def subscribed(client: Client, stripe: StripeWorld, plan: str = "team") -> Payment:
    """Subscribe, pay, and come back."""
    assert send_choice(client, plan).status_code == 303
    payment = pay_checkout(stripe)
    client.get(f"/billing/payments/{payment.token}/?paid=1")
    return payment
