"""Payments as a history shows them: each with its state in words, and what can be done about it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Prefetch, QuerySet

from accounts.models import Organization
from accounts.paging import page_of
from invoices.models import Document
from payments.models import Payment

OPEN_FOR = dt.timedelta(hours=24)
"""How long Stripe keeps a hosted page."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A payment at an instant, which decides whether its hosted page is still open."""

    payment: Payment
    now: dt.datetime

    @property
    def can_continue(self) -> bool:
        """Answer whether it can still be paid on the page that was opened for it."""
        payment = self.payment
        return (
            payment.status in (Payment.Status.CHECKOUT, Payment.Status.FAILED)
            and payment.session_id is not None
            and payment.look_at is not None
            and self.now < payment.created_at + OPEN_FOR
        )

    @property
    def detail(self) -> str:
        """What its state means, where one word does not say it."""
        payment = self.payment
        if payment.status == Payment.Status.PAID:
            return f"{payment.refunded.display()} refunded" if payment.refunded_minor else ""
        return {
            Payment.Status.FAILED: payment.failure,
            Payment.Status.PENDING: "Waiting for the bank's answer",
            Payment.Status.CHECKOUT: "Started, not paid"
            if self.can_continue
            else "Started, never paid",
            Payment.Status.DISPUTED: "Contested at the bank",
        }.get(Payment.Status(payment.status), "")

    @property
    def source(self) -> str:
        """The card or the bank's reference that the money came by."""
        payment = self.payment
        if payment.method == Payment.Method.BANK:
            return f"{payment.get_method_display()} {payment.reference}"
        return str(payment.card) if payment.card else ""

    @property
    def receipt(self) -> Document | None:
        """The receipt; only a payment that was made has one."""
        payment = self.payment
        if payment.status not in Payment.MONEY_CAME or payment.invoice is None:
            return None
        documents = payment.invoice.documents.all()
        return next((one for one in documents if one.kind == Document.Kind.RECEIPT), None)


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of payments, and the keys of its neighbours."""

    payments: list[Listed]
    newer: int | None
    older: int | None


def told(payments: QuerySet[Payment]) -> QuerySet[Payment]:
    """Fetch with payments all that is told of them."""
    documents = Prefetch("invoice__documents", Document.objects.defer("pdf", "facts"))
    return payments.select_related("organization", "invoice", "card").prefetch_related(documents)


def list_payments(
    organization: Organization, *, asked: Mapping[str, str], now: dt.datetime
) -> Listing:
    """Answer a page of payments, newest first, in two statements."""
    page = page_of(told(Payment.objects.filter(organization=organization)), asked)
    return Listing([Listed(one, now) for one in page.rows], page.newer, page.older)
