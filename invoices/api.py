"""The platform reads invoices, and hands out the official documents."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch, QuerySet
from django.http import HttpResponse
from django.urls import URLPattern, path
from django.utils.http import content_disposition_header
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers
from rest_framework.exceptions import APIException, NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api_docs import documented
from accounts.api_lists import Filters, RowsView, page_of
from accounts.api_views import READ, ApiView, key_of
from accounts.models import Organization
from invoices.models import Document, Invoice
from wallet.api import MoneyField
from wallet.money import Money

ISSUED = [choice for choice in Invoice.Status.choices if choice[0] != Invoice.Status.DRAFT]
EXAMPLE = {
    "number": "INV-000042",
    "status": "open",
    "currency": "USD",
    "net": "99.00",
    "tax": "0.00",
    "total": "99.00",
    "credited": "0.00",
    "issued_at": "2026-03-11T03:30:00Z",
    "issued_on": "2026-03-11",
    "due_on": "2026-03-25",
    "first_day": "2026-03-11",
    "last_day": "2026-04-09",
    "receipt": None,
    "lines": [
        {
            "code": "plan",
            "description": "Starter, 11 Mar 2026 - 9 Apr 2026",
            "quantity": 1,
            "amount": "99.00",
        }
    ],
}


class NotReady(APIException):
    """The document is being made; its bytes are there in a moment."""

    status_code = 409
    default_code = "not_ready"
    default_detail = "The document is being made; please ask again in a few seconds."
    wait = 3


class LineSerializer(serializers.Serializer[Any]):
    """One line of an invoice."""

    code = serializers.CharField()
    description = serializers.CharField()
    quantity = serializers.IntegerField()
    amount = MoneyField()


class InvoiceSerializer(serializers.Serializer[Any]):
    """An issued invoice; every amount is in its currency."""

    number = serializers.CharField()
    status = serializers.ChoiceField(choices=ISSUED)
    currency = serializers.CharField()
    net = MoneyField()
    tax = MoneyField()
    total = MoneyField()
    credited = serializers.SerializerMethodField(help_text="Of the total, given back.")
    issued_at = serializers.DateTimeField()
    issued_on = serializers.DateField()
    due_on = serializers.DateField()
    first_day = serializers.DateField(source="service_first_day", allow_null=True)
    last_day = serializers.DateField(source="service_last_day", allow_null=True)
    receipt = serializers.SerializerMethodField(help_text="The receipt's number, once it is paid.")
    lines = LineSerializer(many=True)

    def get_credited(self, invoice: Invoice) -> str:
        """Answer what was given back."""
        return str(Money(invoice.credited_minor, invoice.currency))

    def get_receipt(self, invoice: Invoice) -> str | None:
        """Answer the number under which the receipt is handed out."""
        receipts = [one for one in invoice.documents.all() if one.kind == Document.Kind.RECEIPT]
        return receipts[0].number if receipts else None


class InvoiceFilters(Filters):
    """What invoices can be asked for; `from` and `to` mean when they were issued."""

    status = serializers.ChoiceField(choices=ISSUED, required=False)


class InvoicesView(RowsView):
    """An organization's issued invoices."""

    filters, row, instant = InvoiceFilters, InvoiceSerializer, "issued_at"

    def rows(self, organization: Organization, asked: dict[str, Any]) -> QuerySet[Any]:
        """Answer issued invoices with their lines, in one state or in all."""
        documents = Prefetch("documents", Document.objects.only("invoice", "kind", "number"))
        issued = Invoice.objects.filter(organization=organization, number__isnull=False)
        issued = issued.prefetch_related("lines", documents)
        return issued.filter(status=asked["status"]) if "status" in asked else issued

    @documented(
        name="list_invoices",
        tag="Reading",
        summary="List invoices",
        parameters=[InvoiceFilters],
        answers={200: page_of(InvoiceSerializer)},
        errors=(400, 404),
        answered={"A page": {"next": None, "results": [EXAMPLE]}},
    )
    def get(self, request: Request, external_id: str) -> Response:
        """List issued invoices, newest first, with their lines."""
        return self.page(request, external_id)


class DocumentView(ApiView):
    """The official PDF of an invoice, or of a receipt."""

    scopes = {"GET": READ}

    @documented(
        name="get_invoice_pdf",
        tag="Reading",
        summary="Download an invoice or a receipt",
        answers={
            (200, "application/pdf"): OpenApiResponse(OpenApiTypes.BINARY, "The frozen bytes.")
        },
        errors=(404, 409),
    )
    def get(self, request: Request, number: str) -> HttpResponse:
        """Answer the document's bytes, which are the same for ever.

        `number` is that of the invoice, or of its receipt. One that is not made yet is 409
        `not_ready` with `Retry-After`.
        """
        found = _document(request, number)
        if found.pdf is None:
            raise NotReady
        name = content_disposition_header(as_attachment=True, filename=f"{found.number}.pdf")
        return HttpResponse(
            bytes(found.pdf),
            content_type="application/pdf",
            headers={
                "Content-Disposition": str(name),
                "X-Content-Type-Options": "nosniff",
                "ETag": f'"{found.sha256}"',
            },
        )


def _document(request: Request, number: str) -> Document:
    documents = Document.objects.defer("facts")
    own = key_of(request).organization_id
    if own is not None:
        documents = documents.filter(invoice__organization_id=own)
    found = None if "\x00" in number else documents.filter(number=number).first()
    if found is None:
        raise NotFound("There is no such document.")
    return found


urlpatterns: list[URLPattern] = [
    path("organizations/<str:external_id>/invoices/", InvoicesView.as_view()),
    path("invoices/<str:number>/pdf/", DocumentView.as_view()),
]
