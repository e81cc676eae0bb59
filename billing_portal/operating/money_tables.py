"""The tables of an organization's money: invoices, payments, what went back, cards."""

from __future__ import annotations

import datetime as dt

from accounts.admin_base import link_to
from accounts.models import Organization
from billing_portal.operating.look import day, label
from billing_portal.operating.tables import Table, at, list_of
from invoices.admin import STATUS_COLOURS, pdf_link
from invoices.models import Document, Invoice
from payments.models import Card, Dispute, Payment, Refund
from wallet.credits import plain

SHOWN = 8
COLOURS = {"success": "green", "danger": "red", "info": "blue", "warning": "amber", None: "grey"}
GONE_COLOURS = {"done": "green", "won": "green", "pending": "blue"}


def money_tables(organization: Organization, *, now: dt.datetime) -> list[Table]:
    """Answer the tables, each with the way to all of its rows."""
    return [
        _invoices(organization, now),
        _payments(organization),
        _gone(organization),
        _cards(organization),
    ]


def open_disputes(organization: Organization) -> list[Dispute]:
    """Answer the disputes that are not decided, for which the organization is flagged."""
    disputes = Dispute.objects.filter(
        payment__organization=organization, status=Dispute.Status.OPEN
    )
    return list(disputes.select_related("payment"))


def _invoices(organization: Organization, now: dt.datetime) -> Table:
    today = organization.today(now)
    invoices = Invoice.objects.filter(organization=organization)[:SHOWN]
    documents: dict[int, list[Document]] = {}
    for document in Document.objects.filter(invoice__in=list(invoices)).defer("pdf", "facts"):
        documents.setdefault(document.invoice_id, []).append(document)
    rows = []
    for invoice in invoices:
        words = "Overdue" if invoice.is_overdue(today) else invoice.get_status_display()
        pdf = next(iter(documents.get(invoice.pk, [])), None)
        rows.append(
            (
                link_to(invoice),
                label(words, COLOURS[STATUS_COLOURS.get(words)]),
                invoice.total.display(),
                day(invoice.issued_on),
                day(invoice.due_on),
                pdf_link(pdf) if pdf else "",
            )
        )
    more = list_of("invoices_invoice", organization__id__exact=organization.pk)
    heads = ("Number", "Status", "#Total", "Issued", "Due", "PDF")
    return Table("Invoices", heads, rows, more, "No invoice yet.")


def _payments(organization: Organization) -> Table:
    payments = Payment.objects.filter(organization=organization).select_related("invoice")
    rows = [
        (
            at(payment.created_at, organization.zone),
            link_to(payment, payment.get_status_display()),
            payment.amount.display(),
            payment.get_method_display(),
            payment.reference,
            link_to(payment.invoice),
        )
        for payment in payments[:SHOWN]
    ]
    more = list_of("payments_payment", organization__id__exact=organization.pk)
    heads = ("At", "Status", "#Amount", "Method", "Reference", "Invoice")
    return Table("Payments", heads, rows, more, "No payment yet.")


def _gone(organization: Organization) -> Table:
    """Refunds and disputes in one table, newest first."""
    mine = {"payment__organization": organization}
    refunds = Refund.objects.filter(**mine).select_related("payment", "actor")[:SHOWN]
    disputes = Dispute.objects.filter(**mine).select_related("payment")[:SHOWN]
    found: list[tuple[dt.datetime, Refund | Dispute]] = [
        *((refund.created_at, refund) for refund in refunds),
        *((dispute.opened_at, dispute) for dispute in disputes),
    ]
    rows = [
        (
            at(when, organization.zone),
            link_to(gone, type(gone).__name__),
            label(gone.get_status_display(), GONE_COLOURS.get(gone.status, "red")),
            gone.amount.display(),
            plain(gone.credits) if gone.credits else "",
            gone.reason,
            link_to(gone.payment, gone.payment.amount.display()),
        )
        for when, gone in sorted(found, key=lambda one: one[0], reverse=True)[:SHOWN]
    ]
    more = list_of("payments_refund", payment__organization__id__exact=organization.pk)
    heads = ("At", "What", "Status", "#Amount", "#Credits", "Why", "Of the payment")
    return Table("Refunds and disputes", heads, rows, more, "Nothing went back.")


def _cards(organization: Organization) -> Table:
    rows = [
        (
            link_to(card),
            label(card.get_status_display(), "green" if card.status == "on_file" else "grey"),
            "default" if card.is_default else "",
            f"{card.exp_month:02d}/{card.exp_year}",
            card.refusal,
        )
        for card in Card.objects.filter(organization=organization).order_by("-id")[:SHOWN]
    ]
    more = list_of("payments_card", organization__id__exact=organization.pk)
    return Table("Cards", ("Card", "Status", "", "Expires", "Refusal"), rows, more, "No card yet.")
