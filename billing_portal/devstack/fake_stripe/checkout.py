"""Checkout sessions: made for a payment or to save a card, listed, expired."""

from __future__ import annotations

import json
from typing import Any

from billing_portal.devstack.fake_stripe import (
    amounts,
    customers,
    events,
    payment_intents,
    setup_intents,
)
from billing_portal.devstack.fake_stripe.book import Book, Json
from billing_portal.devstack.fake_stripe.calls import Call, Route, listing, page, update
from billing_portal.devstack.fake_stripe.checkout_shape import (
    CREATE,
    FILTERS,
    blank,
    line_item,
)
from billing_portal.devstack.fake_stripe.parameters import CURSORS, metadata
from billing_portal.devstack.fake_stripe.refusals import NotNow, Refused

SHORTEST, LONGEST = 30 * 60, 24 * 3600
ONLY_IN = {
    "payment": ("line_items", "payment_intent_data", "submit_type", "customer_creation"),
    "setup": ("setup_intent_data",),
}
COPIED = (
    "billing_address_collection",
    "cancel_url",
    "client_reference_id",
    "customer",
    "customer_creation",
    "customer_email",
    "locale",
    "submit_type",
    "success_url",
)


def create(call: Call) -> Json:
    """Open a session and say where its page is."""
    mode = call.given["mode"]
    _refuse_mix(call, mode)
    if customer := call.take("customer"):
        customers.living(call, customer, param="customer")
    session = update(call, blank(call.book, mode, call.site), *COPIED)
    session["expires_at"] = _expiry(call)
    session["saved_payment_method_options"] = _saving(call, mode)
    if mode == "payment":
        items = _items(call)
        total = sum(item["amount_total"] for item in items)
        session |= {"amount_subtotal": total, "amount_total": total}
        session |= {"currency": items[0]["currency"], "payment_status": "unpaid"}
        session["total_details"] = {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0}
        _remember(call, session, items)
    else:
        session["currency"] = call.take("currency")
        session["setup_intent"] = _setup(call, customer)["id"]
        call.book.write_note(f"session:{session['setup_intent']}", session["id"])
    call.book.add(session)
    call.book.wake_at(session["id"], "session", session["expires_at"])
    return session


def _refuse_mix(call: Call, mode: str) -> None:
    _refuse_urls(call)
    for other, names in ONLY_IN.items():
        for name in names:
            if other != mode and name in call.given:
                raise Refused(f"You can not pass `{name}` in `{mode}` mode.", param=name)
    if call.take("customer") and call.take("customer_email"):
        raise Refused(
            "You may only specify one of these parameters: customer, customer_email.",
            param="customer",
        )
    if mode == "setup" and not {"currency", "payment_method_types"} & set(call.given):
        raise Refused(
            "You must pass either `currency` or `payment_method_types` in `setup` mode.",
            code="parameter_missing",
            param="currency",
        )


def _refuse_urls(call: Call) -> None:
    if not call.take("success_url"):
        raise Refused(
            "Missing required param: success_url.", code="parameter_missing", param="success_url"
        )
    for name in ("success_url", "cancel_url"):
        if not (call.take(name) or "https://").startswith(("http://", "https://")):
            raise Refused("Not a valid URL", code="url_invalid", param=name)


def _expiry(call: Call) -> int:
    now = call.book.now()
    at = int(call.take("expires_at", now + LONGEST))
    if not now + SHORTEST <= at <= now + LONGEST:
        raise Refused(
            "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout "
            "Session creation.",
            param="expires_at",
        )
    return at


def _saving(call: Call, mode: str) -> Json | None:
    if mode == "setup":
        return None
    given = call.take("saved_payment_method_options", {})
    return {
        "allow_redisplay_filters": given.get("allow_redisplay_filters", ["always"]),
        "payment_method_remove": given.get("payment_method_remove", "disabled"),
        "payment_method_save": given.get("payment_method_save"),
    }


def _items(call: Call) -> list[Json]:
    given = call.take("line_items", [])
    if not given:
        raise Refused(
            "Missing required param: line_items.", code="parameter_missing", param="line_items"
        )
    items = [line_item(call.book, line, place) for place, line in enumerate(given)]
    if len({item["currency"] for item in items}) > 1:
        raise Refused("All line items must have the same currency.", param="line_items")
    total = sum(item["amount_total"] for item in items)
    amounts.chargeable(total, items[0]["currency"], param="line_items")
    return items


def _remember(call: Call, session: Json, items: list[Json]) -> None:
    """Note what the session itself does not show."""
    call.book.write_note(f"items:{session['id']}", json.dumps(items))
    data = call.take("payment_intent_data", {})
    call.book.write_note(f"intent_data:{session['id']}", json.dumps(data))


def _setup(call: Call, customer: str | None) -> Json:
    data = call.take("setup_intent_data", {})
    intent = setup_intents.new(call.book, customer=customer)
    intent |= {"description": data.get("description"), "metadata": data.get("metadata") or {}}
    call.book.add(intent)
    events.tell(call.book, "setup_intent.created", intent)
    return intent


def items_of(book: Book, session: str) -> list[Json]:
    """Return what a session sells."""
    found: list[Json] = json.loads(book.note(f"items:{session}") or "[]")
    return found


def intent_data(book: Book, session: str) -> dict[str, Any]:
    """Return what the session's payment intent is to carry."""
    found: dict[str, Any] = json.loads(book.note(f"intent_data:{session}") or "{}")
    return found


def line_items(call: Call) -> Json:
    """List what a session sells."""
    retrieve(call)
    return listing(items_of(call.book, call.id), url=f"/v1/checkout/sessions/{call.id}/line_items")


def expire(call: Call) -> Json:
    """End an open session; nobody can pay it any more."""
    session = retrieve(call)
    if session["status"] != "open":
        raise NotNow(
            'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout '
            f"Session has a status of {session['status']}."
        )
    return end(call.book, session)


def end(book: Book, session: Json) -> Json:
    """Write that a session's time is over."""
    book.let_sleep(session["id"])
    expired = book.change({**session, "status": "expired", "url": None})
    if intent := book.find(session["payment_intent"]):
        payment_intents.give_up(book, intent, "automatic")
    if intent := book.find(session["setup_intent"]):
        setup_intents.give_up(book, intent, None)
    events.tell(book, "checkout.session.expired", expired)
    return expired


def modify(call: Call) -> Json:
    """Change a session's metadata."""
    return call.book.change(update(call, retrieve(call)))


def retrieve(call: Call) -> Json:
    """Return a session."""
    return call.book.get("checkout.session", call.id, param="session")


def list_all(call: Call) -> Json:
    """List sessions."""
    names = ("customer", "payment_intent", "status")
    filters = {name: call.take(name) for name in names}
    return page(call, "checkout.session", url="/v1/checkout/sessions", **filters)


ROUTES = (
    Route("POST", "/v1/checkout/sessions", create, CREATE),
    Route("GET", "/v1/checkout/sessions", list_all, FILTERS),
    Route("GET", "/v1/checkout/sessions/{id}", retrieve),
    Route("POST", "/v1/checkout/sessions/{id}", modify, {"metadata": metadata}),
    Route("GET", "/v1/checkout/sessions/{id}/line_items", line_items, CURSORS),
    Route("POST", "/v1/checkout/sessions/{id}/expire", expire),
)
