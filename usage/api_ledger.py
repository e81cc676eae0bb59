"""The platform reads one movement of credits, and what it came from."""

from __future__ import annotations

from typing import Any

from django.urls import URLPattern, path
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api_docs import documented
from accounts.api_views import READ, ApiView, organization_named
from usage.explaining import explain
from usage.origins import event_of, origin_of
from wallet.api import EXAMPLE, LedgerEntrySerializer
from wallet.models import LedgerEntry


class ExplainedEntrySerializer(LedgerEntrySerializer):
    """One movement of credits, and why they moved."""

    event = serializers.CharField(
        allow_null=True, help_text="The event that it was charged for; read it for its trace."
    )
    explanation = serializers.ListField(
        child=serializers.CharField(), help_text="Why the credits moved, in sentences."
    )


class LedgerEntryView(ApiView):
    """One ledger entry."""

    scopes = {"GET": READ}

    @documented(
        name="get_ledger_entry",
        tag="Reading",
        summary="Read one movement of credits with what it came from",
        answers={200: ExplainedEntrySerializer},
        errors=(404,),
        answered={
            "Of a call": {
                **EXAMPLE,
                "event": "call-8841",
                "explanation": [
                    "It lasted 3 min 3 s: 3.05 minutes.",
                    "3.05 minutes at 8 credits a minute: 24.4 credits.",
                ],
            }
        },
    )
    def get(self, request: Request, external_id: str, entry: int) -> Response:
        """Answer an entry with the sentences that its owner reads."""
        organization = organization_named(request, external_id)
        entries = LedgerEntry.objects.select_related("grant", "organization")
        found = entries.filter(organization=organization, pk=entry).first()
        if found is None:
            raise NotFound("There is no such entry.")
        return Response({**LedgerEntrySerializer(found).data, **_explained(found)})


def _explained(entry: LedgerEntry) -> dict[str, Any]:
    event = event_of(entry)
    if event is None:
        return {"event": None, "explanation": origin_of(entry).sentences}
    return {"event": event.event_id, "explanation": explain(event).sentences}


urlpatterns: list[URLPattern] = [
    path("organizations/<str:external_id>/ledger/<int:entry>/", LedgerEntryView.as_view()),
]
