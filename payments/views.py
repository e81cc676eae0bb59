"""Billing history: every payment, whatever became of it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.choosing import billing_page
from accounts.models import Organization
from payments.hosted import leads_to_stripe
from payments.listing import list_payments


@require_safe
@leads_to_stripe
@billing_page
def billing_history(request: HttpRequest, organization: Organization) -> HttpResponse:
    """List every payment, newest first."""
    listing = list_payments(organization, asked=request.GET, now=timezone.now())
    return render(request, "payments/history.html", {"listing": listing})
