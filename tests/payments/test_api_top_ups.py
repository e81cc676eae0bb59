"""The platform opens a checkout for its customer; the credits come when it is paid."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import Organization
from payments.models import Payment
from tests.api_calls import Platform, refused
from tests.builders import build_organization, build_plan
from tests.fakes.stripe_world import StripeWorld
from tests.payments.paying import sell

pytestmark = pytest.mark.django_db
PATH = "/organizations/acme/top-ups/"


@pytest.fixture
def acme(stripe: StripeWorld) -> Organization:
    build_plan("starter")
    acme = build_organization("Acme", plan="starter", external_id="acme")
    sell()
    return acme


def send(platform: Platform, amount: Any, key: str) -> Any:
    """Send a request with a key."""
    return platform.client.post(
        f"/api/v1{PATH}",
        {"amount": amount},
        content_type="application/json",
        headers={"Idempotency-Key": key},
    )


def test_a_checkout_is_opened_once_per_key(acme: Organization) -> None:
    platform = Platform()

    first, again, other = (send(platform, "50.00", key) for key in ("a", "a", "b"))

    assert first.status_code == again.status_code == 201
    assert first.json() == again.json() != other.json()
    assert first.json()["checkout_url"].startswith("http://fake-stripe.invalid/c/pay/")
    assert Payment.objects.count() == 2


def test_the_same_key_of_two_organizations_is_two_top_ups(acme: Organization) -> None:
    build_organization("Beta", external_id="beta")
    platform = Platform()
    send(platform, "50.00", "a")

    answer = platform.client.post(
        "/api/v1/organizations/beta/top-ups/",
        {"amount": "50.00"},
        content_type="application/json",
        headers={"Idempotency-Key": "a"},
    )

    assert answer.status_code == 201
    assert Payment.objects.count() == 2


def test_the_same_key_with_another_amount_is_a_conflict(acme: Organization) -> None:
    platform = Platform()
    send(platform, "50.00", "a")

    refused(send(platform, "60.00", "a"), 409, "id_conflict", "amount")


def test_after_it_is_paid_there_is_no_page_any_more(
    acme: Organization, stripe: StripeWorld
) -> None:
    platform = Platform()
    send(platform, "50.00", "a")
    stripe.fake.complete_checkout(str(Payment.objects.get().session_id))

    assert send(platform, "50.00", "a").json() == {"checkout_url": None}


@pytest.mark.parametrize(
    ("amount", "status", "code"),
    [
        ("9.99", 422, "below_minimum"),
        ("0", 422, "invalid"),
        ("10.001", 422, "invalid"),
        ("ten", 422, "invalid"),
        ("9999999999", 422, "invalid"),
        (50, 400, "invalid"),
        (None, 400, "invalid"),
    ],
)
def test_an_amount_that_cannot_be_is_refused(
    acme: Organization, amount: Any, status: int, code: str
) -> None:
    refused(Platform().post(PATH, {"amount": amount}), status, code, "amount")
    assert not Payment.objects.exists()


def test_a_key_that_is_too_long_is_refused(acme: Organization) -> None:
    refused(send(Platform(), "50.00", "k" * 256), 400, "invalid", "Idempotency-Key")


def test_stripe_is_down_and_the_same_request_again_is_safe(
    acme: Organization, stripe: StripeWorld
) -> None:
    platform = Platform()
    stripe.fake.fail_next("hang_up", path="/v1/checkout*", method="POST")

    refused(send(platform, "50.00", "a"), 503, "stripe_unavailable")
    assert send(platform, "50.00", "a").status_code == 201
    assert Payment.objects.count() == 1


def test_a_key_that_may_only_read_opens_nothing(acme: Organization) -> None:
    refused(Platform(None, "read").post(PATH, {"amount": "50.00"}), 403, "permission_denied")
