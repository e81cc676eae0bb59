"""Setup intents: a card is saved for later charges."""

from __future__ import annotations

from billing_portal.devstack.fake_stripe import cards, customers, events, paying, payment_methods
from billing_portal.devstack.fake_stripe.book import Book, Json
from billing_portal.devstack.fake_stripe.calls import Call, Route, page, update
from billing_portal.devstack.fake_stripe.parameters import (
    LIST,
    Many,
    Spec,
    choice,
    flag,
    metadata,
    text,
)
from billing_portal.devstack.fake_stripe.refusals import CardDeclined, NotNow, doc_url

OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")


def new(book: Book, *, customer: str | None, usage: str = "off_session") -> Json:
    """Return an intent without a card; the caller writes it."""
    identity = book.new_id("seti")
    return {
        "id": identity,
        "object": "setup_intent",
        "application": None,
        "automatic_payment_methods": None,
        "cancellation_reason": None,
        "client_secret": f"{identity}_secret_{book.new_id('x', 25)[2:]}",
        "created": book.now(),
        "customer": customer,
        "customer_account": None,
        "description": None,
        "flow_directions": None,
        "last_setup_error": None,
        "latest_attempt": None,
        "livemode": False,
        "mandate": None,
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_options": {
            "card": {
                "mandate_options": None,
                "network": None,
                "request_three_d_secure": "automatic",
            }
        },
        "payment_method_types": ["card"],
        "single_use_mandate": None,
        "status": "requires_payment_method",
        "usage": usage,
    }


def create(call: Call) -> Json:
    """Create an intent, and confirm it at once where that is asked for."""
    if customer := call.take("customer"):
        customers.living(call, customer, param="customer")
    intent = new(call.book, customer=customer, usage=call.take("usage", "off_session"))
    intent = update(call, intent, "description")
    if name := call.take("payment_method"):
        method = payment_methods.usable(call, name)
        intent |= {"payment_method": method["id"], "status": "requires_confirmation"}
    call.book.add(intent)
    events.tell(call.book, "setup_intent.created", intent)
    return _confirm(call, intent) if call.take("confirm") else intent


def confirm(call: Call) -> Json:
    """Save the card."""
    intent = retrieve(call)
    if intent["status"] not in OPEN:
        raise _unexpected(intent, "confirm")
    if name := call.take("payment_method"):
        intent["payment_method"] = payment_methods.usable(call, name)["id"]
    return _confirm(call, intent)


def _confirm(call: Call, intent: Json) -> Json:
    if intent["payment_method"] is None:
        raise NotNow(
            "You cannot confirm this SetupIntent because it's missing a payment method.",
            code="setup_intent_unexpected_state",
            setup_intent=intent,
        )
    method = call.book.get("payment_method", intent["payment_method"])
    if cards.answer_of(call.book, method["id"]) == "needs_action":
        return want_owner(
            call.book, intent, method, site=call.site, return_url=call.take("return_url")
        )
    return save(call.book, intent, method)


def want_owner(
    book: Book, intent: Json, method: Json, *, site: str, return_url: str | None
) -> Json:
    """Write that the owner has to pass 3-D Secure."""
    url = f"{site}/three_d_secure/{intent['id']}"
    action: Json = {"type": "use_stripe_sdk", "use_stripe_sdk": {"stripe_js": url}}
    if return_url:
        target = {"return_url": return_url, "url": url}
        action = {"type": "redirect_to_url", "redirect_to_url": target}
    changes = {"payment_method": method["id"], "next_action": action, "status": "requires_action"}
    waiting = book.change({**intent, **changes})
    events.tell(book, "setup_intent.requires_action", waiting)
    return waiting


