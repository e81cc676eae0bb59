"""What happened: events with the object's snapshot, and one delivery per endpoint that listens."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from billing_portal.devstack.fake_stripe.book import Book, Json


def tell(book: Book, kind: str, thing: Json, *, before: Mapping[str, Any] | None = None) -> None:
    """Write down that something happened; `before` is the object as it was."""
    data: Json = {"object": copy.deepcopy(thing)}
    if before is not None:
        previous = {name: value for name, value in before.items() if thing.get(name) != value}
        # Stripe shows what appeared as having been null.
        previous |= {name: None for name in thing if name not in before}
        if not previous:
            return
        data["previous_attributes"] = copy.deepcopy(previous)
    moment = book.moment
    moment.events.append(
        {
            "id": book.new_id("evt"),
            "object": "event",
            "api_version": moment.version,
            "created": book.now(),
            "data": data,
            "livemode": False,
            "pending_webhooks": 0,
            "request": {"id": moment.request, "idempotency_key": moment.key},
            "type": kind,
        }
    )


def save(book: Book, thing: Json, *, before: Json, kind: str | None = None) -> Json:
    """Write an object over and tell it as updated, or as what is named."""
    book.change(thing)
    kind = kind or f"{thing['object']}.updated"
    # Only these say what was before, and are not told where nothing changed.
    tell(book, kind, thing, before=before if kind.endswith(".updated") else None)
    return thing


def publish(book: Book) -> None:
    """Write the events of this moment, and what is to be delivered unless nobody may hear."""
    moment = book.moment
    for event in moment.events:
        endpoints = [] if moment.silent else _listeners(book, event["type"])
        event["pending_webhooks"] = len(endpoints)
        book.add(event)
        for endpoint in endpoints:
            enqueue(book, event, endpoint["id"], due=book.instant())
    moment.events = []


def enqueue(book: Book, event: Json, endpoint: str, *, due: float) -> None:
    """Add one delivery."""
    book.run(
        "INSERT INTO deliveries (event, type, endpoint, due, tries, state) "
        "VALUES (?, ?, ?, ?, 0, 'due')",
        event["id"],
        event["type"],
        endpoint,
        due,
    )


def _listeners(book: Book, kind: str) -> list[Json]:
    endpoints = book.all("webhook_endpoint", status="enabled")
    return [one for one in endpoints if {"*", kind} & set(one["enabled_events"])]
