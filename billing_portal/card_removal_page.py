"""Removing a card, on the roof: whether a plan renews with it is another floor's knowledge."""

from __future__ import annotations

import datetime as dt

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.choosing import billing_page
from accounts.limited_pages import STRIPE, limited
from accounts.models import Organization
from accounts.refusals import Refusal
from payments.answers import StripeSilent
from payments.cards import remove_card, why_needed
from payments.gateway import at_stripe
from payments.models import Card
from plans.standing import standing


def _renews(organization: Organization, *, now: dt.datetime) -> bool:
    """Answer whether the running plan, or the one that follows it, will be charged to a card."""
    return standing(organization, now=now).next_billing_day is not None


@require_http_methods(["GET", "HEAD", "POST"])
@billing_page
@limited(STRIPE, "POST")
def card_removal(request: HttpRequest, organization: Organization, card: int) -> HttpResponse:
    """Ask whether a card is to be removed; posted, remove it unless it is needed."""
    on_file = Card.objects.on_file().filter(organization=organization)
    found = get_object_or_404(on_file, pk=card)
    now = timezone.now()
    renews = _renews(organization, now=now)
    if request.method != "POST":
        following = on_file.exclude(pk=found.pk).order_by("settled_at", "id").first()
        needed = "" if following else why_needed(organization, renews=renews)
        context = {"card": found, "following": following, "needed": needed}
        return render(request, "billing_portal/card_removal.html", context)
    try:
        remove_card(organization, card_id=card, renews=renews, gateway=at_stripe(), now=now)
    except StripeSilent as silent:
        messages.error(request, silent.words)
    except Refusal as refused:
        messages.error(request, refused.words)
    else:
        messages.success(request, f"{found} was removed.")
    return redirect("payment_methods")
