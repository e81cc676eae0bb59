"""What each kind of event makes us look at: always the present state, asked for anew.

An event says only that something may have changed, and which object. What the message itself says
of the object is old news by the time it is read, so that neither order nor repetition matters;
taken from it are pointers that never change: a charge's intent, a card's customer.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from payments.asking import look
from payments.cards import CardDeclined, finish_adding
from payments.disputing import take_in_dispute
from payments.facts import Intent
from payments.gateway import Gateway
from payments.models import Card, Customer, Payment, StripeEvent
from payments.refunding import take_in_refund
from payments.settling import record
from payments.syncing import replace_customer, sync_cards, sync_default

Look = Callable[[StripeEvent, Gateway, dt.datetime], None]


class NobodyKnows(Exception):
    """What an event is about is nothing of ours: another program uses the same account."""


def look_into(event: StripeEvent, *, gateway: Gateway, now: dt.datetime) -> None:
    """Look at what an event is about, and write down what is so now; an unknown kind is nothing.

    :raises NobodyKnows: it is about nothing of ours.
    :raises StripeSilent: Stripe gave no answer.
    """
    for kind, look_at in KINDS:
        if event.kind.startswith(kind):
            look_at(event, gateway, now)
            return


def concerns_us(kind: str) -> bool:
    """Answer whether events of this kind make us look at anything."""
    return any(kind.startswith(known) for known, _ in KINDS)


def _session(event: StripeEvent, gateway: Gateway, now: dt.datetime) -> None:
    payment = _payments().filter(session_id=event.object_id).first()
    if payment is None:
        session = gateway.session(event.object_id)
        if session.organization:
            customer = _customer(session.customer)
            # A card that was refused is an answer, and is shown to its owner.
            with suppress(CardDeclined):
                finish_adding(customer.organization, session=session.id, gateway=gateway, now=now)
            return
        payment = _payment_of(session.payment)
        # The answer that named the page was lost.
        payment.session_id = session.id
        payment.save(update_fields=["session_id"])
    look(payment, gateway=gateway, now=now)


def _intent(event: StripeEvent, gateway: Gateway, now: dt.datetime) -> None:
    _look_at_intent(event.object_id, gateway=gateway, now=now)


def _charge(event: StripeEvent, gateway: Gateway, now: dt.datetime) -> None:
    intent = _pointer(event, "payment_intent")
    payment = _look_at_intent(intent, gateway=gateway, now=now)
    if payment is not None and event.kind == "charge.refunded":
        for refund in gateway.refunds_of(intent):
            take_in_refund(refund, now=now)


def _refund(event: StripeEvent, gateway: Gateway, now: dt.datetime) -> None:
    refund = gateway.refund_facts(event.object_id)
    # A hold that was voided comes as a refund too.
    if _look_at_intent(refund.intent, gateway=gateway, now=now) is not None:
        take_in_refund(refund, now=now)


def _dispute(event: StripeEvent, gateway: Gateway, now: dt.datetime) -> None:
    dispute = gateway.dispute(event.object_id)
    _look_at_intent(dispute.intent, gateway=gateway, now=now)
    take_in_dispute(dispute, now=now)


def _setup(event: StripeEvent, gateway: Gateway, now: dt.datetime) -> None:
    if pointer := _pointer(event, "customer"):
        sync_cards(_customer(pointer), gateway=gateway, now=now)


def _card(event: StripeEvent, gateway: Gateway, now: dt.datetime) -> None:
    card = Card.objects.filter(stripe_id=event.object_id).select_related("organization").first()
    if card is not None:
        customer = Customer.objects.get(organization=card.organization)
    elif pointer := _pointer(event, "customer") or _before(event).get("customer"):
        customer = _customer(pointer)
    else:
        return
    sync_cards(customer, gateway=gateway, now=now)


def _customer_updated(event: StripeEvent, gateway: Gateway, now: dt.datetime) -> None:
    customer = _customer(event.object_id)
    sync_cards(customer, gateway=gateway, now=now)
    # Only where the default was changed there; else ours, chosen later, would be taken back.
    if "invoice_settings" in _before(event):
        sync_default(customer, gateway=gateway, now=now)


def _customer_deleted(event: StripeEvent, gateway: Gateway, now: dt.datetime) -> None:
    customer = Customer.objects.filter(stripe_id=event.object_id).first()
    if customer is not None and not gateway.has_customer(customer.stripe_id):
        replace_customer(customer, gateway=gateway, now=now)


def _look_at_intent(intent_id: str, *, gateway: Gateway, now: dt.datetime) -> Payment | None:
    """Bring the payment of an intent up to date; none if the intent is a card's hold."""
    if not intent_id:
        raise NobodyKnows("It is about no payment intent; we make no other charges.")
    payment = _payments().filter(intent_id=intent_id).first()
    if payment is not None:
        return look(payment, gateway=gateway, now=now)
    intent = gateway.intent(intent_id)
    if is_our_hold(intent):
        return None
    return record(_payment_of(intent.payment), intent, now=now)


def is_our_hold(intent: Intent) -> bool:
    """Answer whether an intent is the verification hold of a card of ours."""
    return bool(intent.hold) and Card.objects.filter(stripe_id=intent.hold).exists()


def find_payment(token: str) -> Payment | None:
    """Find the payment that Stripe knows by this token."""
    with suppress(ValueError):
        return _payments().filter(token=UUID(token)).first()
    return None


def _payment_of(token: str) -> Payment:
    payment = find_payment(token)
    if payment is None:
        raise NobodyKnows("It is about a payment that this site has not asked for.")
    return payment


def _payments() -> QuerySet[Payment]:
    return Payment.objects.select_related("organization", "card", "invoice")


def _customer(stripe_id: str) -> Customer:
    customer = Customer.objects.filter(stripe_id=stripe_id).select_related("organization").first()
    if customer is None:
        raise NobodyKnows("It is about a customer who is no organization of this site.")
    return customer


def _pointer(event: StripeEvent, name: str) -> str:
    """Answer the id of another object that the event's object names."""
    found = event.payload["data"]["object"].get(name) or ""
    return str(found.get("id", "") if isinstance(found, dict) else found)


def _before(event: StripeEvent) -> dict[str, Any]:
    """Answer what was so of the object before the event, as far as it changed."""
    return event.payload["data"].get("previous_attributes") or {}


# The first that fits: an object's more particular kinds come before it.
KINDS: tuple[tuple[str, Look], ...] = (
    ("checkout.session.", _session),
    ("payment_intent.", _intent),
    ("charge.dispute.", _dispute),
    ("charge.refund.", _refund),
    ("refund.", _refund),
    ("charge.", _charge),
    ("setup_intent.", _setup),
    ("payment_method.", _card),
    ("customer.updated", _customer_updated),
    ("customer.deleted", _customer_deleted),
)
