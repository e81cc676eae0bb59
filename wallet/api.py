"""The platform reads an organization's ledger."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.urls import URLPattern, path
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api_docs import documented
from accounts.api_lists import Filters, RowsView, page_of
from accounts.models import Organization
from wallet.credits import plain
from wallet.models import CreditGrant, LedgerEntry
from wallet.money import Money

# A string, because a program that reads a number may read a float.
DECIMAL = {"type": "string", "format": "decimal"}
POTS = ("wallet", *CreditGrant.Kind.values)
EXAMPLE = {
    "id": 4711,
    "kind": "usage",
    "pot": "plan",
    "credits": "-24.4",
    "balance_after": "75.6",
    "description": "outbound call",
    "at": "2026-03-11T09:03:10Z",
}


@extend_schema_field(DECIMAL)
class CreditsField(serializers.Field[Decimal, Any, str, Any]):
    """Credits as a decimal string without superfluous zeros."""

    def to_representation(self, value: Decimal) -> str:
        """Write the credits."""
        return plain(value)


@extend_schema_field(DECIMAL)
class MoneyField(serializers.Field[Money, Any, str, Any]):
    """Money as a decimal string of major units; its currency stands beside it."""

    def to_representation(self, value: Money) -> str:
        """Write the amount with the currency's decimals."""
        return str(value)


class LedgerEntrySerializer(serializers.Serializer[Any]):
    """One movement of credits in one pot, and what the pot held after it."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=LedgerEntry.Kind.choices)
    pot = serializers.SerializerMethodField(help_text="wallet, or the kind of grant: plan, bonus.")
    credits = CreditsField(help_text="Below zero where they left.")
    balance_after = CreditsField(help_text="Of the wallet, or of the grant.")
    description = serializers.CharField()
    at = serializers.DateTimeField()

    @extend_schema_field(serializers.ChoiceField(choices=POTS))
    def get_pot(self, entry: LedgerEntry) -> str:
        """Answer where the credits moved."""
        return entry.grant.kind if entry.grant else "wallet"


class LedgerFilters(Filters):
    """What the ledger can be asked for."""

    kind = serializers.ChoiceField(choices=LedgerEntry.Kind.choices, required=False)


class LedgerView(RowsView):
    """An organization's ledger."""

    filters, row, instant = LedgerFilters, LedgerEntrySerializer, "at"

    def rows(self, organization: Organization, asked: dict[str, Any]) -> QuerySet[Any]:
        """Answer entries, of one kind or of all."""
        entries = LedgerEntry.objects.filter(organization=organization).select_related("grant")
        return entries.filter(kind=asked["kind"]) if "kind" in asked else entries

    @documented(
        name="list_ledger",
        tag="Reading",
        summary="List movements of credits",
        parameters=[LedgerFilters],
        answers={200: page_of(LedgerEntrySerializer)},
        errors=(400, 404),
        answered={"A page": {"next": None, "results": [EXAMPLE]}},
    )
    def get(self, request: Request, external_id: str) -> Response:
        """List what happened to the credits, newest first. Allowance units are no credits."""
        return self.page(request, external_id)


urlpatterns: list[URLPattern] = [
    path("organizations/<str:external_id>/ledger/", LedgerView.as_view()),
]
