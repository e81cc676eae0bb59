"""The platform adds and changes the agents of an organization, and says where it is called."""

from __future__ import annotations

from typing import Any

from django.urls import URLPattern, path
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import api_webhooks
from accounts.agents import put_agent
from accounts.api_docs import documented
from accounts.api_shapes import IdField, LineField, StrictSerializer
from accounts.api_views import PROVISION, ApiView, organization_named, read_as, written_as
from accounts.models import Agent

SETTINGS = ("name", "when_exhausted", "monthly_limit")
EXAMPLE = {"name": "Sales", "when_exhausted": "stop", "monthly_limit": "250"}


class AgentSettingsSerializer(StrictSerializer):
    """What an agent is called and how far it may spend; what is left out stays as it is."""

    name = LineField(max_length=200, required=False, help_text="At first its id.")
    when_exhausted = serializers.ChoiceField(
        choices=Agent.WhenExhausted.choices,
        required=False,
        help_text="When plan credits run out. At first `use_balance`.",
    )
    monthly_limit = serializers.DecimalField(
        max_digits=20,
        decimal_places=6,
        required=False,
        allow_null=True,
        help_text="Credits per calendar month, above zero; null lifts it.",
    )


class AgentSerializer(serializers.Serializer[Any]):
    """An agent of an organization."""

    id = serializers.CharField(source="external_id")
    name = serializers.CharField()
    when_exhausted = serializers.ChoiceField(choices=Agent.WhenExhausted.choices)
    monthly_limit = serializers.DecimalField(
        max_digits=20, decimal_places=6, allow_null=True, normalize_output=True
    )


class AgentView(ApiView):
    """One agent, under the platform's own id of it."""

    scopes = {"PUT": PROVISION}

    @documented(
        name="put_agent",
        tag="Provisioning",
        summary="Add or change an agent",
        request=AgentSettingsSerializer,
        answers={200: AgentSerializer, 201: AgentSerializer},
        errors=(404, 422),
        asked={"A limit of 250 credits a month": EXAMPLE},
        answered={"The agent": {"id": "sales", **EXAMPLE}},
    )
    def put(self, request: Request, external_id: str, agent: str) -> Response:
        """Add an agent (201), or change the one under this id (200)."""
        asked = read_as(AgentSettingsSerializer, request.data)
        named = IdField().run_validation(agent)
        organization = organization_named(request, external_id)
        known = Agent.objects.filter(organization=organization, external_id=named).first()
        kept = known or Agent(name=named)
        settings = {name: asked.get(name, getattr(kept, name)) for name in SETTINGS}
        put = put_agent(organization, external_id=named, now=timezone.now(), **settings)
        return written_as(AgentSerializer, put, status=200 if known else 201)


urlpatterns: list[URLPattern] = [
    path("organizations/<str:external_id>/agents/<str:agent>/", AgentView.as_view()),
    *api_webhooks.urlpatterns,
]
