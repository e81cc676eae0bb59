"""An invoice is issued: it gets its number, its parties are frozen, its document is due."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import transaction

from accounts.callbacks import Event
from accounts.models import Organization
from accounts.saving import add_each, save_each
from invoices.announcing import announce_invoices
from invoices.models import CreditNote, Document, Invoice, InvoiceLine, Series
from invoices.totals import Line, Tax, Totals, totals_of
from wallet.money import Money

INVOICE_SERIES, RECEIPT_SERIES = "INV", "RCP"


def site_tax() -> Tax | None:
    """Answer the tax that the site's settings ask for, if any."""
    if not settings.TAX_NAME or not settings.TAX_PERCENT:
        return None
    return Tax(settings.TAX_NAME, Decimal(settings.TAX_PERCENT))


def totals_now(lines: Sequence[Line], currency: str) -> Totals:
    """Add up lines with the tax of today's settings."""
    return totals_of(lines, currency, site_tax())


@dataclass(frozen=True, slots=True)
class Draft:
    """An invoice that is to be issued for a business act.

    ``paid`` is the total, tax included, of what was paid before there was an invoice: it needs
    no document that asks for money, and its tax is the one that was paid.
    """

    organization: Organization
    key: str
    lines: Sequence[Line]
    service: tuple[dt.date, dt.date] | None = None
    paid: Money | None = None
    due_first: bool = False

    def totals(self, tax: Tax | None) -> Totals:
        """Add up the lines."""
        totals = totals_of(self.lines, self.organization.currency, tax)
        if self.paid is None:
            return totals
        return Totals(net=totals.net, tax=self.paid - totals.net, total=self.paid)


@dataclass(frozen=True, slots=True)
class Drafted:
    """A draft that is written, with its lines, and whether it asks for money."""

    invoice: Invoice
    lines: Sequence[InvoiceLine]
    asks: bool


@transaction.atomic
def issue_invoice(
    organization: Organization,
    *,
    key: str,
    lines: Sequence[Line],
    now: dt.datetime,
    service: tuple[dt.date, dt.date] | None = None,
    paid: Money | None = None,
    due_first: bool = False,
) -> Invoice:
    """Issue an open invoice for a business act; for an act that has one, answer that one."""
    existing = Invoice.objects.filter(organization=organization, key=key).first()
    if existing:
        return existing
    draft = Draft(organization, key, lines, service, paid, due_first)
    drafted = draft_several([draft], now=now)
    issue_several(drafted, now=now)
    return drafted[0].invoice


def draft_several(drafts: Sequence[Draft], *, now: dt.datetime) -> list[Drafted]:
    """Write invoices without a number, for acts that have none yet, in two statements."""
    tax = site_tax()
    invoices = [_drawn_up(draft, tax, now=now) for draft in drafts]
    add_each(invoices)
    drafted = [
        Drafted(invoice, _lines_of(invoice, draft), asks=draft.paid is None)
        for invoice, draft in zip(invoices, drafts, strict=True)
    ]
    add_each([line for draft in drafted for line in draft.lines])
    return drafted


def issue_several(drafted: Sequence[Drafted], *, now: dt.datetime) -> None:
    """Number drafts, open them and owe their documents, in five statements.

    The series is locked from here on: this is the last that a transaction does.
    """
    invoices = [draft.invoice for draft in drafted]
    numbers = take_numbers(INVOICE_SERIES, len(invoices))
    for invoice, number in zip(invoices, numbers, strict=True):
        _open(invoice, number, now=now)
    save_each(invoices, ["status", "number", "issued_at", "issued_on", "due_on"])
    documents = [
        document_of(draft.invoice, draft.lines, Document.Kind.INVOICE, now=now)
        for draft in drafted
        if draft.asks
    ]
    add_each(documents)
    announce_invoices(invoices, Event.INVOICE_ISSUED, now=now)


def _drawn_up(draft: Draft, tax: Tax | None, *, now: dt.datetime) -> Invoice:
    organization, totals = draft.organization, draft.totals(tax)
    return Invoice(
        organization=organization,
        key=draft.key,
        currency=organization.currency,
        net_minor=totals.net.minor,
        tax_minor=totals.tax.minor,
        total_minor=totals.total.minor,
        due_first=draft.due_first,
        tax_name=tax.name if tax else "",
        tax_percent=tax.percent if tax else None,
        seller=dict(settings.SELLER),
        buyer=organization.billing_party(),
        service_first_day=draft.service[0] if draft.service else None,
        service_last_day=draft.service[1] if draft.service else None,
        created_at=now,
    )


