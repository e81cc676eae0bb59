"""What a payment intent looks like, and what may be sent to make or confirm one."""

from __future__ import annotations

from billing_portal.devstack.fake_stripe.book import Book, Json
from billing_portal.devstack.fake_stripe.parameters import (
    Many,
    Spec,
    choice,
    flag,
    metadata,
    text,
    whole,
)

WORDS: Spec = {
    "description": text,
    "metadata": metadata,
    "statement_descriptor": text,
    "statement_descriptor_suffix": text,
}
SHARED: Spec = {
    "payment_method": text,
    "payment_method_types": Many(choice("card")),
    "payment_method_options": {
        "card": {"request_three_d_secure": choice("any", "automatic", "challenge")}
    },
    "receipt_email": text,
    "setup_future_usage": choice("off_session", "on_session"),
}
CONFIRM: Spec = {
    "error_on_requires_action": flag,
    "off_session": flag,
    "return_url": text,
    "use_stripe_sdk": flag,
    "capture_method": choice("automatic", "automatic_async", "manual"),
}
CREATE: Spec = {
    **WORDS,
    **SHARED,
    **CONFIRM,
    "amount!": whole,
    "automatic_payment_methods": {"enabled!": flag, "allow_redirects": choice("always", "never")},
    "confirm": flag,
    "confirmation_method": choice("automatic", "manual"),
    "currency!": text,
    "customer": text,
}
REASONS = choice("abandoned", "duplicate", "fraudulent", "requested_by_customer")


EMPTY = (
    "application", "application_fee_amount", "automatic_payment_methods", "canceled_at",
    "cancellation_reason", "customer_account", "description", "last_payment_error",
    "latest_charge", "next_action", "on_behalf_of", "payment_method", "processing",
    "receipt_email", "review", "setup_future_usage", "shipping", "source",
    "statement_descriptor", "statement_descriptor_suffix", "transfer_data", "transfer_group",
)  # fmt: skip


def new(book: Book, amount: int, currency: str, *, customer: str | None) -> Json:
    """Return an intent that nobody has paid yet; the caller writes it."""
    identity = book.new_id("pi")
    return {
        **dict.fromkeys(EMPTY),
        "id": identity,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "capture_method": "automatic_async",
        "client_secret": f"{identity}_secret_{book.new_id('x', 25)[2:]}",
        "confirmation_method": "automatic",
        "created": book.now(),
        "currency": currency,
        "customer": customer,
        "livemode": False,
        "metadata": {},
        "payment_method_options": {
            "card": {
                "installments": None,
                "mandate_options": None,
                "network": None,
                "request_three_d_secure": "automatic",
            }
        },
        "payment_method_types": ["card"],
        "status": "requires_payment_method",
    }
