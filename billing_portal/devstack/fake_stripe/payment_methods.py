"""Payment methods: cards, made from test ids or numbers, attached to customers and detached."""

from __future__ import annotations

import datetime as dt
from typing import Any

from billing_portal.devstack.fake_stripe import cards, customers, events
from billing_portal.devstack.fake_stripe.book import Book, Json
from billing_portal.devstack.fake_stripe.calls import Call, Route, page, update
from billing_portal.devstack.fake_stripe.cards import Card
from billing_portal.devstack.fake_stripe.parameters import (
    CURSORS,
    Spec,
    choice,
    metadata,
    text,
    whole,
)
from billing_portal.devstack.fake_stripe.refusals import CardDeclined, NotNow, Refused

BILLING = {"address": customers.ADDRESS, "email": text, "name": text, "phone": text}
REDISPLAY = choice("always", "limited", "unspecified")
NUMBERS = {"number": text, "token": text, "exp_month": whole, "exp_year": whole, "cvc": text}


def make(
    book: Book,
    card: Card,
    *,
    last4: str | None = None,
    expires: tuple[int, int] | None = None,
    billing: Json | None = None,
    redisplay: str = "unspecified",
) -> Json:
    """Write a new card that belongs to nobody yet."""
    this_year = dt.datetime.fromtimestamp(book.now(), dt.UTC).year
    details = cards.details(card, last4=last4, expires=expires or (12, this_year + 3))
    empty: Json = {"address": dict.fromkeys(customers.ADDRESS), "tax_id": None}
    empty |= {"email": None, "name": None, "phone": None}
    method = {
        "id": book.new_id("pm"),
        "object": "payment_method",
        "allow_redisplay": redisplay,
        "billing_details": {**empty, **(billing or {})},
        "card": details,
        "created": book.now(),
        "customer": None,
        "customer_account": None,
        "livemode": False,
        "metadata": {},
        "type": "card",
    }
    book.add(method)
    book.write_note(f"answer:{method['id']}", card.answer)
    return method


def usable(call: Call, identity: str, *, param: str = "payment_method") -> Json:
    """Return a payment method; a test id makes a fresh card of its sort."""
    if identity.startswith("pm_card_") and (card := cards.named(identity)):
        return make(call.book, card)
    return call.book.get("payment_method", identity, param=param)


def create(call: Call) -> Json:
    """Create a card from a test number or token."""
    given = call.take("card")
    if not given:
        raise Refused("Missing required param: card.", code="parameter_missing", param="card")
    name = given.get("token") or given.get("number") or ""
    card = cards.named(name)
    if card is None:
        raise Refused(
            "Your card number is incorrect: only Stripe's test cards exist here.",
            code="incorrect_number",
            param="card[number]",
        )
    expires = (given["exp_month"], given["exp_year"]) if given.get("exp_year") else None
    method = make(
        call.book,
        card,
        expires=expires,
        billing=call.take("billing_details"),
        redisplay=call.take("allow_redisplay", "unspecified"),
    )
    return call.book.change(update(call, method))


def attach(call: Call) -> Json:
    """Give a card to a customer."""
    customer = customers.living(call, call.given["customer"], param="customer")
    method = usable(call, call.id, param="payment_method")
    return give(call.book, method, customer["id"])


def give(book: Book, method: Json, customer: str) -> Json:
    """Attach a card, if nobody else has it and its issuer lets it be saved."""
    if method["customer"] == customer:
        return method
    if method["customer"]:
        raise NotNow(
            "The payment method you provided has already been attached to a customer.",
            code="payment_method_unexpected_state",
            param="payment_method",
        )
    refuse_used(book, method)
    refuse_unsavable(book, method)
    new = book.change({**method, "customer": customer})
    events.tell(book, "payment_method.attached", new)
    return new


def refuse_used(book: Book, method: Json) -> None:
    """Refuse a card that belongs to nobody and was used or detached before."""
    if method["customer"] is None and book.note(f"used:{method['id']}"):
        raise NotNow(
            "This PaymentMethod was previously used without being attached to a Customer or was "
            "detached from a Customer, and may not be used again.",
            param="payment_method",
        )


def refuse_unsavable(book: Book, method: Json) -> None:
    """Decline to save a card whose issuer refuses already that."""
    if cards.answer_of(book, method["id"]) == "refused":
        decline = cards.DECLINES["refused"]
        raise CardDeclined(
            decline.message, code=decline.code, decline_code=decline.decline_code, param=""
        )


def detach(call: Call) -> Json:
    """Take a card from its customer, for ever; it is nobody's default any more."""
    method = call.book.get("payment_method", call.id, param="payment_method")
    if method["customer"] is None:
        raise NotNow(
            "The payment method you provided is not attached to a customer so detachment is "
            "impossible.",
            param="payment_method",
        )
    owner = call.book.get("customer", method["customer"])
    settings = owner.get("invoice_settings") or {}
    if settings.get("default_payment_method") == call.id:
        changed = {**owner, "invoice_settings": {**settings, "default_payment_method": None}}
        events.save(call.book, changed, before=owner)
    new = call.book.change({**method, "customer": None})
    call.book.write_note(f"used:{call.id}", "detached")
    events.tell(call.book, "payment_method.detached", new)
    return new


def modify(call: Call) -> Json:
    """Change a card's expiry, billing details or metadata."""
    method = call.book.get("payment_method", call.id, param="payment_method")
    changed = update(call, method, "allow_redisplay")
    changed["card"] = {**method["card"], **(call.take("card") or {})}
    changed["billing_details"] = {
        **method["billing_details"],
        **(call.take("billing_details") or {}),
    }
    return events.save(call.book, changed, before=method)


def retrieve(call: Call) -> Json:
    """Return a card."""
    return call.book.get("payment_method", call.id, param="payment_method")


def list_all(call: Call) -> Json:
    """List a customer's cards."""
    customer = call.names.get("id") or call.take("customer")
    if customer:
        customers.living(call, customer, param="customer")
    url = f"/v1/customers/{customer}/payment_methods" if call.names else "/v1/payment_methods"
    filters: dict[str, Any] = {"customer": customer, "type": call.take("type")}
    if not customer:
        # Without a customer Stripe lists what belongs to nobody: nothing that can be used.
        raise Refused(
            "Missing required param: customer.", code="parameter_missing", param="customer"
        )
    return page(call, "payment_method", url=url, **filters)


CREATE: Spec = {
    "type!": choice("card"),
    "card": NUMBERS,
    "billing_details": BILLING,
    "allow_redisplay": REDISPLAY,
    "metadata": metadata,
}
CHANGE: Spec = {
    "card": {"exp_month": whole, "exp_year": whole},
    "billing_details": BILLING,
    "allow_redisplay": REDISPLAY,
    "metadata": metadata,
}
OF_CUSTOMER: Spec = {**CURSORS, "type": choice("card"), "allow_redisplay": REDISPLAY}
ROUTES = (
    Route("POST", "/v1/payment_methods", create, CREATE),
    Route("GET", "/v1/payment_methods", list_all, {**OF_CUSTOMER, "customer": text}),
    Route("GET", "/v1/payment_methods/{id}", retrieve),
    Route("POST", "/v1/payment_methods/{id}", modify, CHANGE),
    Route("POST", "/v1/payment_methods/{id}/attach", attach, {"customer!": text}),
    Route("POST", "/v1/payment_methods/{id}/detach", detach),
    Route("GET", "/v1/customers/{id}/payment_methods", list_all, OF_CUSTOMER),
)
