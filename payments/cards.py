"""Cards are added through Stripe, verified by a hold, chosen as default, and removed."""

from __future__ import annotations

import datetime as dt

import structlog
from django.db import transaction

from accounts.models import Organization
from accounts.refusals import Invalid, Refusal
from payments.answers import StripeRefused, StripeSilent
from payments.customers import customer_of
from payments.facts import CardFacts, Charge, Session
from payments.failing import start_afresh
from payments.gateway import Gateway
from payments.models import AutoRecharge, Card, Customer
from wallet.ledger import lock_wallet
from wallet.money import Money, exponent

logger = structlog.get_logger(__name__)

# Where one unit is less than Stripe charges at all, in minor units.
LEAST_HELD = {
    "CLP": 1000,
    "CZK": 1500,
    "DKK": 250,
    "HKD": 400,
    "HUF": 17500,
    "ISK": 10000,
    "JPY": 100,
    "KRW": 1000,
    "MXN": 1000,
    "MYR": 200,
    "NOK": 300,
    "PLN": 200,
    "RON": 200,
    "SEK": 300,
    "THB": 1000,
    "AED": 200,
    "TND": 1500,
    "UGX": 200000,
    "VND": 15000,
    "XAF": 500,
    "XOF": 500,
}


class CardDeclined(Refusal):
    """The bank, or we, do not take this card."""

    code = "card_declined"
    message = "This card was declined."
    remedy = "Add another card."


class NoCard(Refusal):
    """There is no such card, or none at all."""

    code = "no_card"
    message = "There is no card on file."
    remedy = "Add a card first."


def begin_adding(
    organization: Organization,
    *,
    key: str,
    urls: tuple[str, str],
    gateway: Gateway,
    now: dt.datetime,
) -> Session:
    """Open Stripe's page on which a card is added; ``urls``: for done, and for walking away.

    :raises StripeSilent: Stripe gave no answer.
    """
    customer = customer_of(organization, gateway=gateway, now=now)
    return gateway.open_setup(
        customer, organization=organization.external_id, urls=urls, key=f"setup:{key}"
    )


def finish_adding(
    organization: Organization, *, session: str, gateway: Gateway, now: dt.datetime
) -> Card | None:
    """Take the card of a finished page on file; none while the page is not finished.

    :raises CardDeclined: its hold was declined, or its brand is none of ours.
    :raises NoCard: the page is another organization's.
    """
    found = gateway.session(session)
    if not Customer.objects.filter(organization=organization, stripe_id=found.customer).exists():
        raise NoCard
    if found.status != "complete" or not found.card:
        return None
    return add_card(organization, card=found.card, gateway=gateway, now=now)


def add_card(
    organization: Organization,
    *,
    card: str,
    gateway: Gateway,
    now: dt.datetime,
    make_default: bool = False,
) -> Card:
    """Verify a card by a hold that is voided at once, and take it on file; once per card.

    :raises CardDeclined: its hold was declined, or its brand is none of ours.
    :raises StripeSilent: Stripe gave no answer; the sweep finishes it.
    """
    row = _intend(organization, gateway.card(card), make_default=make_default, now=now)
    if row.status == Card.Status.VERIFYING:
        row = verify(row, gateway=gateway, now=now)
    if row.status == Card.Status.REFUSED:
        raise CardDeclined(row.refusal)
    return row


@transaction.atomic
def _intend(
    organization: Organization, facts: CardFacts, *, make_default: bool, now: dt.datetime
) -> Card:
    lock_wallet(organization.pk)
    row, created = Card.objects.get_or_create(
        stripe_id=facts.id,
        defaults={
            "organization": organization,
            "brand": facts.brand,
            "last4": facts.last4,
            "exp_month": facts.exp_month,
            "exp_year": facts.exp_year,
            "make_default": make_default,
            "created_at": now,
        },
    )
    if created and facts.brand not in Card.BRANDS:
        brands = ", ".join(Card.BRANDS.values())
        words = f"We do not take {row.brand_name} cards; we take {brands}."
        row.move(Card.Status.REFUSED, refusal=words, settled_at=now)
    return row


