"""What it means that money went back: credits leave the wallet, the payment and invoice say so."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction

from django.db.models import QuerySet, Sum

from invoices.crediting import issue_credit_note
from invoices.models import CreditNote, Invoice
from payments.models import Dispute, Payment, Refund
from wallet import credits as credit
from wallet.credits import Credits
from wallet.ledger import Posting, lock_wallet, post
from wallet.models import LedgerEntry
from wallet.money import Money


class NotPaidYet(Exception):
    """Money went back for a payment that we do not know as paid: look at the payment first."""


def lock_payment(payment: Payment) -> Payment:
    """Take the wallet and then the payment, as every verb does whose money goes back."""
    lock_wallet(payment.organization_id)
    rows = Payment.objects.select_for_update(of=("self",)).select_related("organization")
    return rows.get(pk=payment.pk)


def find_payment(intent: str) -> Payment | None:
    """Find the payment of an intent; a hold that was voided has none."""
    return Payment.objects.filter(intent_id=intent).first() if intent else None


def require_money(payment: Payment) -> None:
    """Refuse to write down that money went back before it came.

    :raises NotPaidYet: it is not known to have come.
    """
    if payment.status not in Payment.MONEY_CAME:
        raise NotPaidYet(f"payment {payment.token} is {payment.status}")


def left_of(payment: Payment) -> Money:
    """Answer what can still go back: not refunded, not being refunded, not disputed."""
    asked = payment.refunds.filter(status=Refund.Status.PENDING)
    minor = payment.amount_minor - _gone(payment) - _sum_of(asked)
    return Money(max(minor, 0), payment.currency)


def credits_for(payment: Payment, minor: int) -> Credits:
    """Answer the credits that leave the wallet when so much more of the money goes back.

    They are a share of all that has gone, less those that left before, so that the last part
    takes exactly the rest. Where a dispute was opened because a refund came again, and we have
    not heard of that, it is for a moment more than was bought.
    """
    if payment.credits is None:
        return credit.ZERO
    gone = Fraction(_gone(payment) + minor, payment.amount_minor)
    share = credit.rounded(Fraction(payment.credits) * gone)
    return Credits(max(share - _credits_gone(payment), credit.ZERO))


def take_credits(
    payment: Payment, credits: Credits, *, key: str, why: str, now: dt.datetime
) -> None:
    """Take credits out of the wallet, below zero if need be; once per key."""
    kind = LedgerEntry.Kind.REFUND
    post([Posting(payment.organization_id, kind, -credits, key, why)], now=now)


def put_back(
    payment: Payment, credits: Decimal | None, *, key: str, why: str, now: dt.datetime
) -> None:
    """Put credits that were taken back into the wallet; once per key.

    The kind is the one under which they left: nothing was bought anew, and what the kind adds up
    to is what is gone for good.
    """
    take_credits(payment, Credits(-(credits or credit.ZERO)), key=key, why=why, now=now)


def note_gone(payment: Payment) -> None:
    """Let a payment say what of it is gone for good, and the state that it is in for it."""
    refunded = min(_gone_for_good(payment), payment.amount_minor)
    to = _status(payment, refunded)
    if to != payment.status:
        payment.move(to, refunded_minor=refunded)
    elif refunded != payment.refunded_minor:
        payment.refunded_minor = refunded
        payment.save(update_fields=["refunded_minor"])


def credit_invoice(
    payment: Payment, *, reason: str, key: str, now: dt.datetime
) -> CreditNote | None:
    """Issue a credit note for what went back of a payment and is not credited yet.

    A note stays when its refund fails at the bank: the money is owed still, and the next refund
    of that payment uses the note up before another is issued.
    """
    if payment.invoice_id is None:
        return None
    invoice = Invoice.objects.get(pk=payment.invoice_id)
    owed = payment.refunded - invoice.credited
    if owed.minor <= 0:
        return None
    return issue_credit_note(invoice, amount=owed, reason=reason, key=key, now=now)


def _status(payment: Payment, refunded: int) -> Payment.Status:
    if refunded == payment.amount_minor:
        return Payment.Status.REFUNDED
    if payment.disputes.filter(status=Dispute.Status.OPEN).exists():
        return Payment.Status.DISPUTED
    return Payment.Status.PAID


def _gone(payment: Payment) -> int:
    disputed = payment.disputes.filter(status=Dispute.Status.OPEN)
    return _gone_for_good(payment) + _sum_of(disputed)


def _gone_for_good(payment: Payment) -> int:
    done = payment.refunds.filter(status=Refund.Status.DONE)
    lost = payment.disputes.filter(status=Dispute.Status.LOST)
    return _sum_of(done) + _sum_of(lost)


def _sum_of(rows: QuerySet[Refund] | QuerySet[Dispute]) -> int:
    return rows.aggregate(sum=Sum("amount_minor"))["sum"] or 0


def _credits_gone(payment: Payment) -> Credits:
    refunds = payment.refunds.filter(status=Refund.Status.DONE)
    disputes = payment.disputes.exclude(status=Dispute.Status.WON)
    sums = [rows.aggregate(sum=Sum("credits"))["sum"] for rows in (refunds, disputes)]
    return Credits(sum((found or credit.ZERO for found in sums), credit.ZERO))
