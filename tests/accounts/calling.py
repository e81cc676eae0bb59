"""Somebody who listens, and things that happen to organizations."""

from __future__ import annotations

import datetime as dt
from typing import Any

from accounts.callbacks import Event, owe_callback
from accounts.models import Callback, Organization, WebhookEndpoint
from accounts.webhook_endpoints import register
from tests.builders import MARCH_1
from tests.fakes.receiver import Receiver

SECOND, MINUTE, DAY = dt.timedelta(seconds=1), dt.timedelta(minutes=1), dt.timedelta(days=1)
LOW, PAID = Event.BALANCE_LOW, Event.INVOICE_PAID


def hear(receiver: Receiver, *events: str, path: str = "", **of: Any) -> WebhookEndpoint:
    return register(receiver.url + path, events=events, now=MARCH_1, **of)


def owe(
    organization: Organization, event: Event = PAID, key: str = "1", now: dt.datetime = MARCH_1
) -> int:
    return owe_callback(organization, event=event, key=key, data={"number": key}, now=now)


def owe_several(organization: Organization, *keys: str) -> None:
    for key in keys:
        owe(organization, key=key)


def statuses() -> list[str]:
    return list(Callback.objects.order_by("id").values_list("status", flat=True))


def numbers(receiver: Receiver) -> list[str]:
    return [heard.message["data"]["number"] for heard in receiver.heard]
