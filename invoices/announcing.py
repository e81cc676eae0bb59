"""The platform is told that an invoice was issued, and that it was paid."""

from __future__ import annotations

import datetime as dt

from accounts.callbacks import Event, owe_callback
from invoices.models import Invoice


def announce_invoice(invoice: Invoice, event: Event, *, now: dt.datetime) -> None:
    """Owe the news of an invoice; within the transaction that issued or settled it."""
    days = {
        "issued_on": invoice.issued_on,
        "due_on": invoice.due_on,
        "first_day": invoice.service_first_day,
        "last_day": invoice.service_last_day,
    }
    owe_callback(
        invoice.organization,
        event=event,
        key=str(invoice.number),
        data={
            "number": invoice.number,
            "status": invoice.status,
            "currency": invoice.currency,
            "total": str(invoice.total),
            **{name: day.isoformat() if day else None for name, day in days.items()},
        },
        now=now,
    )
