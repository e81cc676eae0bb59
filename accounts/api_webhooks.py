"""Where programs are called back: registered, changed, given another secret, let go."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.urls import URLPattern, path
from django.utils import timezone
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api_docs import documented
from accounts.api_lists import page_of
from accounts.api_shapes import LineField, StrictSerializer
from accounts.api_views import PROVISION, READ, ApiView, key_of, read_as, written_as
from accounts.models import WebhookEndpoint
from accounts.webhook_endpoints import change, delete, endpoints_of, register, rotate

EVENTS = [(event, event) for event in WebhookEndpoint.Event.values]
ASKED = {"url": "https://platform.example/billing", "events": ["balance.blocked", "invoice.paid"]}
EXAMPLE = {
    "id": "7b0c9a52-3f0e-4c55-9f53-0a6a0c7a2c11",
    **ASKED,
    "enabled": True,
    "disabled_because": "",
    "failing_since": None,
    "created_at": "2026-03-01T09:00:00Z",
}
SECRET = {"secret": "whsec_c2hvd24gdGhpcyBvbmNlIGFuZCBuZXZlciBhZ2Fpbi4="}
TAG = "Callbacks"


class EventsField(serializers.ListField):
    """The events that an endpoint hears of."""

    child = serializers.ChoiceField(choices=EVENTS)

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=len(EVENTS), **options)


class NewEndpointSerializer(StrictSerializer):
    """An address, and what it shall hear of."""

    url = LineField(max_length=500, help_text="https, on the public internet.")
    events = EventsField(required=False, help_text="Left out or empty: everything.")


class EndpointChangesSerializer(StrictSerializer):
    """What changes; what is left out stays as it is."""

    url = LineField(max_length=500, required=False)
    events = EventsField(required=False)
    enabled = serializers.BooleanField(
        required=False, help_text="False gives up what waits, until it is true again."
    )


class EndpointSerializer(serializers.Serializer[Any]):
    """An address that is called back."""

    id = serializers.UUIDField(source="token")
    url = serializers.CharField()
    events = serializers.ListField(child=serializers.CharField(), help_text="Empty: everything.")
    enabled = serializers.BooleanField(source="is_enabled")
    disabled_because = serializers.CharField(help_text="Such as: it answered 410 Gone.")
    failing_since = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class SecretEndpointSerializer(EndpointSerializer):
    """An address with its new secret, which is shown this once."""

    secret = serializers.CharField(help_text="Of Standard Webhooks; keep it.")


class EndpointsView(ApiView):
    """The addresses of the key's owner: the platform, or one organization."""

    scopes = {"GET": READ, "POST": PROVISION}

    @documented(
        name="list_webhook_endpoints",
        tag=TAG,
        summary="List where we call back",
        answers={200: page_of(EndpointSerializer)},
        answered={"A page": {"next": None, "results": [EXAMPLE]}},
    )
    def get(self, request: Request) -> Response:
        """List the endpoints of the key: a platform key's hear of every organization.

        There are at most ten, so one page holds them all.
        """
        found = endpoints_of(key_of(request).organization)
        return Response({"next": None, "results": EndpointSerializer(found, many=True).data})

    @documented(
        name="create_webhook_endpoint",
        tag=TAG,
        summary="Register where we call back",
        request=NewEndpointSerializer,
        answers={201: SecretEndpointSerializer},
        errors=(422,),
        asked={"For two events": ASKED},
        answered={"With its secret": {**EXAMPLE, **SECRET}},
    )
    def post(self, request: Request) -> Response:
        """Register an address and answer its secret, this once.

        From then on each event is sent there by POST, signed as Standard Webhooks 1.0.0 has it
        (`webhook-id`, `webhook-timestamp`, `webhook-signature`), with the body
        `{"type", "timestamp", "data": {"organization", …}}`. Any 2xx is a yes; otherwise it is
        sent again, under the same `webhook-id`, for three days. Those of one organization come in
        order. A 410 switches the endpoint off.
        """
        asked = read_as(NewEndpointSerializer, request.data)
        made = register(
            asked["url"],
            events=asked.get("events", []),
            organization=key_of(request).organization,
            now=timezone.now(),
        )
        return written_as(SecretEndpointSerializer, made, status=201)


class EndpointView(ApiView):
    """One address of the key's owner."""

    scopes = {"GET": READ, "PATCH": PROVISION, "DELETE": PROVISION}

    @documented(
        name="get_webhook_endpoint",
        tag=TAG,
        summary="Read one endpoint",
        answers={200: EndpointSerializer},
        errors=(404,),
        answered={"The endpoint": EXAMPLE},
    )
    def get(self, request: Request, endpoint: UUID) -> Response:
        """Answer where it is, what it hears of, and whether it fails."""
        return written_as(EndpointSerializer, _named(request, endpoint))

    @documented(
        name="change_webhook_endpoint",
        tag=TAG,
        summary="Change or stop an endpoint",
        request=EndpointChangesSerializer,
        answers={200: EndpointSerializer},
        errors=(404, 422),
        asked={"Stop": {"enabled": False}},
        answered={"The endpoint": EXAMPLE},
    )
    def patch(self, request: Request, endpoint: UUID) -> Response:
        """Change what is named; the secret stays."""
        asked = read_as(EndpointChangesSerializer, request.data)
        found = _named(request, endpoint)
        changed = change(
            found,
            url=asked.get("url", found.url),
            events=asked.get("events", found.events),
            enabled=asked.get("enabled", found.is_enabled),
            now=timezone.now(),
        )
        return written_as(EndpointSerializer, changed)

    @documented(
        name="delete_webhook_endpoint",
        tag=TAG,
        summary="Delete an endpoint",
        answers={204: None},
        errors=(404,),
    )
    def delete(self, request: Request, endpoint: UUID) -> Response:
        """Call it no more; what waited for it is given up."""
        delete(_named(request, endpoint), now=timezone.now())
        return Response(status=204)


class SecretView(ApiView):
    """The secret of one address."""

    scopes = {"POST": PROVISION}

    @documented(
        name="rotate_webhook_secret",
        tag=TAG,
        summary="Give an endpoint another secret",
        answers={200: SecretEndpointSerializer},
        errors=(404,),
        answered={"With its secret": {**EXAMPLE, **SECRET}},
    )
    def post(self, request: Request, endpoint: UUID) -> Response:
        """Answer a new secret, this once; for 24 hours the one before signs as well.

        Asked again within them, the newer one is replaced: the older is the one in use.
        """
        rotated = rotate(_named(request, endpoint), now=timezone.now())
        return written_as(SecretEndpointSerializer, rotated)


def _named(request: Request, token: UUID) -> WebhookEndpoint:
    """Answer an endpoint of the key's owner; another's looks as if there were none."""
    found = endpoints_of(key_of(request).organization).filter(token=token).first()
    if found is None:
        raise NotFound("There is no such endpoint.")
    return found


urlpatterns: list[URLPattern] = [
    path("webhook-endpoints/", EndpointsView.as_view()),
    path("webhook-endpoints/<uuid:endpoint>/", EndpointView.as_view()),
    path("webhook-endpoints/<uuid:endpoint>/rotate/", SecretView.as_view()),
]
