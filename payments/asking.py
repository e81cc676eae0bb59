"""Stripe is asked: to charge a card, or what has become of a payment whose answer was lost."""

from __future__ import annotations

import datetime as dt

from django.db.models import F

from payments.answers import StripeRefused, StripeSilent
from payments.customers import customer_of
from payments.facts import Charge, Intent
from payments.gateway import Gateway
from payments.models import Payment
from payments.settling import record, record_failed

# Who has written an intent down asks by himself; the sweep comes only after a crash.
FOR_THE_DOOR = dt.timedelta(minutes=1)
CLOCKS_DIFFER = dt.timedelta(hours=1)
# So long may its owner take to confirm at the bank; meanwhile nothing else is charged.
GIVEN_UP_AFTER = dt.timedelta(minutes=30)


def ask(
    payment: Payment,
    *,
    gateway: Gateway,
    now: dt.datetime,
    present: bool = False,
    return_url: str = "",
) -> Payment:
    """Charge the card of a pending payment; no answer leaves it pending, to be looked at.

    The intent is committed by the caller. ``present``: its owner is there and can confirm at
    ``return_url``. The key at Stripe is the payment's own, so that asking again charges once.
    """
    if payment.card is None:
        return record_failed(payment, code="no_card", words="There is no card to charge.", now=now)
    payment.asked_at = payment.asked_at or now
    payment.look_at = payment.next_look(now)
    Payment.objects.filter(pk=payment.pk, status=Payment.Status.PENDING).update(
        asked_at=payment.asked_at, look_at=payment.look_at
    )
    try:
        charge = Charge(
            amount=payment.amount,
            customer=customer_of(payment.organization, gateway=gateway, now=now),
            card=payment.card.stripe_id,
            payment=str(payment.token),
            description=describe(payment),
            present=present,
            return_url=return_url,
        )
        intent = gateway.charge(charge, key=str(payment.token))
    except StripeSilent:
        return payment
    except StripeRefused as refused:
        return record_failed(payment, code=refused.code, words=refused.words, now=now)
    return record(payment, intent, now=now)


def look(payment: Payment, *, gateway: Gateway, now: dt.datetime) -> Payment:
    """Ask Stripe what has become of a payment, and write it down.

    What Stripe never heard of is asked again under the same key.

    :raises StripeSilent: Stripe gave no answer.
    """
    if payment.session_id:
        return _look_at_session(payment, gateway=gateway, now=now)
    if payment.intent_id:
        return record(payment, _intent(payment, gateway=gateway, now=now), now=now)
    if payment.status != Payment.Status.PENDING:
        return payment
    if payment.asked_at is not None:
        customer = customer_of(payment.organization, gateway=gateway, now=now)
        since = int((payment.asked_at - CLOCKS_DIFFER).timestamp())
        found = gateway.find_intent(customer, payment=str(payment.token), since=since)
        if found is not None:
            return record(payment, found, now=now)
    return ask(payment, gateway=gateway, now=now)


def _intent(payment: Payment, *, gateway: Gateway, now: dt.datetime) -> Intent:
    """Answer the present state of a payment's intent; one that its owner left is given up."""
    intent = gateway.intent(str(payment.intent_id))
    began = payment.asked_at or payment.created_at
    if intent.needs_action and now - began >= GIVEN_UP_AFTER:
        return gateway.cancel(intent.id)
    return intent


def look_later(payment: Payment, *, now: dt.datetime) -> None:
    """Note when the sweep asks again about a payment that it is about to ask about."""
    payment.looks += 1
    payment.look_at = payment.next_look(now)
    Payment.objects.filter(pk=payment.pk, look_at__isnull=False).update(
        looks=F("looks") + 1, look_at=payment.look_at
    )


def describe(payment: Payment) -> str:
    """Say what is paid for, as Stripe and the bank show it."""
    if payment.invoice is not None:
        return f"Invoice {payment.invoice}"
    return payment.get_purpose_display()


def _look_at_session(payment: Payment, *, gateway: Gateway, now: dt.datetime) -> Payment:
    session = gateway.session(str(payment.session_id))
    if session.intent is not None:
        payment = record(payment, session.intent, now=now)
    if session.status == "expired":
        return _end_session(payment, now=now)
    return payment


def _end_session(payment: Payment, *, now: dt.datetime) -> Payment:
    """Nobody can pay on it any more; in our history an open checkout stays what it was."""
    Payment.objects.filter(pk=payment.pk).update(look_at=None)
    if payment.status == Payment.Status.PENDING:
        return record_failed(payment, code="expired", words="It was not finished.", now=now)
    return payment
