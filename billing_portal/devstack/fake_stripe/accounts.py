"""The account itself."""

from __future__ import annotations

from billing_portal.devstack.fake_stripe.book import Json
from billing_portal.devstack.fake_stripe.calls import Call, Route
from billing_portal.devstack.fake_stripe.refusals import Missing

ACCOUNT = "acct_1FakeStripeBooks"


def retrieve(call: Call) -> Json:
    """Return the account."""
    if call.names.get("id", ACCOUNT) != ACCOUNT:
        raise Missing("account", call.id)
    return {
        "id": ACCOUNT,
        "object": "account",
        "business_profile": {
            "annual_revenue": None,
            "estimated_worker_count": None,
            "mcc": "5734",
            "name": "Fake Stripe",
            "product_description": None,
            "support_address": None,
            "support_email": None,
            "support_phone": None,
            "support_url": None,
            "url": None,
        },
        "business_type": "company",
        "capabilities": {"card_payments": "active", "transfers": "active"},
        "charges_enabled": True,
        "country": "US",
        "created": 1_700_000_000,
        "default_currency": "usd",
        "details_submitted": True,
        "email": "fake@example.com",
        "metadata": {},
        "payouts_enabled": True,
        "settings": _settings(),
        "type": "standard",
    }


def _settings() -> Json:
    return {
        "bacs_debit_payments": {"display_name": None, "service_user_number": None},
        "branding": {"icon": None, "logo": None, "primary_color": None, "secondary_color": None},
        "card_payments": {
            "statement_descriptor_prefix": None,
            "statement_descriptor_prefix_kana": None,
            "statement_descriptor_prefix_kanji": None,
        },
        "dashboard": {"display_name": "Fake Stripe", "timezone": "Etc/UTC"},
        "payments": {
            "statement_descriptor": "FAKE STRIPE",
            "statement_descriptor_kana": None,
            "statement_descriptor_kanji": None,
        },
    }


ROUTES = (
    Route("GET", "/v1/account", retrieve),
    Route("GET", "/v1/accounts/{id}", retrieve),
)