def verify(card: Card, *, gateway: Gateway, now: dt.datetime) -> Card:
    """Hold one unit of money on a card, void it, and take the card on file or refuse it.

    :raises StripeSilent: Stripe gave no answer; nothing is on file yet.
    """
    Card.objects.filter(pk=card.pk).update(hold_open=True)
    customer = customer_of(card.organization, gateway=gateway, now=now)
    charge = Charge(
        amount=hold_amount(card.organization.currency),
        customer=customer,
        card=card.stripe_id,
        payment="",
        description="Card verification, voided at once",
        present=True,
        metadata={"hold": card.stripe_id},
    )
    try:
        hold = gateway.hold(charge, key=f"hold:{card.stripe_id}")
    except StripeRefused as refused:
        return _refuse(card, refused.words, now=now)
    if hold.id:
        Card.objects.filter(pk=card.pk).update(hold_id=hold.id)
    if hold.is_over:
        return _refuse(card, hold.words, now=now)
    gateway.cancel(hold.id)
    card = take_on_file(card, now=now)
    if card.is_default:
        show_default(card, gateway=gateway)
    return card


def hold_amount(currency: str) -> Money:
    """Answer one unit of a currency, or the least that Stripe takes where that is more."""
    return Money(max(10 ** exponent(currency), LEAST_HELD.get(currency, 0)), currency)


@transaction.atomic
def take_on_file(card: Card, *, now: dt.datetime) -> Card:
    """Let a verified card be used; the first becomes the default."""
    lock_wallet(card.organization_id)
    card.refresh_from_db()
    Card.objects.filter(pk=card.pk).update(hold_open=False)
    if card.status == Card.Status.VERIFYING:
        card.move(Card.Status.ON_FILE, settled_at=now, hold_open=False)
        if card.make_default or Card.objects.default_of(card.organization) is None:
            _make_default(card, now=now)
    return card


@transaction.atomic
def _refuse(card: Card, words: str, *, now: dt.datetime) -> Card:
    lock_wallet(card.organization_id)
    card.refresh_from_db()
    Card.objects.filter(pk=card.pk).update(hold_open=False)
    if card.status == Card.Status.VERIFYING:
        card.move(Card.Status.REFUSED, refusal=words[:200], settled_at=now, hold_open=False)
    return card


@transaction.atomic
def choose_default(organization: Organization, *, card_id: int, now: dt.datetime) -> Card:
    """Let another card on file be the default.

    :raises NoCard: it is not on file.
    """
    lock_wallet(organization.pk)
    card = _on_file(organization, card_id)
    if not card.is_default:
        _make_default(card, now=now)
    return card


def show_default(card: Card, *, gateway: Gateway) -> None:
    """Let Stripe's billing portal show our default as its own; it decides nothing with us."""
    customer = Customer.objects.filter(organization=card.organization).first()
    try:
        if customer is not None:
            gateway.set_default_card(customer.stripe_id, card.stripe_id)
    except (StripeSilent, StripeRefused):
        logger.warning("default_card_not_shown", card=card.pk)


def _make_default(card: Card, *, now: dt.datetime) -> None:
    Card.objects.filter(organization=card.organization, is_default=True).update(is_default=False)
    card.is_default, card.default_since = True, now
    card.save(update_fields=["is_default", "default_since"])
    start_afresh(card.organization)


def remove_card(
    organization: Organization, *, card_id: int, renews: bool, gateway: Gateway, now: dt.datetime
) -> Card:
    """Take a card off file; the oldest that is left becomes the default if this one was.

    ``renews``: a plan will be renewed by card.

    :raises NoCard: it is not on file.
    :raises Invalid: it is the last one, and auto-recharge or the renewal needs it.
    """
    card = _take_off(organization, card_id, renews=renews, now=now)
    try:
        gateway.detach_card(card.stripe_id)
    except (StripeSilent, StripeRefused):
        # It is not used by us any more; the reconciliation takes it off at Stripe.
        logger.warning("card_not_detached", card=card.pk)
    return card


@transaction.atomic
def _take_off(organization: Organization, card_id: int, *, renews: bool, now: dt.datetime) -> Card:
    lock_wallet(organization.pk)
    card = _on_file(organization, card_id)
    others = Card.objects.on_file().filter(organization=organization).exclude(pk=card.pk)
    if not others.exists() and (why := why_needed(organization, renews=renews)):
        raise Invalid(why)
    was_default = card.is_default
    card.move(Card.Status.REMOVED, is_default=False)
    if was_default and (oldest := others.order_by("settled_at", "id").first()):
        _make_default(oldest, now=now)
    return card


def why_needed(organization: Organization, *, renews: bool) -> str:
    """Say why the last card cannot be taken off file; nothing where it can."""
    if AutoRecharge.objects.filter(organization=organization, enabled=True).exists():
        return "Auto-recharge uses this card: switch it off, or add another card first."
    return "Your plan renews with this card: add another card first." if renews else ""


def _on_file(organization: Organization, card_id: int) -> Card:
    card = Card.objects.on_file().filter(organization=organization, pk=card_id).first()
    if card is None:
        raise NoCard
    return card
