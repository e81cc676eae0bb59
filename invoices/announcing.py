"""The platform is told that an invoice was issued, and that it was paid."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import partial

from accounts.callbacks import Event, Facts, News, owe_callbacks
from invoices.models import Invoice


def announce_invoices(invoices: Sequence[Invoice], event: Event, *, now: dt.datetime) -> None:
    """Owe the news of invoices; within the transaction that issued or settled them."""
    news = [
        News(invoice.organization, event, str(invoice.number), partial(_facts, invoice))
        for invoice in invoices
    ]
    owe_callbacks(news, now=now)


def _facts(invoice: Invoice) -> Facts:
    days = {
        "issued_on": invoice.issued_on,
        "due_on": invoice.due_on,
        "first_day": invoice.service_first_day,
        "last_day": invoice.service_last_day,
    }
    return {
        "number": invoice.number,
        "status": invoice.status,
        "currency": invoice.currency,
        "total": str(invoice.total),
        **{name: day.isoformat() if day else None for name, day in days.items()},
    }
