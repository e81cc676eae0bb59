"""Payment methods: the cards on file, added and managed on Stripe's pages."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from dataclasses import dataclass

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.choosing import billing_page
from accounts.limited_pages import STRIPE, limited
from accounts.models import Organization
from accounts.refusals import Refusal
from payments.answers import StripeRefused, StripeSilent
from payments.cards import begin_adding, choose_default, finish_adding, show_default
from payments.customers import customer_of
from payments.forms import key_in, new_key
from payments.gateway import at_stripe
from payments.hosted import SESSION, absolute, leads_to_stripe, off_to
from payments.models import Card

REFUSALS_SHOWN = dt.timedelta(days=1)
BEING_VERIFIED = (
    "The card is being verified: our payment provider does not answer just now. "
    "We ask again by ourselves within minutes."
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A card on a day: that day decides whether it has expired."""

    card: Card
    today: dt.date

    @property
    def is_expired(self) -> bool:
        return self.card.is_expired(self.today)

    @property
    def expires_soon(self) -> bool:
        return self.card.expires_soon(self.today)


@require_safe
@leads_to_stripe
@billing_page
def payment_methods(request: HttpRequest, organization: Organization) -> HttpResponse:
    """List the cards on file, those being verified, and those refused a short while ago."""
    now = timezone.now()
    cards = Card.objects.filter(organization=organization).filter(
        Q(status__in=[Card.Status.ON_FILE, Card.Status.VERIFYING])
        | Q(status=Card.Status.REFUSED, settled_at__gte=now - REFUSALS_SHOWN)
    )
    today = organization.today(now)
    shown = [Shown(card, today) for card in cards.order_by("-is_default", "id")]
    context = {"cards": shown, "key": new_key(), "brands": list(Card.BRANDS.values())}
    return render(request, "payments/payment_methods.html", context)


@require_POST
@billing_page
@limited(STRIPE)
def add_card(request: HttpRequest, organization: Organization) -> HttpResponse:
    """Go to Stripe's page on which a card is added; once per form."""
    key = key_in(request.POST)
    if key is None:
        return redirect("payment_methods")
    urls = (absolute("card_added", query=f"session={SESSION}"), absolute("payment_methods"))
    try:
        session = begin_adding(
            organization, key=key, urls=urls, gateway=at_stripe(), now=timezone.now()
        )
    except (StripeSilent, StripeRefused):
        messages.error(request, StripeSilent.message)
        return redirect("payment_methods")
    if not session.url:
        messages.info(request, "A card was added on that page already.")
        return redirect("payment_methods")
    return off_to(session.url)


@require_safe
@billing_page
@limited(STRIPE)
def card_added(request: HttpRequest, organization: Organization) -> HttpResponse:
    """Take the card of Stripe's finished page on file, and say how that went."""
    session = request.GET.get("session", "")[:100]
    try:
        card = (
            finish_adding(organization, session=session, gateway=at_stripe(), now=timezone.now())
            if session.startswith("cs_")
            else None
        )
    except StripeSilent:
        messages.warning(request, BEING_VERIFIED)
    except StripeRefused:
        messages.error(request, "That page is not known any more. No card was added.")
    except Refusal as refused:
        messages.error(request, f"The card was not added. {refused.words}")
    else:
        if card is None:
            messages.info(request, "No card was added.")
        else:
            messages.success(request, f"{card} is verified and on file.")
    return redirect("payment_methods")


@require_POST
@billing_page
@limited(STRIPE)
def make_default(request: HttpRequest, organization: Organization, card: int) -> HttpResponse:
    """Let a card on file be the one that renewals and recharges use."""
    try:
        chosen = choose_default(organization, card_id=card, now=timezone.now())
    except Refusal as refused:
        messages.error(request, refused.words)
    else:
        with suppress(StripeSilent):
            show_default(chosen, gateway=at_stripe())
        messages.success(request, f"{chosen} is the default card now.")
    return redirect("payment_methods")


@require_POST
@billing_page
@limited(STRIPE)
def manage(request: HttpRequest, organization: Organization) -> HttpResponse:
    """Open Stripe's billing portal, on an address that is made for this click and never kept."""
    now = timezone.now()
    try:
        gateway = at_stripe()
        customer = customer_of(organization, gateway=gateway, now=now)
        url = gateway.open_portal(customer, return_url=absolute("payment_methods"))
    except (StripeSilent, StripeRefused):
        messages.error(request, StripeSilent.message)
        return redirect("payment_methods")
    return off_to(url)
