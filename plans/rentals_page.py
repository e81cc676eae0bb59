"""Rentals: what is rented and what it costs; more of it, and giving it back, both confirmed."""

from __future__ import annotations

import datetime as dt

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.choosing import billing_page, person
from accounts.models import Organization
from accounts.refusals import Refusal
from invoices.issuing import site_tax
from payments.forms import key_in, new_key
from plans.forms import RentForm
from plans.models import Rental
from plans.pricing import item_name
from plans.refusals import PreviewOutdated
from plans.rented import held_one_by_one
from plans.self_renting import (
    RentalQuote,
    give_back_by_owner,
    owner_rents,
    quote_rental,
    rent_by_owner,
    rentable_by_owner,
)
from plans.standing import standing


@require_safe
@billing_page
def rentals(request: HttpRequest, organization: Organization) -> HttpResponse:
    """Show what is rented, one by one, and what can be rented."""
    stands = standing(organization, now=timezone.now())
    context = {
        "standing": stands,
        "held": held_one_by_one(organization, stands.version, asked=request.GET),
        "rentable": rentable_by_owner(organization, stands),
        "owner_rents": owner_rents(stands),
    }
    return render(request, "plans/rentals.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@billing_page
def rent(request: HttpRequest, organization: Organization, item: str) -> HttpResponse:
    """Ask how many and say what they cost; posted, rent what was shown."""
    now = timezone.now()
    posted = request.method == "POST"
    form = RentForm((request.POST if posted else request.GET) or {"quantity": "1"})
    key = (key_in(request.POST) if posted else None) or new_key()
    is_number = form.is_valid()
    quantity = form.cleaned_data["quantity"] if is_number else 1
    quote: RentalQuote | None = None
    try:
        if is_number and posted and key_in(request.POST):
            return _rent(request, organization, item, quantity, key, now=now)
        # Where no number was typed too: the plan's own fitness goes before the value.
        quote = quote_rental(organization, item=item, quantity=quantity, now=now)
    except PreviewOutdated as outdated:
        form.refuse(outdated)
        quote = quote_rental(organization, item=item, quantity=quantity, now=now)
    except Refusal as refused:
        if refused.field not in form.fields:
            messages.error(request, f"{refused.words} {refused.remedy}".strip())
            return redirect("rentals")
        form.refuse(refused)
    context = {
        "form": form,
        "name": item_name(item),
        "quote": quote if is_number else None,
        "key": key,
        "tax": site_tax(),
    }
    return render(request, "plans/rent.html", context)


def _rent(
    request: HttpRequest,
    organization: Organization,
    item: str,
    quantity: int,
    key: str,
    *,
    now: dt.datetime,
) -> HttpResponse:
    begun = rent_by_owner(
        organization,
        item=item,
        quantity=quantity,
        key=key,
        digest=request.POST.get("digest", ""),
        actor=person(request),
        now=now,
    )
    words = f"{len(begun)} × {item_name(item)}" if len(begun) > 1 else item_name(item)
    messages.success(request, f"{words} rented.")
    return redirect("rentals")


@require_http_methods(["GET", "HEAD", "POST"])
@billing_page
def give_back(request: HttpRequest, organization: Organization, rental: int) -> HttpResponse:
    """Say what giving back does; posted, give it back."""
    now = timezone.now()
    found = get_object_or_404(Rental, organization=organization, pk=rental)
    stands = standing(organization, now=now)
    if request.method != "POST":
        if found.ended_at is not None or not owner_rents(stands):
            return redirect("rentals")
        context = {"rental": found, "name": item_name(found.item), "standing": stands}
        return render(request, "plans/give_back.html", context)
    try:
        was_held = give_back_by_owner(organization, rental=found, actor=person(request), now=now)
    except Refusal as refused:
        messages.error(request, refused.words)
    else:
        words = "is given back." if was_held else "was given back already."
        messages.success(request, f"{item_name(found.item)} {found.reference} {words}")
    return redirect("rentals")
