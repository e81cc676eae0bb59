"""Money came for an invoice that waits for none any more: it is taken, and goes back by itself."""

from __future__ import annotations

import datetime as dt

from invoices.models import Invoice
from payments.models import Payment, Refund

KEY = "unwanted"


def drop_invoice(payment: Payment) -> str:
    """Take a payment off an invoice that cannot be paid any more, just before it becomes paid.

    Answers why it goes back; nothing where the invoice waits for it, or is yet to be written.
    Within the caller's transaction, under the wallet's lock.
    """
    if payment.invoice_id is None:
        return ""
    invoice = Invoice.objects.select_for_update().get(pk=payment.invoice_id)
    if Invoice.Status.PAID in Invoice.ARROWS[invoice.status]:
        return ""
    payment.invoice, payment.reference = None, f"{invoice}, {invoice.status} already"
    payment.save(update_fields=["invoice", "reference"])
    return f"The invoice was {invoice.status} already"


def send_back(payment: Payment, *, reason: str, now: dt.datetime) -> Refund:
    """Intend the refund of all of a payment that was just paid; the sweep of refunds asks for it.

    Within the transaction that makes it paid, so that it is never forgotten. Nothing is credited
    and no receipt is written for it: it paid for nothing.
    """
    refund, _ = Refund.objects.get_or_create(
        payment=payment,
        key=KEY,
        defaults={
            "status": Refund.Status.PENDING,
            "amount_minor": payment.amount_minor,
            "reason": reason,
            "created_at": now,
            "look_at": now,
        },
    )
    return refund
