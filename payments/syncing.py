"""What a customer did in Stripe's billing portal becomes so here."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from accounts.models import Organization
from payments.cards import CardDeclined, add_card, choose_default
from payments.facts import CardFacts
from payments.gateway import Gateway
from payments.models import Card, Customer
from wallet.ledger import lock_wallet

OFF_FILE = (Card.Status.REMOVED, Card.Status.REFUSED)


def sync_cards(customer: Customer, *, gateway: Gateway, now: dt.datetime) -> None:
    """Take over cards that were added, removed or renewed there; what is off file here goes there.

    :raises StripeSilent: Stripe gave no answer.
    """
    # Read before Stripe is asked: a card that comes on file meanwhile is not missed there.
    on_file = _on_file(customer.organization)
    there = {card.id: card for card in gateway.cards_of(customer.stripe_id)}
    drop_gone(customer.organization, gone=on_file - set(there), now=now)
    here = dict(Card.objects.filter(stripe_id__in=there).values_list("stripe_id", "status"))
    for card in there.values():
        if card.id not in here:
            _add(customer.organization, card.id, gateway=gateway, now=now)
        elif here[card.id] in OFF_FILE:
            gateway.detach_card(card.id)
        else:
            _renew(card)


def sync_default(customer: Customer, *, gateway: Gateway, now: dt.datetime) -> None:
    """Let the default card be the one that was made default there, if we have it on file.

    :raises StripeSilent: Stripe gave no answer.
    """
    default = gateway.default_card_of(customer.stripe_id)
    card = Card.objects.filter(organization=customer.organization, stripe_id=default).first()
    if card is not None and card.status == Card.Status.ON_FILE:
        choose_default(customer.organization, card_id=card.pk, now=now)
    elif card is not None:
        Card.objects.filter(pk=card.pk, status=Card.Status.VERIFYING).update(make_default=True)


@transaction.atomic
def drop_gone(organization: Organization, *, gone: set[str], now: dt.datetime) -> None:
    """Take cards off file that are attached at Stripe no more; the oldest left is the default.

    Unlike an owner's removal this is refused by nothing: the card cannot be charged.
    """
    lock_wallet(organization.pk)
    on_file = Card.objects.on_file().filter(organization=organization)
    for card in on_file.filter(stripe_id__in=gone):
        card.move(Card.Status.REMOVED, is_default=False)
    oldest = on_file.order_by("settled_at", "id").first()
    if oldest is not None and Card.objects.default_of(organization) is None:
        choose_default(organization, card_id=oldest.pk, now=now)


def replace_customer(customer: Customer, *, gateway: Gateway, now: dt.datetime) -> None:
    """Make an organization a new customer, after the old one was deleted at Stripe.

    Its cards went with the old one. The key names the dead id, or within a day Stripe would
    answer the question for the first customer again.

    :raises StripeSilent: Stripe gave no answer.
    """
    organization = customer.organization
    made = gateway.make_customer(
        organization.external_id,
        name=organization.name,
        email=organization.email,
        key=f"customer:{organization.external_id}:after:{customer.stripe_id}",
    )
    drop_gone(organization, gone=_on_file(organization), now=now)
    Customer.objects.filter(pk=customer.pk, stripe_id=customer.stripe_id).update(stripe_id=made)


def _on_file(organization: Organization) -> set[str]:
    cards = Card.objects.on_file().filter(organization=organization)
    return set(cards.values_list("stripe_id", flat=True))


def _add(organization: Organization, card: str, *, gateway: Gateway, now: dt.datetime) -> None:
    try:
        add_card(organization, card=card, gateway=gateway, now=now)
    except CardDeclined:
        # The portal shall not offer what we do not take.
        gateway.detach_card(card)


def _renew(card: CardFacts) -> None:
    """Write down what a bank changed on a card: expiry, and with it sometimes the number."""
    now_so = {"last4": card.last4, "exp_month": card.exp_month, "exp_year": card.exp_year}
    Card.objects.filter(stripe_id=card.id).exclude(**now_so).update(**now_so)
