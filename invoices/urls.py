"""Addresses of this app's pages."""

from django.urls import URLPattern, URLResolver, path

from invoices import views
from invoices.models import Document

ONE = "billing/invoices/<slug:number>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path("billing/invoices/", views.invoices, name="invoices"),
    path(ONE, views.invoice, name="invoice"),
    path(f"{ONE}pdf/", views.document, {"kind": Document.Kind.INVOICE}, name="invoice_pdf"),
    path(f"{ONE}receipt/pdf/", views.document, {"kind": Document.Kind.RECEIPT}, name="receipt_pdf"),
    path("billing/credit-notes/<slug:number>/pdf/", views.credit_note, name="credit_note_pdf"),
]
