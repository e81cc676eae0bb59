"""What a person does on Checkout's page: pays or saves a card, passes 3-D Secure or not."""

from __future__ import annotations

from billing_portal.devstack.fake_stripe import (
    cards,
    checkout,
    events,
    intent_shape,
    paying,
    payment_methods,
    setup_intents,
)
from billing_portal.devstack.fake_stripe.book import Book, Json
from billing_portal.devstack.fake_stripe.refusals import NotNow


def refuse_closed(session: Json) -> None:
    """Refuse what only an open session can do."""
    if session["status"] != "open":
        words = "has expired" if session["status"] == "expired" else "is already complete"
        raise NotNow(f"This Checkout Session {words}.", code="checkout_session_closed")


def submit(book: Book, session: Json, method: Json, *, site: str, save: bool = False) -> Json:
    """Send the form with a card; return the session, complete or waiting for 3-D Secure.

    :raises CardDeclined: the card said no; the session stays open.
    """
    refuse_closed(session)
    if session["mode"] == "setup":
        intent = book.get("setup_intent", session["setup_intent"])
        if cards.answer_of(book, method["id"]) == "needs_action":
            setup_intents.want_owner(book, intent, method, site=site, return_url=None)
            return session
        setup_intents.save(book, intent, method)
        return _complete(book, session, method)
    session, intent = _intent(book, session, save=save)
    paid = paying.pay(book, intent, method, site=site)
    return session if paid["status"] == "requires_action" else _complete(book, session, method)


def authenticate(book: Book, session: Json, *, site: str, passed: bool) -> Json:
    """End the 3-D Secure that the session waits for."""
    refuse_closed(session)
    name = session["payment_intent"] or session["setup_intent"]
    intent = book.find(name)
    if intent is None or intent["status"] != "requires_action":
        raise NotNow("Nothing waits for 3-D Secure here.")
    intent = authenticate_intent(book, intent, site=site, passed=passed)
    if not passed:
        return session
    return _complete(book, session, book.get("payment_method", intent["payment_method"]))


def authenticate_intent(book: Book, intent: Json, *, site: str, passed: bool) -> Json:
    """End the 3-D Secure that an intent waits for, and return the intent."""
    method = book.get("payment_method", intent["payment_method"])
    if intent["object"] == "setup_intent":
        if not passed:
            return setup_intents.fail_authentication(book, intent)
        return setup_intents.save(book, intent, method)
    if not passed:
        return paying.fail_authentication(book, intent)
    return paying.pay(book, intent, method, site=site, authenticated=True)


def waits_for_owner(book: Book, session: Json) -> bool:
    """Say whether a session's card wants its owner."""
    intent = book.find(session["payment_intent"] or session["setup_intent"])
    return bool(intent and intent["status"] == "requires_action")


def card_for(
    book: Book,
    session: Json,
    name: str,
    *,
    brand: str = "visa",
    last4: str | None = None,
    expires: tuple[int, int] | None = None,
) -> Json:
    """Return the card that a person chose: a saved one of the customer, or a new one."""
    if name.startswith("pm_") and not name.startswith("pm_card_"):
        method = book.get("payment_method", name, param="payment_method")
        if method["customer"] is None or method["customer"] != session["customer"]:
            raise NotNow("This card is not the customer's.", param="payment_method")
        return method
    return payment_methods.make(
        book, cards.chosen(name, brand=brand), last4=last4, expires=expires, redisplay="always"
    )


def _intent(book: Book, session: Json, *, save: bool) -> tuple[Json, Json]:
    """Return the session's payment intent; the first attempt makes it."""
    if found := book.find(session["payment_intent"]):
        return session, found
    data = checkout.intent_data(book, session["id"])
    intent = intent_shape.new(
        book, session["amount_total"], session["currency"], customer=session["customer"]
    )
    intent |= {name: value for name, value in data.items() if value is not None}
    if save and intent["setup_future_usage"] is None:
        intent["setup_future_usage"] = "off_session"
    book.add(intent)
    book.write_note(f"session:{intent['id']}", session["id"])
    events.tell(book, "payment_intent.created", intent)
    return book.change({**session, "payment_intent": intent["id"]}), intent


def _complete(book: Book, session: Json, method: Json) -> Json:
    book.let_sleep(session["id"])
    customer = book.find(session["customer"]) or {}
    billing = method["billing_details"]
    done = {
        **session,
        "customer_details": {
            "address": billing["address"],
            "business_name": None,
            "email": customer.get("email") or session["customer_email"],
            "individual_name": None,
            "name": customer.get("name"),
            "phone": None,
            "tax_exempt": "none",
            "tax_ids": [],
        },
        "payment_status": "paid" if session["mode"] == "payment" else "no_payment_required",
        "status": "complete",
        "url": None,
    }
    events.tell(book, "checkout.session.completed", book.change(done))
    return done
