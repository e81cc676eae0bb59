"""The platform asks whether work may start, reports what was used, and reads it again."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import URLPattern, path
from django.utils import timezone
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api_docs import documented
from accounts.api_lists import Filters, RowsView, page_of
from accounts.api_shapes import IdField
from accounts.api_views import READ, USAGE, ApiView, key_of, organization_named, written_as
from accounts.models import Organization
from accounts.refusals import Invalid
from plans.terms import CHANNELS
from usage import (
    api_billing,
    api_examples,
    api_ledger,
    event_ids,  # noqa: F401 - registers how an event's id is written
)
from usage.api_shapes import (
    AnswerSerializer,
    QuestionSerializer,
    ResultsSerializer,
    UsageEventSerializer,
    UsageEventWithTraceSerializer,
)
from usage.charging import MOST_EVENTS, charge
from usage.event_shapes import EventsSerializer
from usage.gate import ask
from usage.models import UsageEvent
from usage.questions import Question, check

TAG = "Gate and usage"
QUESTION_FIELDS = frozenset(Question.__dataclass_fields__)


class GateView(ApiView):
    """The gate: lean, for it is asked before every piece of work."""

    scopes = {"POST": USAGE}
    rate = "gate"

    @documented(
        name="ask_gate",
        tag=TAG,
        summary="May this start?",
        request=QuestionSerializer,
        answers={200: AnswerSerializer},
        errors=(404, 422),
        asked=api_examples.QUESTIONS,
        answered=api_examples.ANSWERS,
    )
    def post(self, request: Request) -> Response:
        """Say whether a call, session, message, resource or campaign batch may start now.

        Always 200 when it was answered, whether allowed or not. A `batch` that was let through
        once stays let through. `organization` may be left out by an organization key.
        """
        key = key_of(request)
        question = _question(request.data, key.organization)
        answer = ask(question, now=timezone.now(), only=key.organization_id)
        return Response(answer.to_json())


class UsageReportsView(ApiView):
    """Reports of usage, of any organizations."""

    scopes = {"POST": USAGE}
    rate = "usage"

    @documented(
        name="report_usage",
        tag=TAG,
        summary="Report usage",
        request=EventsSerializer,
        answers={200: ResultsSerializer},
        asked=api_examples.REPORTS,
        answered=api_examples.RESULTS,
    )
    def post(self, request: Request) -> Response:
        """Charge 1 to 1,000 events; answer one result each, in their order.

        200 means that everything charged is durably recorded. An event is keyed by its `id`
        within its organization: the same again is answered as the first time (`duplicate`) and
        charged once, other facts under it are a `conflict`. A bad event refuses itself alone.
        """
        events = request.data.get("events") if isinstance(request.data, dict) else None
        if not isinstance(events, list) or not 1 <= len(events) <= MOST_EVENTS:
            raise ValidationError({"events": [f"Send a list of 1 to {MOST_EVENTS} events."]})
        results = charge(events, now=timezone.now(), only=key_of(request).organization)
        return Response({"results": [result.to_json() for result in results]})


class UsageFilters(Filters):
    """What usage can be asked for; `from` and `to` mean when it started."""

    agent = IdField(required=False)
    channel = serializers.ChoiceField(choices=CHANNELS, required=False)
    kind = serializers.ChoiceField(choices=UsageEvent.Kind.choices, required=False)


class UsageView(RowsView):
    """An organization's charged usage."""

    filters, row, instant, by_instant = UsageFilters, UsageEventSerializer, "started_at", True

    def rows(self, organization: Organization, asked: dict[str, Any]) -> QuerySet[Any]:
        """Answer events with their agent."""
        columns = {"agent": "agent__external_id", "channel": "channel", "kind": "kind"}
        wanted = {column: asked[name] for name, column in columns.items() if name in asked}
        events = UsageEvent.objects.filter(organization=organization, **wanted)
        return events.select_related("agent").defer("facts")

    @documented(
        name="list_usage",
        tag="Reading",
        summary="List usage",
        parameters=[UsageFilters],
        answers={200: page_of(UsageEventSerializer)},
        errors=(400, 404),
        answered={"A page": {"next": None, "results": [api_examples.EVENT]}},
    )
    def get(self, request: Request, external_id: str) -> Response:
        """List charged events, by their start, newest first."""
        return self.page(request, external_id)


class UsageEventView(ApiView):
    """One charged event."""

    scopes = {"GET": READ}

    @documented(
        name="get_usage_event",
        tag="Reading",
        summary="Read one event with its rating trace",
        answers={200: UsageEventWithTraceSerializer},
        errors=(404,),
        answered={"An outbound call": api_examples.EVENT_WITH_TRACE},
    )
    def get(self, request: Request, external_id: str, event: str) -> Response:
        """Answer what was reported, and how its charge came about."""
        organization = organization_named(request, external_id)
        events = UsageEvent.objects.filter(organization=organization)
        events = events.select_related("agent", "period__version__plan")
        found = events.filter(event_id=event).first()
        if found is None:
            raise NotFound("There is no such event.")
        return written_as(UsageEventWithTraceSerializer, found)


def _question(data: Any, own: Organization | None) -> Question:
    """Read the body of a question by hand: a serializer would cost more than the answer.

    :raises ValidationError: naming the field that is missing, unknown or of another shape.
    """
    if not isinstance(data, dict):
        raise ValidationError("A question is an object.")
    given = {name: value for name, value in data.items() if value is not None}
    for name, value in given.items():
        _check_text(name, value)
    if own is not None:
        given.setdefault("organization", own.external_id)
    for name in ("organization", "kind"):
        if name not in given:
            raise ValidationError({name: ["This field is required."]})
    question = Question(**given)
    try:
        check(question)
    except Invalid as refusal:
        raise ValidationError(refusal.fields or refusal.words) from refusal
    return question


def _check_text(name: str, value: object) -> None:
    if name not in QUESTION_FIELDS:
        raise ValidationError({name[:40]: ["There is no such field."]})
    if not isinstance(value, str) or not _is_plain(value):
        raise ValidationError({name: ["This is no text."]})


def _is_plain(text: str) -> bool:
    """Answer whether a text is one that the database can hold."""
    return "\x00" not in text and (text.isascii() or _encodes(text))


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


urlpatterns: list[URLPattern] = [
    path("gate/", GateView.as_view()),
    path("usage/", UsageReportsView.as_view()),
    *api_billing.urlpatterns,
    *api_ledger.urlpatterns,
    path("organizations/<str:external_id>/usage/", UsageView.as_view()),
    path("organizations/<str:external_id>/usage/<event_id:event>/", UsageEventView.as_view()),
]