def save(book: Book, intent: Json, method: Json) -> Json:
    """Attach the card and end the intent.

    :raises CardDeclined: the issuer lets it not be saved.
    """
    try:
        payment_methods.refuse_unsavable(book, method)
    except CardDeclined:
        raise fail(book, intent, method) from None
    if intent["customer"]:
        method = payment_methods.give(book, method, intent["customer"])
    changes = {"payment_method": method["id"], "next_action": None, "last_setup_error": None}
    done = book.change({**intent, **changes, "status": "succeeded"})
    events.tell(book, "setup_intent.succeeded", done)
    return done


def fail(book: Book, intent: Json, method: Json) -> CardDeclined:
    """Write that the card could not be saved, and return how it said no."""
    decline = cards.DECLINES["refused"]
    error = {
        "advice_code": decline.advice,
        "code": decline.code,
        "decline_code": decline.decline_code,
        "doc_url": doc_url(decline.code),
        "message": decline.message,
        "payment_method": method,
        "type": "card_error",
    }
    failed = book.change({**intent, **_without_card(error)})
    events.tell(book, "setup_intent.setup_failed", failed)
    return paying.declined(error, setup_intent=failed)


def fail_authentication(book: Book, intent: Json) -> Json:
    """Write that the owner did not pass 3-D Secure."""
    code = "setup_intent_authentication_failure"
    error = {
        "code": code,
        "doc_url": doc_url(code),
        "message": "We are unable to authenticate your payment method.",
        "payment_method": book.get("payment_method", intent["payment_method"]),
        "type": "invalid_request_error",
    }
    failed = book.change({**intent, **_without_card(error)})
    events.tell(book, "setup_intent.setup_failed", failed)
    return failed


def _without_card(error: Json) -> Json:
    return {
        "last_setup_error": error,
        "next_action": None,
        "payment_method": None,
        "status": "requires_payment_method",
    }


def cancel(call: Call) -> Json:
    """Give an intent up."""
    intent = retrieve(call)
    if intent["status"] not in OPEN:
        raise _unexpected(intent, "cancel")
    return give_up(call.book, intent, call.take("cancellation_reason"))


def give_up(book: Book, intent: Json, reason: str | None) -> Json:
    """Write that no card will be saved under this intent any more."""
    changes = {"cancellation_reason": reason, "next_action": None, "status": "canceled"}
    canceled = book.change({**intent, **changes})
    events.tell(book, "setup_intent.canceled", canceled)
    return canceled


def modify(call: Call) -> Json:
    """Change an intent's words."""
    return call.book.change(update(call, retrieve(call), "description"))


def retrieve(call: Call) -> Json:
    """Return an intent."""
    return call.book.get("setup_intent", call.id, param="intent")


def list_all(call: Call) -> Json:
    """List intents."""
    filters = {name: call.take(name) for name in ("customer", "payment_method")}
    return page(call, "setup_intent", url="/v1/setup_intents", **filters)


def _unexpected(intent: Json, verb: str) -> NotNow:
    return NotNow(
        f"You cannot {verb} this SetupIntent because it has a status of {intent['status']}.",
        code="setup_intent_unexpected_state",
        setup_intent=intent,
    )


CREATE: Spec = {
    "confirm": flag,
    "customer": text,
    "description": text,
    "metadata": metadata,
    "payment_method": text,
    "payment_method_types": Many(choice("card")),
    "return_url": text,
    "usage": choice("off_session", "on_session"),
}
REASONS = choice("abandoned", "duplicate", "requested_by_customer")
ROUTES = (
    Route("POST", "/v1/setup_intents", create, CREATE),
    Route("GET", "/v1/setup_intents", list_all, {**LIST, "customer": text, "payment_method": text}),
    Route("GET", "/v1/setup_intents/{id}", retrieve, {"client_secret": text}),
    Route("POST", "/v1/setup_intents/{id}", modify, {"description": text, "metadata": metadata}),
    Route(
        "POST",
        "/v1/setup_intents/{id}/confirm",
        confirm,
        {"payment_method": text, "return_url": text, "use_stripe_sdk": flag},
    ),
    Route("POST", "/v1/setup_intents/{id}/cancel", cancel, {"cancellation_reason": REASONS}),
)
