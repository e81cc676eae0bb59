"""Payment intents: created, confirmed, captured, cancelled."""

from __future__ import annotations

from billing_portal.devstack.fake_stripe import (
    amounts,
    charges,
    customers,
    events,
    paying,
    payment_methods,
    refunds,
)
from billing_portal.devstack.fake_stripe.book import Book, Json
from billing_portal.devstack.fake_stripe.calls import Call, Route, page, update
from billing_portal.devstack.fake_stripe.intent_shape import (
    CONFIRM,
    CREATE,
    REASONS,
    SHARED,
    WORDS,
    new,
)
from billing_portal.devstack.fake_stripe.parameters import LIST, metadata, text, whole
from billing_portal.devstack.fake_stripe.refusals import Refused

PLAIN = (
    "description",
    "receipt_email",
    "setup_future_usage",
    "statement_descriptor",
    "statement_descriptor_suffix",
)


def create(call: Call) -> Json:
    """Create an intent, and confirm it at once where that is asked for."""
    currency = amounts.currency(call.given["currency"])
    amount = amounts.chargeable(call.given["amount"], currency)
    _refuse_odd_mix(call)
    if customer := call.take("customer"):
        customers.living(call, customer, param="customer")
    intent = new(call.book, amount, currency, customer=customer)
    intent = update(call, intent, *PLAIN)
    intent |= {
        "capture_method": call.take("capture_method", "automatic_async"),
        "confirmation_method": call.take("confirmation_method", "automatic"),
    }
    intent["automatic_payment_methods"] = _automatic(call)
    if name := call.take("payment_method"):
        method = _payable(call, intent, name)
        intent |= {"payment_method": method["id"], "status": "requires_confirmation"}
    call.book.add(intent)
    events.tell(call.book, "payment_intent.created", intent)
    return _confirm(call, intent) if call.take("confirm") else intent


def _automatic(call: Call) -> Json | None:
    """Return the setting; where nothing is said Stripe takes whatever the account takes."""
    if "payment_method_types" in call.given:
        return None
    given = call.take("automatic_payment_methods", {"enabled": True})
    if not given.get("enabled"):
        return None
    return {"allow_redirects": given.get("allow_redirects", "always"), "enabled": True}


def confirm(call: Call) -> Json:
    """Ask the card."""
    intent = _own(call)
    if intent["status"] not in paying.CONFIRMABLE:
        why = {
            "succeeded": "it has already succeeded after being previously confirmed",
            "requires_capture": "it has already been confirmed and waits to be captured",
        }.get(intent["status"], f"it has a status of {intent['status']}")
        raise paying.unexpected(intent, f"You cannot confirm this PaymentIntent because {why}.")
    changed = update(call, intent, *PLAIN)
    if name := call.take("payment_method"):
        changed["payment_method"] = _payable(call, changed, name)["id"]
    return _confirm(call, changed)


def _confirm(call: Call, intent: Json) -> Json:
    if intent["payment_method"] is None:
        raise paying.unexpected(
            intent,
            "You cannot confirm this PaymentIntent because it's missing a payment method. You can "
            "either update the PaymentIntent with a payment method and then confirm it again, or "
            "confirm it again directly with a payment method or ConfirmationToken.",
        )
    redirects = (intent["automatic_payment_methods"] or {}).get("allow_redirects") == "always"
    present = not call.take("off_session")
    if redirects and present and not call.take("return_url") and not call.take("use_stripe_sdk"):
        raise Refused(
            "This PaymentIntent is configured to accept payment methods enabled in your "
            "Dashboard. Because some of these payment methods might redirect your customer off "
            "of your page, you must provide a `return_url`. If you don't want to accept "
            "redirect-based payment methods, set `automatic_payment_methods[enabled]` to `true` "
            "and `automatic_payment_methods[allow_redirects]` to `never` when creating Setup "
            "Intents and Payment Intents.",
            param="return_url",
        )
    return paying.pay(
        call.book,
        intent,
        call.book.get("payment_method", intent["payment_method"], param="payment_method"),
        site=call.site,
        off_session=bool(call.take("off_session")),
        return_url=call.take("return_url"),
    )


def capture(call: Call) -> Json:
    """Turn a hold into money."""
    intent = _own(call)
    if intent["status"] != "requires_capture":
        raise paying.unexpected(
            intent,
            "This PaymentIntent could not be captured because it has a status of "
            f"{intent['status']}. Only a PaymentIntent with one of the following statuses may be "
            "captured: requires_capture.",
        )
    amount = call.take("amount_to_capture", intent["amount_capturable"])
    if not 0 < amount <= intent["amount_capturable"]:
        raise Refused(
            "The amount to capture must be positive and no more than the authorized amount.",
            code="amount_too_large",
            param="amount_to_capture",
        )
    held = call.book.get("charge", intent["latest_charge"])
    charge = charges.capture(call.book, held, amount)
    return paying.succeed(call.book, update(call, intent), charge)


