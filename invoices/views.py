"""Invoices and receipts: the list, one of them, and the official PDF."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from accounts.choosing import billing_page, choose, person
from accounts.limited_pages import FILE, limited
from accounts.models import Organization
from invoices.listing import Listed, list_invoices
from invoices.models import Document, Invoice

SECONDS_BEFORE_THE_NEXT_LOOK = "3"


@require_safe
@billing_page
def invoices(request: HttpRequest, organization: Organization) -> HttpResponse:
    """List the issued invoices."""
    today = organization.today(timezone.now())
    listing = list_invoices(organization, asked=request.GET, today=today)
    return render(request, "invoices/invoices.html", {"listing": listing})


@require_safe
@billing_page
def invoice(request: HttpRequest, organization: Organization, number: str) -> HttpResponse:
    """Show one invoice; another organization of this person is looked at first."""
    seen = Invoice.objects.visible_to(person(request)).select_related("organization")
    found = get_object_or_404(seen, number=number)
    if found.organization != organization:
        choose(request, found.organization)
        return redirect("invoice", number=number)
    listed = Listed(found, organization.today(timezone.now()))
    return render(request, "invoices/invoice.html", {"listed": listed})


@require_safe
@billing_page
@limited(FILE)
def document(
    request: HttpRequest, organization: Organization, number: str, kind: str
) -> HttpResponse:
    """Hand out the official PDF of an invoice or receipt; the number is the invoice's."""
    return _hand_out(request, kind=kind, invoice__number=number)


@require_safe
@billing_page
@limited(FILE)
def credit_note(request: HttpRequest, organization: Organization, number: str) -> HttpResponse:
    """Hand out the official PDF of a credit note, by its own number."""
    return _hand_out(request, kind=Document.Kind.CREDIT_NOTE, number=number)


def _hand_out(request: HttpRequest, **asked: str) -> HttpResponse:
    """Hand out the frozen bytes of a document, or say that they are being made."""
    seen = Invoice.objects.visible_to(person(request))
    documents = Document.objects.defer("pdf", "facts").filter(invoice__in=seen)
    found = get_object_or_404(documents, **asked)
    if found.status != Document.Status.RENDERED:
        return _not_yet(request, found)
    etag = f'"{found.sha256}"'
    response = get_conditional_response(request, etag=etag) or _attachment(found, etag)
    patch_cache_control(response, private=True, no_cache=True)
    return response


def _attachment(found: Document, etag: str) -> HttpResponse:
    name = content_disposition_header(as_attachment=True, filename=f"{found.number}.pdf")
    headers = {"Content-Disposition": str(name), "ETag": etag}
    return HttpResponse(found.pdf, content_type="application/pdf", headers=headers)


def _not_yet(request: HttpRequest, found: Document) -> HttpResponse:
    """Say that the document is being made, and look again; a parked one waits for staff."""
    if found.status == Document.Status.PARKED:
        return render(request, "invoices/parked.html", {"document": found}, status=503)
    response = render(request, "invoices/preparing.html", {"document": found}, status=202)
    response["Refresh"] = SECONDS_BEFORE_THE_NEXT_LOOK
    return response
