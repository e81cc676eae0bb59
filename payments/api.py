"""The platform reads an organization's payments, and opens a checkout for a top-up."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import QuerySet
from django.urls import URLPattern, path
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api_docs import documented
from accounts.api_lists import Filters, RowsView, page_of
from accounts.api_shapes import LineField, StrictSerializer
from accounts.api_views import PROVISION, ApiView, organization_named, read_as
from accounts.models import Organization
from accounts.refusals import Invalid
from payments.gateway import at_stripe
from payments.hosted import coming_back
from payments.models import Payment
from payments.topping_up import begin_top_up
from wallet.api import MoneyField
from wallet.money import Money, NotMoney

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


class TopUpSerializer(StrictSerializer):
    """How much money is to be paid, before tax."""

    amount = LineField(
        max_length=30, help_text='A decimal string in the organization\'s currency: `"50.00"`.'
    )


class CheckoutSerializer(serializers.Serializer[Any]):
    """Where it is paid."""

    checkout_url = serializers.URLField(
        allow_null=True,
        help_text="Stripe's page, for the payer's browser; null once it was paid or has expired.",
    )


IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="The same key again answers the same checkout; with another amount it is 409.",
)
LONGEST_KEY = 255


class TopUpsView(ApiView):
    """Top-ups of an organization."""

    scopes = {"POST": PROVISION}

    @documented(
        name="begin_top_up",
        tag="Money",
        summary="Open a checkout for a top-up",
        request=TopUpSerializer,
        parameters=[IDEMPOTENCY_KEY],
        answers={201: CheckoutSerializer},
        errors=(404, 409, 422, 503),
        asked={"Fifty": {"amount": "50.00"}},
        answered={"The page": {"checkout_url": "https://checkout.stripe.com/c/pay/cs_test_a1"}},
    )
    def post(self, request: Request, external_id: str) -> Response:
        """Open Stripe's page on which a top-up is paid; credits come when Stripe says paid."""
        organization = organization_named(request, external_id)
        asked = read_as(TopUpSerializer, request.data)
        key = _key_of(request, organization)
        session = begin_top_up(
            organization,
            amount=_amount(asked["amount"], organization.currency),
            key=key,
            urls=coming_back(key),
            gateway=at_stripe(),
            now=timezone.now(),
        )
        return Response({"checkout_url": session.url or None}, status=201)


def _key_of(request: Request, organization: Organization) -> str:
    """Answer what names this top-up; without a header each request is another one."""
    given = request.headers.get("Idempotency-Key", "")
    if len(given) > LONGEST_KEY:
        raise serializers.ValidationError(
            {"Idempotency-Key": [f"A key has at most {LONGEST_KEY} characters."]}
        )
    name = f"{organization.pk}:{given}"
    return str(uuid.uuid5(uuid.NAMESPACE_URL, name) if given else uuid.uuid4())


def _amount(text: str, currency: str) -> Money:
    try:
        return Money.parse(text, currency)
    except NotMoney as error:
        raise Invalid(str(error), field="amount") from error


urlpatterns: list[URLPattern] = [
    path("organizations/<str:external_id>/payments/", PaymentsView.as_view()),
    path("organizations/<str:external_id>/top-ups/", TopUpsView.as_view()),
]
