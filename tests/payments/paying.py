"""What tests of the payment pages do again and again: top up, come back, have a card."""

from __future__ import annotations

import uuid
from typing import Any

from django.test import Client

from payments.models import Payment
from wallet.models import CreditPrice, Wallet

TOP_UP = "/billing/wallet/top-up/"
NO_PAYMENT = "00000000-0000-4000-8000-000000000000"


def a_key() -> str:
    """Make the key of a form."""
    return str(uuid.uuid4())


def sell(currency: str = "USD", *, minimum: int = 1000, ceiling: int | None = None) -> None:
    """Let the smallest top-up be this many minor units, and recharges stay within a ceiling."""
    CreditPrice.objects.filter(currency=currency).update(
        minimum_top_up_minor=minimum, monthly_recharge_ceiling_minor=ceiling
    )


def send_top_up(client: Client, amount: str = "50.00", key: str = "") -> Any:
    """Send the form that leads to Stripe's page."""
    return client.post(TOP_UP, {"amount": amount, "key": key or a_key()})


def topped_up(client: Client, amount: str = "50.00") -> Payment:
    """Send the form, and answer the payment that it began."""
    assert send_top_up(client, amount).status_code == 303
    return Payment.objects.latest("id")


def page_of(payment: Payment, query: str = "") -> str:
    """Answer where a payment is told of."""
    return f"/billing/payments/{payment.token}/{query}"


def balance() -> str:
    """Answer what the only wallet holds."""
    return f"{Wallet.objects.get().balance:.2f}"
