"""What happened is owed to those who asked to be called back, in the same transaction."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from django.db.models import Q

from accounts.hints import hint
from accounts.models import Callback, Organization, WebhookEndpoint
from accounts.models.callbacks import new_message_id

Event = WebhookEndpoint.Event


Facts = Mapping[str, Any]


class News(NamedTuple):
    """Something that happened to an organization: which event, under which key, with what facts.

    The facts may be how to write them, which is asked where somebody hears.
    """

    organization: Organization
    event: Event
    key: str
    data: Facts | Callable[[], Facts]


def owe_callback(
    organization: Organization,
    *,
    event: Event,
    key: str,
    data: Facts,
    now: dt.datetime,
) -> int:
    """Owe what happened to every endpoint that hears of it; answers how many hear.

    Under a known key nothing happens.
    """
    return owe_callbacks([News(organization, event, key, data)], now=now)


def owe_callbacks(news: Sequence[News], *, now: dt.datetime) -> int:
    """Owe several things that happened, in their order; answers how many messages that makes.

    One statement where nobody listens, two where somebody does, however many things there are.
    Called within the transaction of what happened, under the locks that put it in its order.
    """
    endpoints = _listeners({one.organization.pk for one in news})
    owed = [
        Callback(
            organization=one.organization,
            endpoint=endpoint,
            event=one.event,
            key=f"{one.event}:{one.key}",
            message_id=message_id,
            body=body,
            due_at=now,
            created_at=now,
        )
        for one in news
        if (heard := _heard(one, endpoints))
        for message_id, body in [(new_message_id(), _body(one, now))]
        for endpoint in heard
    ]
    if owed:
        Callback.objects.bulk_create(owed, ignore_conflicts=True)
        hint("call_back")
    return len(owed)


def _listeners(organizations: set[int]) -> list[WebhookEndpoint]:
    listening = WebhookEndpoint.objects.filter(disabled_at__isnull=True, deleted_at__isnull=True)
    theirs = Q(organization__isnull=True) | Q(organization__in=organizations)
    return list(listening.filter(theirs).order_by("id"))


def _heard(one: News, endpoints: Sequence[WebhookEndpoint]) -> list[WebhookEndpoint]:
    return [
        endpoint
        for endpoint in endpoints
        if endpoint.organization_id in (None, one.organization.pk)
        and (not endpoint.events or one.event in endpoint.events)
    ]


def _body(one: News, now: dt.datetime) -> str:
    """Write what is sent; it is kept to the byte, because the bytes are what is signed."""
    facts = one.data() if callable(one.data) else one.data
    said = {
        "type": one.event,
        "timestamp": now.astimezone(dt.UTC).isoformat().replace("+00:00", "Z"),
        "data": {"organization": one.organization.external_id, **facts},
    }
    return json.dumps(said, separators=(",", ":"))
