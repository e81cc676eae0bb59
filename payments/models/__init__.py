"""Payments: every attempt to move money, the cards it comes from, and what Stripe told us."""

from payments.models.cards import Card, Customer
from payments.models.events import StripeEvent
from payments.models.payments import Payment
from payments.models.recharges import AutoRecharge, Consent
from payments.models.returns import Dispute, Refund

__all__ = [
    "AutoRecharge",
    "Card",
    "Consent",
    "Customer",
    "Dispute",
    "Payment",
    "Refund",
    "StripeEvent",
]
