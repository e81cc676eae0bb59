"""The body of ``POST /usage/`` in the API's description: one shape for each kind of event."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema_field
from rest_framework import serializers

from plans.terms import CHANNELS
from usage.charging import MOST_EVENTS
from usage.reports import (
    LONGEST_CALL,
    LONGEST_ID,
    LONGEST_SESSION,
    LONGEST_SESSION_ID,
    MOST_MESSAGES,
)

INSTANT = "ISO 8601 with an offset."


class _ReportedSerializer(serializers.Serializer[Any]):
    organization = serializers.CharField(max_length=LONGEST_ID, required=False)
    id = serializers.CharField(max_length=LONGEST_ID, help_text="The platform's own, for ever.")
    agent = serializers.CharField(max_length=LONGEST_ID)


class CallEventSerializer(_ReportedSerializer):
    """One call that has ended."""

    kind = serializers.ChoiceField(choices=["call"])
    channel = serializers.ChoiceField(choices=CHANNELS)
    voice_tier = serializers.CharField(max_length=40, required=False, allow_null=True)
    started_at = serializers.DateTimeField(help_text=INSTANT)
    connected = serializers.BooleanField(default=True, help_text="Only then it is charged.")
    seconds = serializers.IntegerField(min_value=0, max_value=LONGEST_CALL)


class MessageEventSerializer(_ReportedSerializer):
    """Messages, one or several."""

    kind = serializers.ChoiceField(choices=["message"])
    direction = serializers.ChoiceField(choices=["in", "out"])
    count = serializers.IntegerField(min_value=1, max_value=MOST_MESSAGES, default=1)
    at = serializers.DateTimeField(help_text=INSTANT)


class SessionEventSerializer(_ReportedSerializer):
    """A conversation so far: reported again under its id as it goes on, new windows count."""

    id = serializers.CharField(max_length=LONGEST_SESSION_ID)
    kind = serializers.ChoiceField(choices=["session"])
    started_at = serializers.DateTimeField(help_text=INSTANT)
    ended_at = serializers.DateTimeField(
        help_text=f"Of its last message so far; {LONGEST_SESSION.days} days later at the latest."
    )
    answered = serializers.BooleanField(
        default=True, help_text="Where only answered sessions count: whether it was."
    )


class MeterEventSerializer(_ReportedSerializer):
    """A quantity of whatever else the plan has a rate for, such as tokens or storage_gb."""

    kind = serializers.ChoiceField(choices=["meter"])
    meter = serializers.CharField(max_length=60)
    quantity = serializers.CharField(
        help_text="A decimal above zero with at most 6 places, as a text."
    )
    at = serializers.DateTimeField(help_text=INSTANT)


REPORTED: dict[str, serializers.Serializer[Any] | type[serializers.Serializer[Any]]] = {
    "call": CallEventSerializer,
    "message": MessageEventSerializer,
    "session": SessionEventSerializer,
    "meter": MeterEventSerializer,
}


@extend_schema_field(
    PolymorphicProxySerializer("Event", serializers=REPORTED, resource_type_field_name="kind")
)
class EventField(serializers.DictField):
    """One event, whose kind says what else it has."""


class EventsSerializer(serializers.Serializer[Any]):
    """Events of any organizations that the key acts for."""

    events = serializers.ListField(child=EventField(), min_length=1, max_length=MOST_EVENTS)
