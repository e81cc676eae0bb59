"""Billing history: every payment, whatever became of it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.choosing import billing_page
from accounts.models import Organization
from accounts.paging import page_of
from payments.models import Payment


@require_safe
@billing_page
def billing_history(request: HttpRequest, organization: Organization) -> HttpResponse:
    """List every payment, newest first."""
    payments = Payment.objects.filter(organization=organization).select_related("invoice")
    return render(request, "payments/history.html", {"page": page_of(payments, request.GET)})
