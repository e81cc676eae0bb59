"""A paid invoice is corrected by a credit note: so much of it went back, and why."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

from django.db import transaction

from accounts.refusals import Invalid
from invoices.issuing import next_number, owe_document
from invoices.models import CreditNote, Document, Invoice
from wallet.money import Money

CREDIT_NOTE_SERIES = "CN"


@transaction.atomic
def issue_credit_note(
    invoice: Invoice, *, amount: Money, reason: str, key: str, now: dt.datetime
) -> CreditNote:
    """Credit a part of a paid invoice, or all that is left of it; once per business act.

    The invoice stays paid. The number is taken last, so the series is locked for as short as can
    be.

    :raises Invalid: the invoice is not paid, or less than that is left of it.
    """
    rows = Invoice.objects.select_for_update(of=("self",)).select_related("organization")
    invoice = rows.get(pk=invoice.pk)
    known = invoice.credit_notes.filter(key=key).first()
    if known:
        return known
    left = invoice.total - invoice.credited
    if invoice.status != Invoice.Status.PAID:
        raise Invalid(f"{invoice} is not paid; only a paid invoice is credited.")
    if not 0 < amount.minor <= (left - Money(0, amount.currency)).minor:
        raise Invalid(f"Of {invoice} {left.display()} can be credited.", field="amount")
    tax = tax_in(invoice, amount)
    invoice.credited_minor += amount.minor
    invoice.save(update_fields=["credited_minor"])
    note = CreditNote.objects.create(
        invoice=invoice,
        key=key,
        number=next_number(CREDIT_NOTE_SERIES),
        amount_minor=amount.minor,
        reason=reason[:500],
        issued_on=invoice.organization.today(now),
        issued_at=now,
    )
    _owe_document(note, tax=tax, now=now)
    return note


def tax_in(invoice: Invoice, amount: Money) -> Money:
    """Answer the tax within the next amount that is credited.

    It is a share of all that is credited, less the shares before, so that the last part takes
    exactly the rest.
    """
    before, after = invoice.credited, invoice.credited + amount
    shares = [
        invoice.tax.share(Fraction(part.minor, invoice.total_minor)) for part in (before, after)
    ]
    return shares[1] - shares[0]


def _owe_document(note: CreditNote, *, tax: Money, now: dt.datetime) -> Document:
    net = note.amount - tax
    line = {
        "code": "credit",
        "description": note.reason,
        "quantity": 1,
        "unit_minor": None,
        "amount_minor": net.minor,
    }
    return owe_document(
        note.invoice,
        Document.Kind.CREDIT_NOTE,
        number=note.number,
        now=now,
        credit_note=note,
        lines=[line],
        net_minor=net.minor,
        tax_minor=tax.minor,
        total_minor=note.amount_minor,
    )
