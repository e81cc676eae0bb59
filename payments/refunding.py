"""Money is refunded: in full or in part, once per act, and never more than was paid."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

import structlog
from django.db import transaction
from django.db.models import Q

from accounts.acting import require_reason
from accounts.models import Organization, User
from accounts.refusals import Invalid, Refusal
from payments.answers import StripeRefused, StripeSilent
from payments.facts import RefundFacts
from payments.gateway import Gateway
from payments.looks import next_look
from payments.models import Payment, Refund
from payments.recording_refunds import record_done, record_refund, record_refused
from payments.returning import (
    credits_for,
    find_payment,
    left_of,
    lock_payment,
    require_money,
)
from wallet.credits import Credits
from wallet.money import Money, exponent

logger = structlog.get_logger(__name__)

AT_STRIPE = "Refunded in Stripe's dashboard"


class NothingToRefund(Refusal):
    """There is no paid payment, or nothing is left of it."""

    code = "nothing_to_refund"
    message = "There is nothing to refund."
    remedy = "Only what was paid, and is neither refunded nor disputed, can be refunded."


@dataclass(frozen=True, slots=True)
class RefundQuote:
    """What a refund would do: money goes back, credits leave the wallet, an invoice is credited."""

    amount: Money
    left: Money
    credits: Credits
    credited: Money


def quote_refund(payment: Payment, amount: Money | None) -> RefundQuote:
    """Answer what refunding an amount of a payment would do; without an amount all that is left.

    :raises NothingToRefund: it is not paid, or nothing is left of it.
    :raises Invalid: zero, below zero, more than is left, or less than Stripe can split.
    """
    left = left_of(payment)
    if payment.status != Payment.Status.PAID or not left:
        raise NothingToRefund
    asked = left if amount is None else amount
    if asked.currency != payment.currency:
        raise Invalid(f"This payment was made in {payment.currency}.", field="amount")
    if asked.minor <= 0:
        raise Invalid("The amount must be above zero.", field="amount")
    if asked.minor > left.minor:
        raise Invalid(f"Of this payment {left.display()} can be refunded.", field="amount")
    if payment.method == Payment.Method.CARD and exponent(asked.currency) == 3 and asked.minor % 10:
        # Stripe's rule for currencies of three decimals.
        raise Invalid(f"Cards move {asked.currency} with two decimals only.", field="amount")
    credited = Money(0, payment.currency)
    if payment.invoice is not None:
        owed = payment.refunded + asked - payment.invoice.credited
        credited = Money(max(owed.minor, 0), payment.currency)
    return RefundQuote(asked, left, credits_for(payment, asked.minor), credited)


def latest_paid(organization: Organization) -> Payment:
    """Answer the payment that was paid last.

    :raises NothingToRefund: there is none.
    """
    paid = Payment.objects.filter(organization=organization, status=Payment.Status.PAID)
    payment = paid.select_related("organization", "invoice").order_by("-settled_at", "-id").first()
    if payment is None:
        raise NothingToRefund
    return payment


def refund_payment(
    payment: Payment,
    *,
    amount: Money | None,
    reason: str,
    key: str,
    gateway: Gateway | None,
    now: dt.datetime,
    actor: User | None = None,
) -> Refund:
    """Refund a payment, or a part of it; the same key again answers the same refund.

    A bank payment asks nobody (staff send it back from their bank) and needs no ``gateway``. The
    refund that comes back is done, failed with Stripe's words, or pending: its answer was lost,
    and the sweep finds it.

    :raises NothingToRefund: it is not paid, or nothing is left of it.
    :raises Invalid: an amount that cannot be, no reason, or a key known with another amount.
    """
    refund, is_new = _intend(payment, amount=amount, reason=reason, key=key, now=now, actor=actor)
    if not is_new or refund.status != Refund.Status.PENDING or gateway is None:
        return refund
    return _ask(refund, gateway=gateway, now=now)


@transaction.atomic
def _intend(
    payment: Payment,
    *,
    amount: Money | None,
    reason: str,
    key: str,
    now: dt.datetime,
    actor: User | None,
) -> tuple[Refund, bool]:
    reason = require_reason(reason)
    payment = lock_payment(payment)
    known = payment.refunds.filter(key=key).first()
    if known and amount is not None and known.amount != amount:
        raise Invalid("This form was used for another amount; open it anew.", field="amount")
    if known:
        return known, False
    refund = Refund.objects.create(
        payment=payment,
        key=key,
        status=Refund.Status.PENDING,
        amount_minor=quote_refund(payment, amount).amount.minor,
        reason=reason,
        actor=actor,
        created_at=now,
        look_at=next_look(now, looks=0, now=now),
    )
    if payment.method == Payment.Method.BANK:
        record_done(payment, refund, now=now)
    return refund, True


def _ask(refund: Refund, *, gateway: Gateway, now: dt.datetime) -> Refund:
    """Ask Stripe to send the money back; asking again under the same key sends it once."""
    token = str(refund.token)
    intent = str(refund.payment.intent_id)
    try:
        facts = gateway.refund(intent, amount_minor=refund.amount_minor, refund=token, key=token)
    except StripeSilent:
        return refund
    except StripeRefused as refused:
        return record_refused(refund, refused.words, now=now)
    return record_refund(refund, facts, now=now)


@transaction.atomic
def take_in_refund(facts: RefundFacts, *, now: dt.datetime) -> Refund | None:
    """Write down a refund that Stripe tells of, ours or one made in its dashboard.

    Answers none where the money was no payment of ours, such as a hold that was voided.

    :raises NotPaidYet: we do not know yet that the money came; look at the payment, then again.
    """
    payment = find_payment(facts.intent)
    if payment is None:
        return None
    payment = lock_payment(payment)
    refund = payment.refunds.filter(_called(facts)).first()
    if refund is None:
        require_money(payment)
        refund = Refund.objects.create(
            payment=payment,
            key=f"stripe:{facts.id}",
            status=Refund.Status.PENDING,
            amount_minor=facts.amount_minor,
            reason=AT_STRIPE,
            stripe_id=facts.id,
            created_at=now,
            look_at=next_look(now, looks=0, now=now),
        )
    return record_refund(refund, facts, now=now)


def resolve_refunds(*, gateway: Gateway, now: dt.datetime, limit: int = 200) -> int:
    """Ask Stripe about the refunds that are to be looked at; answers how many were asked about."""
    due = Refund.objects.filter(look_at__lte=now).order_by("look_at", "id")
    asked = 0
    for pk in list(due.values_list("id", flat=True)[:limit]):
        refund = _look_later(pk, now=now)
        if refund is None:
            continue
        try:
            _look(refund, gateway=gateway, now=now)
        except StripeSilent:
            break
        except Exception:  # a bad row is logged, shown to staff, and does not stop the sweep
            logger.exception("refund_not_resolved", refund=pk)
        asked += 1
    return asked


@transaction.atomic
def _look_later(pk: int, *, now: dt.datetime) -> Refund | None:
    """Note the next look first: a refund that cannot be read waits like the others."""
    rows = Refund.objects.select_for_update(skip_locked=True, of=("self",))
    refund = rows.select_related("payment").filter(pk=pk, look_at__lte=now).first()
    if refund is None:
        return None
    refund.looks += 1
    refund.look_at = next_look(refund.created_at, looks=refund.looks, now=now)
    refund.save(update_fields=["looks", "look_at"])
    return refund


def _look(refund: Refund, *, gateway: Gateway, now: dt.datetime) -> Refund:
    """Find the refund at Stripe; what Stripe never heard of is asked for again."""
    if refund.stripe_id:
        return record_refund(refund, gateway.refund_facts(refund.stripe_id), now=now)
    for facts in gateway.refunds_of(str(refund.payment.intent_id)):
        if facts.refund == str(refund.token):
            return record_refund(refund, facts, now=now)
    return _ask(refund, gateway=gateway, now=now)


def _called(facts: RefundFacts) -> Q:
    named = Q(stripe_id=facts.id)
    try:
        return named | Q(token=uuid.UUID(facts.refund))
    except ValueError:
        return named
