"""Where people arrive: the front door that sends each to their page, and the overview."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.choosing import billing_page, choice_of, person
from accounts.models import Organization
from invoices.listing import list_invoices
from usage.overview import overview
from wallet.history import history

MOST_RECENT = 5


@require_safe
@never_cache
@login_required
def home(request: HttpRequest) -> HttpResponse:
    """Send staff to admin and who sees billing to the overview; tell others who handles it."""
    if person(request).is_staff:
        return redirect("admin:index")
    if choice_of(request).organization:
        return redirect("overview")
    return render(request, "accounts/no_billing.html")


@require_safe
@billing_page
def overview_page(request: HttpRequest, organization: Organization) -> HttpResponse:
    """Show plan, balance, usage, and what happened last."""
    now = timezone.now()
    today = organization.today(now)
    context = {
        "overview": overview(organization, now=now),
        "listing": list_invoices(organization, asked={}, today=today, size=MOST_RECENT),
        "history": history(organization, asked={}, size=MOST_RECENT),
    }
    return render(request, "billing_portal/overview.html", context)
