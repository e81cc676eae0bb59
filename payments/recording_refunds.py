"""What became of a refund is written down: once, whoever tells it and however often."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from accounts.acting import record_act
from payments.facts import RefundFacts
from payments.models import Payment, Refund
from payments.returning import (
    credit_invoice,
    credits_for,
    lock_payment,
    note_gone,
    put_back,
    take_credits,
)
from wallet import credits as credit


class RefundDiffers(Exception):
    """Stripe refunded another amount than was asked for; somebody must look at it."""


@transaction.atomic
def record_refund(refund: Refund, facts: RefundFacts, *, now: dt.datetime) -> Refund:
    """Write down the present state of a refund at Stripe, once; answers the refund as it is then.

    :raises RefundDiffers: Stripe refunded another amount.
    """
    payment, refund = _lock(refund)
    if facts.amount_minor != refund.amount_minor:
        raise RefundDiffers(f"refund {refund.token}: {facts.amount_minor}")
    if refund.stripe_id is None:
        refund.stripe_id = facts.id
        refund.save(update_fields=["stripe_id"])
    if facts.status in ("failed", "canceled"):
        _record_failed(payment, refund, facts.words, now=now)
    elif facts.status == "succeeded" and refund.status == Refund.Status.PENDING:
        record_done(payment, refund, now=now)
    return refund


@transaction.atomic
def record_refused(refund: Refund, words: str, *, now: dt.datetime) -> Refund:
    """Write down that Stripe refused a refund for good."""
    payment, refund = _lock(refund)
    _record_failed(payment, refund, words, now=now)
    return refund


def record_done(payment: Payment, refund: Refund, *, now: dt.datetime) -> None:
    """Let everything happen that follows from money that went back."""
    before = payment.refunded
    taken = credits_for(payment, refund.amount_minor)
    key, words = f"refund:{refund.token}", f"Refund of {refund.amount.display()}"
    take_credits(payment, taken, key=key, why=f"{words}: {refund.reason}", now=now)
    kept = taken if payment.credits is not None else None
    refund.move(Refund.Status.DONE, credits=kept, settled_at=now, look_at=None)
    note_gone(payment)
    note = credit_invoice(payment, reason=refund.reason, key=key, now=now)
    after = {"refunded": str(payment.refunded), "status": payment.status}
    after |= {"credit_note": note.number} if note else {}
    after |= {"credits_taken": credit.plain(taken)} if taken else {}
    record_act(
        payment.organization,
        verb="refund",
        summary=f"{words} of {payment.get_method_display().lower()} payment {_name(payment)}",
        reason=refund.reason,
        now=now,
        actor=refund.actor,
        before={"refunded": str(before)},
        after=after,
    )


def _record_failed(payment: Payment, refund: Refund, words: str, *, now: dt.datetime) -> None:
    """Write down that the money did not go; if it had gone and came again, the credits do too."""
    if refund.status == Refund.Status.FAILED:
        return
    came_again = refund.status == Refund.Status.DONE
    words = words.replace("_", " ") or "Stripe refused it."
    refund.move(Refund.Status.FAILED, failure=words[:300], settled_at=now, look_at=None)
    summary = f"Refund of {refund.amount.display()} failed: {words}"
    if came_again:
        put_back(payment, refund.credits, key=f"refund_failed:{refund.token}", why=summary, now=now)
        note_gone(payment)
        summary += ". The credits are in the wallet again; the credit note stands."
    record_act(
        payment.organization,
        verb="refund_failed",
        summary=summary,
        reason=refund.reason,
        now=now,
        actor=None if came_again else refund.actor,
        after={"refunded": str(payment.refunded), "status": payment.status},
    )


def _name(payment: Payment) -> str:
    return payment.reference or str(payment.invoice or payment.pk)


def _lock(refund: Refund) -> tuple[Payment, Refund]:
    payment = lock_payment(refund.payment)
    return payment, payment.refunds.select_for_update().get(pk=refund.pk)
