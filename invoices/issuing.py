"""An invoice is issued: it gets its number, its parties are frozen, its document is due."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import transaction

from accounts.callbacks import Event
from accounts.models import Organization
from invoices.announcing import announce_invoice
from invoices.models import CreditNote, Document, Invoice, InvoiceLine, Series
from invoices.totals import Line, Tax, Totals, totals_of
from wallet.money import Money

INVOICE_SERIES, RECEIPT_SERIES = "INV", "RCP"


def site_tax() -> Tax | None:
    """Answer the tax that the site's settings ask for, if any."""
    if not settings.TAX_NAME or not settings.TAX_PERCENT:
        return None
    return Tax(settings.TAX_NAME, Decimal(settings.TAX_PERCENT))


def totals_now(lines: list[Line], currency: str) -> Totals:
    """Add up lines with the tax of today's settings."""
    return totals_of(lines, currency, site_tax())


@transaction.atomic
def issue_invoice(
    organization: Organization,
    *,
    key: str,
    lines: list[Line],
    now: dt.datetime,
    service: tuple[dt.date, dt.date] | None = None,
    paid: Money | None = None,
    due_first: bool = False,
) -> Invoice:
    """Issue an open invoice for a business act; for an act that has one, answer that one.

    ``paid`` is the total, tax included, of what was paid before there was an invoice: it needs
    no document that asks for money, and its tax is the one that was paid. The number is taken
    last, so the series is locked for as short as can be.
    """
    existing = Invoice.objects.filter(organization=organization, key=key).first()
    if existing:
        return existing
    tax, totals = site_tax(), totals_now(lines, organization.currency)
    if paid is not None:
        totals = Totals(net=totals.net, tax=paid - totals.net, total=paid)
    invoice = Invoice.objects.create(
        organization=organization,
        key=key,
        currency=organization.currency,
        net_minor=totals.net.minor,
        tax_minor=totals.tax.minor,
        total_minor=totals.total.minor,
        due_first=due_first,
        tax_name=tax.name if tax else "",
        tax_percent=tax.percent if tax else None,
        seller=dict(settings.SELLER),
        buyer=organization.billing_party(),
        service_first_day=service[0] if service else None,
        service_last_day=service[1] if service else None,
        created_at=now,
    )
    _write_lines(invoice, lines)
    _open(invoice, now=now)
    if paid is None:
        owe_document(invoice, Document.Kind.INVOICE, number=str(invoice.number), now=now)
    return invoice


def _open(invoice: Invoice, *, now: dt.datetime) -> None:
    today = invoice.organization.today(now)
    invoice.move(
        Invoice.Status.OPEN,
        number=next_number(INVOICE_SERIES),
        issued_at=now,
        issued_on=today,
        due_on=today + dt.timedelta(days=settings.INVOICE_DUE_DAYS),
    )
    announce_invoice(invoice, Event.INVOICE_ISSUED, now=now)


def settle(invoice: Invoice, *, paid_with: dict[str, str], now: dt.datetime) -> Document:
    """Turn an open invoice into a paid one, and owe its receipt.

    ``paid_with`` is printed on the receipt: ``method`` and ``reference``.

    :raises WrongState: it is not open any more.
    """
    invoice.move(Invoice.Status.PAID, settled_at=now)
    announce_invoice(invoice, Event.INVOICE_PAID, now=now)
    return owe_document(
        invoice,
        Document.Kind.RECEIPT,
        number=next_number(RECEIPT_SERIES),
        now=now,
        paid={**paid_with, "on": invoice.organization.today(now).isoformat()},
    )


def next_number(series: str) -> str:
    """Take the next number of a series; it is given back if this transaction is."""
    Series.objects.get_or_create(code=series)
    row = Series.objects.select_for_update().get(code=series)
    number = row.next_number
    row.next_number = number + 1
    row.save(update_fields=["next_number"])
    return f"{series}-{number:06d}"


def _write_lines(invoice: Invoice, lines: list[Line]) -> None:
    InvoiceLine.objects.bulk_create(
        InvoiceLine(
            invoice=invoice,
            position=position,
            code=line.code,
            description=line.description[:300],
            quantity=line.quantity,
            unit_minor=line.unit.minor if line.unit else None,
            amount_minor=line.amount.minor,
        )
        for position, line in enumerate(lines, start=1)
    )


def owe_document(
    invoice: Invoice,
    kind: Document.Kind,
    *,
    number: str,
    now: dt.datetime,
    credit_note: CreditNote | None = None,
    **said: Any,
) -> Document:
    """Freeze what a document says: what its invoice says, and what it says itself instead."""
    facts: dict[str, Any] = {
        "number": number,
        "kind": kind.value,
        "invoice_number": invoice.number,
        "issued_on": invoice.organization.today(now).isoformat(),
        "invoice_issued_on": _iso(invoice.issued_on),
        "due_on": _iso(invoice.due_on),
        "service": [_iso(invoice.service_first_day), _iso(invoice.service_last_day)],
        "seller": invoice.seller,
        "buyer": invoice.buyer,
        "currency": invoice.currency,
        "lines": [
            {
                "code": line.code,
                "description": line.description,
                "quantity": line.quantity,
                "unit_minor": line.unit_minor,
                "amount_minor": line.amount_minor,
            }
            for line in invoice.lines.order_by("position")
        ],
        "net_minor": invoice.net_minor,
        "tax_name": invoice.tax_name,
        "tax_percent": f"{invoice.tax_percent.normalize():f}" if invoice.tax_percent else "",
        "tax_minor": invoice.tax_minor,
        "total_minor": invoice.total_minor,
        "paid": None,
        "brand": dict(settings.BRAND),
    }
    return Document.objects.create(
        invoice=invoice,
        credit_note=credit_note,
        kind=kind,
        number=number,
        facts=facts | said,
        created_at=now,
    )


def _iso(day: dt.date | None) -> str | None:
    return day.isoformat() if day else None
