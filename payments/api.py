"""The platform reads an organization's payments: every attempt to move money."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import URLPattern, path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api_docs import documented
from accounts.api_lists import Filters, RowsView, page_of
from accounts.models import Organization
from payments.models import Payment
from wallet.api import MoneyField

EXAMPLE = {
    "id": 17,
    "status": "paid",
    "method": "bank",
    "amount": "99.00",
    "currency": "USD",
    "invoice": "INV-000042",
    "reference": "SEPA 8841",
    "created_at": "2026-03-14T10:00:00Z",
    "settled_at": "2026-03-14T10:00:00Z",
}


class PaymentSerializer(serializers.Serializer[Any]):
    """One attempt to move money."""

    id = serializers.IntegerField()
    status = serializers.ChoiceField(choices=Payment.Status.choices)
    method = serializers.ChoiceField(choices=Payment.Method.choices)
    amount = MoneyField()
    currency = serializers.CharField()
    invoice = serializers.CharField(
        source="invoice.number", allow_null=True, default=None, help_text="The invoice it pays."
    )
    reference = serializers.CharField()
    created_at = serializers.DateTimeField()
    settled_at = serializers.DateTimeField(allow_null=True)


class PaymentFilters(Filters):
    """What payments can be asked for; `from` and `to` mean when they were begun."""

    status = serializers.ChoiceField(choices=Payment.Status.choices, required=False)


class PaymentsView(RowsView):
    """An organization's payments."""

    filters, row, instant = PaymentFilters, PaymentSerializer, "created_at"

    def rows(self, organization: Organization, asked: dict[str, Any]) -> QuerySet[Any]:
        """Answer payments, in one state or in all."""
        payments = Payment.objects.filter(organization=organization).select_related("invoice")
        return payments.filter(status=asked["status"]) if "status" in asked else payments

    @documented(
        name="list_payments",
        tag="Reading",
        summary="List payments",
        parameters=[PaymentFilters],
        answers={200: page_of(PaymentSerializer)},
        errors=(400, 404),
        answered={"A page": {"next": None, "results": [EXAMPLE]}},
    )
    def get(self, request: Request, external_id: str) -> Response:
        """List payments, newest first, also those that failed or were not finished."""
        return self.page(request, external_id)


urlpatterns: list[URLPattern] = [
    path("organizations/<str:external_id>/payments/", PaymentsView.as_view()),
]
