"""A card's holder contests a payment: its credits leave the wallet, and come back if it is won."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from accounts.acting import record_act
from payments.facts import DisputeFacts
from payments.models import Dispute, Payment
from payments.returning import (
    credit_invoice,
    credits_for,
    find_payment,
    lock_payment,
    note_gone,
    put_back,
    require_money,
    take_credits,
)
from wallet import credits as credit

# What Stripe calls a warning is a question of the bank: no money has moved.
STATUSES = {
    "needs_response": Dispute.Status.OPEN,
    "under_review": Dispute.Status.OPEN,
    "won": Dispute.Status.WON,
    "lost": Dispute.Status.LOST,
}


@transaction.atomic
def take_in_dispute(facts: DisputeFacts, *, now: dt.datetime) -> Dispute | None:
    """Write down the present state of a dispute at Stripe, once, in whatever order it comes.

    One that is closed when it is first heard of was opened before. Answers none for a bank's mere
    question, and where the money was no payment of ours.

    :raises NotPaidYet: we do not know yet that the money came; look at the payment, then again.
    """
    payment, status = find_payment(facts.intent), STATUSES.get(facts.status)
    if payment is None or status is None:
        return None
    payment = lock_payment(payment)
    dispute = payment.disputes.select_for_update().filter(stripe_id=facts.id).first()
    if dispute is None:
        require_money(payment)
        dispute = _open(payment, facts, now=now)
    if dispute.status == Dispute.Status.OPEN and status != Dispute.Status.OPEN:
        _close(payment, dispute, won=status == Dispute.Status.WON, now=now)
    return dispute


def _open(payment: Payment, facts: DisputeFacts, *, now: dt.datetime) -> Dispute:
    taken = credits_for(payment, facts.amount_minor)
    dispute = Dispute.objects.create(
        payment=payment,
        stripe_id=facts.id,
        amount_minor=facts.amount_minor,
        credits=taken if payment.credits is not None else None,
        reason=facts.reason[:100],
        opened_at=now,
    )
    words = _words(dispute, "opened")
    take_credits(payment, taken, key=f"dispute:{facts.id}", why=words, now=now)
    note_gone(payment)
    _record(payment, dispute, words, now=now)
    return dispute


def _close(payment: Payment, dispute: Dispute, *, won: bool, now: dt.datetime) -> None:
    """Give the credits back where it was won; where it was lost the money is refunded."""
    to = Dispute.Status.WON if won else Dispute.Status.LOST
    dispute.move(to, closed_at=now)
    words = _words(dispute, to.label.lower())
    if won:
        key = f"dispute_won:{dispute.stripe_id}"
        put_back(payment, dispute.credits, key=key, why=words, now=now)
    note_gone(payment)
    if not won:
        key, reason = f"dispute:{dispute.stripe_id}", "The card's holder contested the payment"
        credit_invoice(payment, reason=reason, key=key, now=now)
    _record(payment, dispute, words, now=now)


def _words(dispute: Dispute, what: str) -> str:
    why = f" ({dispute.reason.replace('_', ' ')})" if dispute.reason else ""
    return f"Dispute of {dispute.amount.display()}{why} {what}"


def _record(payment: Payment, dispute: Dispute, words: str, *, now: dt.datetime) -> None:
    after = {"payment": payment.status, "refunded": str(payment.refunded)}
    if dispute.credits:
        after["credits"] = credit.plain(dispute.credits)
    record_act(payment.organization, verb="dispute", summary=words, now=now, after=after)
