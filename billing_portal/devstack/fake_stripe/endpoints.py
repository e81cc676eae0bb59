"""Webhook endpoints, and the events that were written."""

from __future__ import annotations

from billing_portal.devstack.fake_stripe.book import API_VERSION, Book, Json
from billing_portal.devstack.fake_stripe.calls import Call, Route, page, update
from billing_portal.devstack.fake_stripe.parameters import (
    CURSORS,
    LIST,
    Many,
    Spec,
    flag,
    metadata,
    text,
)
from billing_portal.devstack.fake_stripe.refusals import Refused


def create(call: Call) -> Json:
    """Add an endpoint; only this answer shows its secret."""
    return add(
        call.book,
        _url(call),
        enabled=call.given["enabled_events"],
        secret=call.book.new_id("whsec", 32),
        version=call.take("api_version", API_VERSION),
        words=call,
    )


def add(
    book: Book,
    url: str,
    *,
    enabled: list[str],
    secret: str,
    version: str = API_VERSION,
    words: Call | None = None,
) -> Json:
    """Write an endpoint and remember its secret beside it."""
    endpoint: Json = {
        "id": book.new_id("we"),
        "object": "webhook_endpoint",
        "api_version": version,
        "application": None,
        "created": book.now(),
        "description": None,
        "enabled_events": enabled,
        "livemode": False,
        "metadata": {},
        "status": "enabled",
        "url": url,
    }
    endpoint = update(words, endpoint, "description") if words else endpoint
    book.add(endpoint)
    book.write_note(f"secret:{endpoint['id']}", secret)
    return {**endpoint, "secret": secret}


def modify(call: Call) -> Json:
    """Change an endpoint."""
    endpoint = retrieve(call)
    changed = update(call, endpoint, "description", "enabled_events")
    if "url" in call.given:
        changed["url"] = _url(call)
    if "disabled" in call.given:
        changed["status"] = "disabled" if call.given["disabled"] else "enabled"
    return call.book.change(changed)


def delete(call: Call) -> Json:
    """Remove an endpoint; what waits for it is dropped."""
    retrieve(call)
    call.book.remove(call.id)
    call.book.run("DELETE FROM deliveries WHERE endpoint = ? AND state = 'due'", call.id)
    return {"id": call.id, "object": "webhook_endpoint", "deleted": True}


def retrieve(call: Call) -> Json:
    """Return an endpoint."""
    return call.book.get("webhook_endpoint", call.id)


def list_all(call: Call) -> Json:
    """List endpoints."""
    return page(call, "webhook_endpoint", url="/v1/webhook_endpoints")


def retrieve_event(call: Call) -> Json:
    """Return an event."""
    return call.book.get("event", call.id)


def list_events(call: Call) -> Json:
    """List events, of one type or of several."""
    kinds = call.take("types") or ([call.given["type"]] if call.take("type") else [])
    if not kinds:
        return page(call, "event", url="/v1/events")
    if len(kinds) == 1 and not kinds[0].endswith("*"):
        return page(call, "event", url="/v1/events", type=kinds[0])
    return _events_of(call, kinds)


def _events_of(call: Call, kinds: list[str]) -> Json:
    """Read on until a page is full of what was asked for."""
    limit = call.take("limit", 10)
    found: list[Json] = []
    cursor, more = call.take("starting_after"), True
    while more and len(found) <= limit:
        given = {"limit": 100, "starting_after": cursor, "created": call.take("created")}
        rows = page(Call(call.book, given), "event", url="/v1/events")
        found += [event for event in rows["data"] if _is_one_of(event["type"], kinds)]
        more = rows["has_more"]
        cursor = rows["data"][-1]["id"] if rows["data"] else None
    return {
        "object": "list",
        "data": found[:limit],
        "has_more": len(found) > limit,
        "url": "/v1/events",
    }


def _is_one_of(kind: str, kinds: list[str]) -> bool:
    return any(kind.startswith(one[:-1]) if one.endswith("*") else kind == one for one in kinds)


def _url(call: Call) -> str:
    url: str = call.given["url"]
    if not url.startswith(("http://", "https://")):
        raise Refused("Invalid URL: URL must be valid.", code="url_invalid", param="url")
    return url


CHANGE: Spec = {
    "description": text,
    "disabled": flag,
    "enabled_events": Many(text),
    "metadata": metadata,
    "url": text,
}
CREATE: Spec = {
    "api_version": text,
    "description": text,
    "enabled_events!": Many(text),
    "metadata": metadata,
    "url!": text,
}
EVENTS: Spec = {**LIST, "type": text, "types": Many(text), "delivery_success": flag}
ROUTES = (
    Route("POST", "/v1/webhook_endpoints", create, CREATE),
    Route("GET", "/v1/webhook_endpoints", list_all, CURSORS),
    Route("GET", "/v1/webhook_endpoints/{id}", retrieve),
    Route("POST", "/v1/webhook_endpoints/{id}", modify, CHANGE),
    Route("DELETE", "/v1/webhook_endpoints/{id}", delete),
    Route("GET", "/v1/events", list_events, EVENTS),
    Route("GET", "/v1/events/{id}", retrieve_event),
)
