"""Admin of invoices and their documents: looked at and downloaded, never typed over."""

from __future__ import annotations

import datetime as dt

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateFilter
from unfold.decorators import display

from accounts.admin_base import (
    NOTHING,
    ReadOnlyAdmin,
    ReadOnlyInline,
    facts_table,
    number,
)
from invoices.documents import try_again
from invoices.models import Document, Invoice, InvoiceLine
from wallet.admin import CurrencyFilter

STATUS_COLOURS = {
    "Open": "info",
    "Overdue": "danger",
    "Paid": "success",
    "Void": None,
    "Uncollectible": "warning",
    "Draft": None,
}
DOCUMENT_COLOURS = {"Rendered": "success", "Waiting": "info", "Parked": "danger"}


class LineInline(ReadOnlyInline):
    """What an invoice asks money for."""

    model = InvoiceLine
    fields = ("description", "code", "quantity", "price", "sum")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[InvoiceLine]:
        lines: QuerySet[InvoiceLine] = super().get_queryset(request)
        return lines.select_related("invoice")

    @display(description="Each")
    def price(self, line: InvoiceLine) -> SafeString | str:
        return number(line.unit.display()) if line.unit else NOTHING

    @display(description="Amount")
    def sum(self, line: InvoiceLine) -> SafeString:
        return number(line.amount.display())


class DocumentInline(ReadOnlyInline):
    """The PDFs of an invoice."""

    model = Document
    fields = ("number", "kind", "state", "rendered_at", "download")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Document]:
        documents: QuerySet[Document] = super().get_queryset(request)
        return documents.defer("pdf", "facts")

    @display(description="State", label=DOCUMENT_COLOURS)
    def state(self, document: Document) -> str:
        return document.get_status_display()

    @display(description="PDF")
    def download(self, document: Document) -> SafeString | str:
        return pdf_link(document)


@admin.register(Invoice)
class InvoiceAdmin(ReadOnlyAdmin):
    """Claims for money and what became of them."""

    list_display = ("called", "organization", "shown_status", "sum", "issued_on", "due_on")
    list_select_related = ("organization",)
    list_filter = (
        ("status", ChoicesDropdownFilter),
        CurrencyFilter,
        ("issued_on", RangeDateFilter),
        ("due_on", RangeDateFilter),
    )
    search_fields = ("number", "organization__name", "organization__external_id", "buyer__name")
    inlines = (LineInline, DocumentInline)
    fields = (
        ("called", "shown_status"),
        ("organization", "settled_at"),
        ("net_sum", "tax_sum"),
        ("sum", "credited"),
        ("issued_on", "due_on"),
        ("service_first_day", "service_last_day"),
        ("from_whom", "to_whom"),
        "key",
    )

    @display(description="Number", ordering="number")
    def called(self, invoice: Invoice) -> str:
        return str(invoice)

    @display(description="Status", ordering="status", label=STATUS_COLOURS)
    def shown_status(self, invoice: Invoice) -> str:
        today = invoice.organization.today(timezone.now())
        return "Overdue" if invoice.is_overdue(today) else str(invoice.get_status_display())

    @display(description="Total", ordering="total_minor")
    def sum(self, invoice: Invoice) -> SafeString:
        return number(invoice.total.display())

    @display(description="Net")
    def net_sum(self, invoice: Invoice) -> SafeString:
        return number(invoice.net.display())

    @display(description="Tax")
    def tax_sum(self, invoice: Invoice) -> str:
        if not invoice.tax_name:
            return "none"
        return f"{invoice.tax.display()} {invoice.tax_name}"

    @display(description="Credited")
    def credited(self, invoice: Invoice) -> SafeString | str:
        return number(invoice.credited.display()) if invoice.credited else "nothing"

    @display(description="Seller, as frozen")
    def from_whom(self, invoice: Invoice) -> SafeString | str:
        return facts_table(invoice.seller)

    @display(description="Buyer, as frozen")
    def to_whom(self, invoice: Invoice) -> SafeString | str:
        return facts_table(invoice.buyer)


@admin.register(Document)
class DocumentAdmin(ReadOnlyAdmin):
    """Official PDFs; a parked one could not be rendered and waits for a person."""

    list_display = ("number", "organization", "kind", "state", "waits", "last_error", "download")
    list_filter = (("status", ChoicesDropdownFilter), ("kind", ChoicesDropdownFilter))
    search_fields = ("number", "invoice__number", "invoice__organization__name")
    fields = (
        ("number", "state"),
        ("kind", "download"),
        ("invoice", "organization"),
        ("created_at", "rendered_at"),
        ("attempts", "last_error"),
        "sha256",
        "frozen",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Document]:
        """Leave the bytes in the database: pages show none of them."""
        documents: QuerySet[Document] = super().get_queryset(request)
        return documents.select_related("invoice__organization").defer("pdf")

    actions = ("render_again",)

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("invoices.change_document")

    @admin.action(description="Render again", permissions=["retry"])
    def render_again(self, request: HttpRequest, queryset: QuerySet[Document]) -> None:
        """Let parked documents be rendered again."""
        for document in queryset:
            try_again(document)
        self.message_user(request, "Parked ones among them are rendered within a minute.")

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.pdf)
        return [
            path("<int:pk>/pdf/", page, name="invoices_document_pdf"),
            *super().get_urls(),
        ]

    def pdf(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Hand out the stored bytes."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        document = get_object_or_404(Document, pk=pk)
        if document.pdf is None:
            raise Http404("This document is not rendered yet.")
        response = HttpResponse(bytes(document.pdf), content_type="application/pdf")
        response["Content-Disposition"] = f'attachment; filename="{document.number}.pdf"'
        return response

    @display(description="Organization", ordering="invoice__organization__name")
    def organization(self, document: Document) -> str:
        return str(document.invoice.organization)

    @display(description="State", ordering="status", label=DOCUMENT_COLOURS)
    def state(self, document: Document) -> str:
        return document.get_status_display()

    @display(description="Waits since", ordering="created_at")
    def waits(self, document: Document) -> dt.datetime | None:
        return None if document.status == Document.Status.RENDERED else document.created_at

    @display(description="PDF")
    def download(self, document: Document) -> SafeString | str:
        return pdf_link(document)

    @display(description="What it says, as frozen")
    def frozen(self, document: Document) -> SafeString | str:
        return facts_table(document.facts)


def pdf_link(document: Document) -> SafeString | str:
    """Answer a link to a document's bytes, once there are any."""
    if document.status != Document.Status.RENDERED:
        return NOTHING
    address = reverse("admin:invoices_document_pdf", args=[document.pk])
    return format_html('<a class="op-link" href="{}">Download</a>', address)
