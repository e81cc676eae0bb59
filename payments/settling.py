"""What became of a payment is written down: once, whoever tells it and however often."""

from __future__ import annotations

import datetime as dt

import structlog
from django.db import transaction

from accounts.callbacks import Event, owe_callback
from accounts.letters import owe_letter
from invoices.issuing import issue_invoice, settle
from invoices.models import Document, Invoice
from invoices.totals import Line
from payments.facts import Intent
from payments.failing import note_failure, note_success
from payments.models import Payment
from payments.unwanted import drop_invoice, send_back
from wallet import credits as credit
from wallet.ledger import Posting, lock_wallet, post
from wallet.models import LedgerEntry
from wallet.money import Money

logger = structlog.get_logger(__name__)


class AmountDiffers(Exception):
    """Stripe took another amount than was asked for; somebody must look at it."""


def record(payment: Payment, intent: Intent, *, now: dt.datetime) -> Payment:
    """Write down the present state of a payment's intent; answers the payment as it is then.

    :raises AmountDiffers: it is paid, with another amount.
    """
    if intent.is_paid:
        return record_paid(payment, intent, now=now)
    if intent.is_over:
        words = intent.words or "The payment was given up."
        return record_failed(
            payment, code=intent.decline_code, words=words, intent=intent.id, now=now
        )
    return _record_waiting(payment, intent)


@transaction.atomic
def record_paid(payment: Payment, intent: Intent, *, now: dt.datetime) -> Payment:
    """Turn a payment into a paid one with all that follows from it: invoice, credits, receipt.

    :raises AmountDiffers: Stripe took another amount.
    """
    lock_wallet(payment.organization_id)
    payment = _locked(payment)
    if payment.status in Payment.MONEY_CAME:
        Payment.objects.filter(pk=payment.pk).update(look_at=None)
        return payment
    if intent.amount != payment.amount:
        raise AmountDiffers(f"{payment.token}: {intent.amount.display()} came.")
    unwanted = drop_invoice(payment)
    payment.move(
        Payment.Status.PAID,
        intent_id=intent.id,
        settled_at=now,
        look_at=None,
        decline_code="",
        failure="",
    )
    if unwanted:
        send_back(payment, reason=unwanted, now=now)
    else:
        _give(payment, now=now)
    return payment


@transaction.atomic
def record_failed(
    payment: Payment, *, code: str, words: str, now: dt.datetime, intent: str = ""
) -> Payment:
    """Turn a payment that may still come into a failed one, with Stripe's reason."""
    lock_wallet(payment.organization_id)
    payment = _locked(payment)
    if payment.status not in (Payment.Status.CHECKOUT, Payment.Status.PENDING):
        return payment
    payment.move(
        Payment.Status.FAILED,
        decline_code=code[:60],
        failure=words[:300],
        intent_id=intent or payment.intent_id,
        settled_at=now,
        # The hosted page stays open for another card until it expires.
        look_at=payment.look_at if payment.session_id else None,
    )
    if payment.purpose == Payment.Purpose.RECHARGE:
        note_failure(payment, now=now)
    _announce_failed(payment, now=now)
    return payment


def _announce_failed(payment: Payment, *, now: dt.datetime) -> None:
    owe_callback(
        payment.organization,
        event=Event.PAYMENT_FAILED,
        key=str(payment.token),
        data={
            "id": payment.pk,
            "status": payment.status,
            "method": payment.method,
            "amount": str(payment.amount),
            "currency": payment.currency,
            "invoice": payment.invoice.number if payment.invoice else None,
            "failure": payment.failure,
        },
        now=now,
    )


@transaction.atomic
def _record_waiting(payment: Payment, intent: Intent) -> Payment:
    payment = _locked(payment)
    if payment.status in (Payment.Status.CHECKOUT, Payment.Status.PENDING):
        payment.intent_id = intent.id
        payment.save(update_fields=["intent_id"])
    return payment


def _locked(payment: Payment) -> Payment:
    rows = Payment.objects.select_for_update(of=("self",)).select_related("organization")
    return rows.get(pk=payment.pk)


def _give(payment: Payment, *, now: dt.datetime) -> None:
    """Let everything happen that was paid for; within the transaction of the payment."""
    if payment.credits is not None:
        entry = Posting(
            payment.organization_id,
            LedgerEntry.Kind.TOP_UP,
            payment.credits,
            f"top_up:{payment.token}",
            f"{payment.get_purpose_display()} of {payment.amount.display()}",
        )
        post([entry], now=now)
    if payment.purpose == Payment.Purpose.RECHARGE:
        note_success(payment)
    # Who sells a plan knows its lines: the invoice comes when the plan takes effect.
    if payment.purpose != Payment.Purpose.PLAN:
        give_receipt(payment, now=now)


def give_receipt(payment: Payment, *, now: dt.datetime) -> Document:
    """Settle a paid payment's invoice, or write the one it never had, and mail the receipt.

    :raises WrongState: its invoice is not open any more.
    """
    invoice = payment.invoice or _invoice_of(payment, now=now)
    paid_with = {"method": payment.get_method_display(), "reference": payment.reference}
    receipt = settle(invoice, paid_with=paid_with, now=now)
    context = {
        "amount": payment.amount.display(),
        "invoice_number": invoice.number,
        "receipt_number": receipt.number,
    }
    if payment.credits is not None:
        context["credits"] = credit.display(payment.credits)
    owe_letter(
        payment.organization,
        code="payment_received",
        key=f"payment_received:{payment.pk}",
        context=context,
        document_number=receipt.number,
        now=now,
    )
    return receipt


def _invoice_of(payment: Payment, *, now: dt.datetime) -> Invoice:
    bought = credit.display(payment.credits or credit.ZERO)
    net = Money(payment.net_minor or payment.amount_minor, payment.currency)
    invoice = issue_invoice(
        payment.organization,
        key=f"payment:{payment.token}",
        lines=[Line("top_up", f"{payment.get_purpose_display()}: {bought} credits", net)],
        paid=payment.amount,
        now=now,
    )
    payment.invoice = invoice
    payment.save(update_fields=["invoice"])
    return invoice