def cancel(call: Call) -> Json:
    """Give an intent up; a hold goes back."""
    intent = _own(call)
    if intent["status"] not in (*paying.CONFIRMABLE, "requires_capture"):
        raise paying.unexpected(
            intent,
            "You cannot cancel this PaymentIntent because it has a status of "
            f"{intent['status']}. Only a PaymentIntent with one of the following statuses may be "
            "canceled: requires_payment_method, requires_capture, requires_confirmation, "
            "requires_action, processing.",
        )
    return give_up(call.book, intent, call.take("cancellation_reason"))


def give_up(book: Book, intent: Json, reason: str | None) -> Json:
    """Write that nothing will be paid under this intent any more."""
    if intent["status"] == "requires_capture":
        expired = reason == "automatic"
        held = book.get("charge", intent["latest_charge"])
        refunds.of_hold(book, charges.release(book, held, expired=expired), expired=expired)
    book.let_sleep(intent["id"])
    changed = {
        **intent,
        "amount_capturable": 0,
        "canceled_at": book.now(),
        "cancellation_reason": reason,
        "next_action": None,
        "status": "canceled",
    }
    events.tell(book, "payment_intent.canceled", book.change(changed))
    return changed


def modify(call: Call) -> Json:
    """Change an intent that is not paid yet; a paid one only in its words."""
    intent = call.book.get("payment_intent", call.id, param="intent")
    if {"amount", "currency"} & set(call.given) and intent["status"] not in paying.CONFIRMABLE:
        raise paying.unexpected(
            intent,
            "This PaymentIntent's amount could not be updated because it has a status of "
            f"{intent['status']}.",
        )
    changed = update(call, intent, *PLAIN)
    if "amount" in call.given:
        changed["amount"] = amounts.chargeable(call.given["amount"], intent["currency"])
    if name := call.take("payment_method"):
        changed["payment_method"] = _payable(call, changed, name)["id"]
        if changed["status"] == "requires_payment_method":
            changed["status"] = "requires_confirmation"
    return call.book.change(changed)


def retrieve(call: Call) -> Json:
    """Return an intent."""
    return call.book.get("payment_intent", call.id, param="intent")


def list_all(call: Call) -> Json:
    """List intents."""
    return page(call, "payment_intent", url="/v1/payment_intents", customer=call.take("customer"))


def _own(call: Call) -> Json:
    """Return an intent that is not a checkout session's."""
    intent = retrieve(call)
    if call.book.note(f"session:{call.id}"):
        raise paying.unexpected(
            intent,
            "You cannot change the state of a PaymentIntent that was created by Checkout; "
            "expire its Checkout Session instead.",
        )
    return intent


def _payable(call: Call, intent: Json, name: str) -> Json:
    """Return the card to be asked: the customer's own, or nobody's."""
    method = payment_methods.usable(call, name)
    owner = method["customer"]
    if owner and owner != intent["customer"]:
        raise Refused(
            "The PaymentMethod you provided belongs to a Customer. Please include the Customer "
            "in the `customer` parameter on the PaymentIntent.",
            param="payment_method",
        )
    payment_methods.refuse_used(call.book, method)
    return method


def _refuse_odd_mix(call: Call) -> None:
    for name in ("off_session", "return_url", "error_on_requires_action"):
        if call.take(name) and not call.take("confirm"):
            raise Refused(
                f"You can only set `{name}` when `confirm` is true.",
                code="parameter_invalid",
                param=name,
            )


ROUTES = (
    Route("POST", "/v1/payment_intents", create, CREATE),
    Route("GET", "/v1/payment_intents", list_all, {**LIST, "customer": text}),
    Route("GET", "/v1/payment_intents/{id}", retrieve, {"client_secret": text}),
    Route("POST", "/v1/payment_intents/{id}", modify, {**WORDS, **SHARED, "amount": whole}),
    Route("POST", "/v1/payment_intents/{id}/confirm", confirm, {**SHARED, **CONFIRM}),
    Route(
        "POST",
        "/v1/payment_intents/{id}/capture",
        capture,
        {"amount_to_capture": whole, "metadata": metadata},
    ),
    Route("POST", "/v1/payment_intents/{id}/cancel", cancel, {"cancellation_reason": REASONS}),
)
