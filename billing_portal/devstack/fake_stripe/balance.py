"""The account's balance: one transaction per movement of money, with Stripe's fee."""

from __future__ import annotations

from billing_portal.devstack.fake_stripe.book import Book, Json
from billing_portal.devstack.fake_stripe.calls import Call, Route, page
from billing_portal.devstack.fake_stripe.parameters import LIST, text

DAYS_UNTIL_AVAILABLE = 2
CATEGORIES = {"charge": "charge", "refund": "refund", "payment_failure_refund": "refund_failure"}


def move(book: Book, amount: int, currency: str, kind: str, source: str, *, fee: int = 0) -> Json:
    """Write one movement."""
    details = {
        "amount": fee,
        "application": None,
        "currency": currency,
        "description": "Stripe processing fees",
        "type": "stripe_fee",
    }
    return book.add(
        {
            "id": book.new_id("txn"),
            "object": "balance_transaction",
            "amount": amount,
            "available_on": book.now() + DAYS_UNTIL_AVAILABLE * 86_400,
            "balance_type": "payments",
            "created": book.now(),
            "currency": currency,
            "description": None,
            "exchange_rate": None,
            "fee": fee,
            "fee_details": [details] if fee else [],
            "net": amount - fee,
            "reporting_category": CATEGORIES.get(kind, "dispute"),
            "source": source,
            "status": "pending",
            "type": kind,
        }
    )


def charge_fee(amount: int) -> int:
    """Return what Stripe keeps of a charge: 2.9 % and thirty minor units, never all of it."""
    return min(amount, amount * 29 // 1000 + 30)


def retrieve(call: Call) -> Json:
    """Return one movement."""
    return call.book.get("balance_transaction", call.id)


def list_all(call: Call) -> Json:
    """List movements."""
    filters = {name: call.take(name) for name in ("currency", "source", "type")}
    return page(call, "balance_transaction", url="/v1/balance_transactions", **filters)


ROUTES = (
    Route(
        "GET",
        "/v1/balance_transactions",
        list_all,
        {**LIST, "currency": text, "source": text, "type": text},
    ),
    Route("GET", "/v1/balance_transactions/{id}", retrieve),
)