def _open(invoice: Invoice, number: str, *, now: dt.datetime) -> None:
    """Number a draft; nobody else has seen it, so that nobody can have walked another arrow."""
    today = invoice.organization.today(now)
    invoice.status, invoice.number = Invoice.Status.OPEN, number
    invoice.issued_at, invoice.issued_on = now, today
    invoice.due_on = today + dt.timedelta(days=settings.INVOICE_DUE_DAYS)


def _lines_of(invoice: Invoice, draft: Draft) -> list[InvoiceLine]:
    return [
        InvoiceLine(
            invoice=invoice,
            position=position,
            code=line.code,
            description=line.description[:300],
            quantity=line.quantity,
            unit_minor=line.unit.minor if line.unit else None,
            amount_minor=line.amount.minor,
        )
        for position, line in enumerate(draft.lines, start=1)
    ]


def settle(invoice: Invoice, *, paid_with: dict[str, str], now: dt.datetime) -> Document:
    """Turn an open invoice into a paid one, and owe its receipt.

    ``paid_with`` is printed on the receipt: ``method`` and ``reference``.

    :raises WrongState: it is not open any more.
    """
    invoice.move(Invoice.Status.PAID, settled_at=now)
    announce_invoices([invoice], Event.INVOICE_PAID, now=now)
    return owe_document(
        invoice,
        Document.Kind.RECEIPT,
        number=next_number(RECEIPT_SERIES),
        now=now,
        paid={**paid_with, "on": invoice.organization.today(now).isoformat()},
    )


def next_number(series: str) -> str:
    """Take the next number of a series; it is given back if this transaction is."""
    return take_numbers(series, 1)[0]


def take_numbers(series: str, count: int) -> list[str]:
    """Take so many numbers of a series at once; they are given back if this transaction is."""
    Series.objects.get_or_create(code=series)
    row = Series.objects.select_for_update().get(code=series)
    first = row.next_number
    row.next_number = first + count
    row.save(update_fields=["next_number"])
    return [f"{series}-{number:06d}" for number in range(first, first + count)]


def owe_document(
    invoice: Invoice,
    kind: Document.Kind,
    *,
    number: str,
    now: dt.datetime,
    credit_note: CreditNote | None = None,
    **said: Any,
) -> Document:
    """Owe a document that says what its invoice says, and what it says itself instead."""
    lines = invoice.lines.order_by("position")
    document = document_of(invoice, lines, kind, now=now)
    document.number, document.credit_note = number, credit_note
    document.facts |= {"number": number, **said}
    document.save(force_insert=True)
    return document


def document_of(
    invoice: Invoice, lines: Iterable[InvoiceLine], kind: Document.Kind, *, now: dt.datetime
) -> Document:
    """Freeze what an invoice says in a document that is still to be saved."""
    facts: dict[str, Any] = {
        "number": invoice.number,
        "kind": kind.value,
        "invoice_number": invoice.number,
        "issued_on": invoice.organization.today(now).isoformat(),
        "invoice_issued_on": _iso(invoice.issued_on),
        "due_on": _iso(invoice.due_on),
        "service": [_iso(invoice.service_first_day), _iso(invoice.service_last_day)],
        "seller": invoice.seller,
        "buyer": invoice.buyer,
        "currency": invoice.currency,
        "lines": [_facts_of_line(line) for line in lines],
        "net_minor": invoice.net_minor,
        "tax_name": invoice.tax_name,
        "tax_percent": f"{invoice.tax_percent.normalize():f}" if invoice.tax_percent else "",
        "tax_minor": invoice.tax_minor,
        "total_minor": invoice.total_minor,
        "paid": None,
        "brand": dict(settings.BRAND),
    }
    return Document(
        invoice=invoice, kind=kind, number=str(invoice.number), facts=facts, created_at=now
    )


def _facts_of_line(line: InvoiceLine) -> dict[str, Any]:
    return {
        "code": line.code,
        "description": line.description,
        "quantity": line.quantity,
        "unit_minor": line.unit_minor,
        "amount_minor": line.amount_minor,
    }


def _iso(day: dt.date | None) -> str | None:
    return day.isoformat() if day else None
