"""Invoices and receipts: the list, one of them, and the official PDF."""

from __future__ import annotations

from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_cache_control
from django.views.decorators.http import require_safe

from accounts.choosing import billing_page, choose
from accounts.models import Organization
from accounts.paging import page_of
from invoices.models import Document, Invoice

SECONDS_UNTIL_LOOKED_AGAIN = 3
WITHOUT_BYTES = Document.objects.defer("pdf", "facts")


@require_safe
@billing_page
def invoices(request: HttpRequest, organization: Organization) -> HttpResponse:
    """List the issued invoices, newest first."""
    issued = Invoice.objects.filter(organization=organization, number__isnull=False)
    documents = Prefetch("documents", WITHOUT_BYTES)
    context = {
        "page": page_of(issued.prefetch_related(documents), request.GET),
        "today": organization.today(timezone.now()),
    }
    return render(request, "invoices/invoices.html", context)


@require_safe
@billing_page
def invoice(request: HttpRequest, organization: Organization, number: str) -> HttpResponse:
    """Show one invoice; one of another organization of this person makes that the chosen one."""
    found = get_object_or_404(
        Invoice.objects.filter(organization__in=choice_ids(request)), number=number
    )
    return render(request, "invoices/invoice.html", {"invoice": found})
