"""A card is asked: it pays, holds, declines, wants its owner, or pays and hangs up."""

from __future__ import annotations

from typing import Any

from billing_portal.devstack.fake_stripe import cards, charges, disputes, events, payment_methods
from billing_portal.devstack.fake_stripe.book import Book, Json
from billing_portal.devstack.fake_stripe.cards import Decline
from billing_portal.devstack.fake_stripe.refusals import CardDeclined, NotNow, doc_url

CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")


def unexpected(intent: Json, words: str) -> NotNow:
    """Return the refusal of what the intent's state forbids."""
    return NotNow(words, code="payment_intent_unexpected_state", payment_intent=intent)


def pay(
    book: Book,
    intent: Json,
    method: Json,
    *,
    site: str,
    off_session: bool = False,
    authenticated: bool = False,
    return_url: str | None = None,
) -> Json:
    """Ask the card, and return the intent as it is afterwards.

    :raises CardDeclined: the issuer said no; the failed attempt stays written.
    """
    payment_methods.refuse_used(book, method)
    hold = intent["capture_method"] == "manual"
    answer = cards.answer_of(book, method["id"])
    asked = answer == "needs_action" and not hold and not authenticated
    intent = {**intent, "payment_method": method["id"], "next_action": None}
    if asked and not off_session:
        return _want_owner(book, intent, site=site, return_url=return_url)
    if asked or (answer in cards.DECLINES and answer != "needs_action"):
        raise fail(book, intent, method, cards.DECLINES[answer], site=site)
    charge = charges.attempt(book, intent, method, hold=hold, decline=None, site=site)
    _keep_or_use_up(book, intent, method)
    if answer == "lost_answer" and not hold:
        # Nobody hears of it: no answer, and no event is sent.
        book.moment.silent = book.moment.lost = True
    intent = _hold(book, intent, charge) if hold else succeed(book, intent, charge)
    if answer == "dispute" and not hold:
        disputes.open_dispute(book, charge)
    return intent


def succeed(book: Book, intent: Json, charge: Json) -> Json:
    """Write that the money has moved."""
    book.let_sleep(intent["id"])
    paid = book.change(
        {
            **intent,
            "amount_capturable": 0,
            "amount_received": charge["amount_captured"],
            "last_payment_error": None,
            "latest_charge": charge["id"],
            "status": "succeeded",
        }
    )
    events.tell(book, "payment_intent.succeeded", paid)
    return paid


def fail(book: Book, intent: Json, method: Json, decline: Decline, *, site: str) -> CardDeclined:
    """Write a failed attempt and return how the card said no."""
    hold = intent["capture_method"] == "manual"
    charge = charges.attempt(book, intent, method, hold=hold, decline=decline, site=site)
    error = _error(decline, method, charge["id"])
    failed = book.change(
        {
            **intent,
            "last_payment_error": error,
            "latest_charge": charge["id"],
            "next_action": None,
            "payment_method": None,
            "status": "requires_payment_method",
        }
    )
    events.tell(book, "payment_intent.payment_failed", failed)
    return declined(error, payment_intent=failed)


def fail_authentication(book: Book, intent: Json) -> Json:
    """Write that the owner did not pass 3-D Secure; no charge was tried."""
    words = (
        "We are unable to authenticate your payment method. Please choose a different payment "
        "method and try again."
    )
    method = book.get("payment_method", intent["payment_method"])
    code = "payment_intent_authentication_failure"
    error = {"code": code, "doc_url": doc_url(code), "message": words, "payment_method": method}
    failed = book.change(
        {
            **intent,
            "last_payment_error": {**error, "type": "invalid_request_error"},
            "next_action": None,
            "payment_method": None,
            "status": "requires_payment_method",
        }
    )
    events.tell(book, "payment_intent.payment_failed", failed)
    return failed


def declined(error: Json, **objects: Any) -> CardDeclined:
    """Return the refusal that carries the same error as the object."""
    fields = {name: value for name, value in error.items() if name not in ("type", "message")}
    code = fields.pop("code")
    fields.pop("doc_url")
    return CardDeclined(error["message"], code=code, **fields, **objects)


def _error(decline: Decline, method: Json, charge: str) -> Json:
    return {
        "advice_code": decline.advice,
        "charge": charge,
        "code": decline.code,
        "decline_code": decline.decline_code,
        "doc_url": doc_url(decline.code),
        "message": decline.message,
        "payment_method": method,
        "type": "card_error",
    }


def _hold(book: Book, intent: Json, charge: Json) -> Json:
    held = book.change(
        {
            **intent,
            "amount_capturable": intent["amount"],
            "last_payment_error": None,
            "latest_charge": charge["id"],
            "status": "requires_capture",
        }
    )
    book.wake_at(intent["id"], "hold", book.now() + charges.HOLD_SECONDS)
    events.tell(book, "payment_intent.amount_capturable_updated", held)
    return held


def _want_owner(book: Book, intent: Json, *, site: str, return_url: str | None) -> Json:
    page = f"{site}/three_d_secure/{intent['id']}"
    action: Json = {"type": "use_stripe_sdk", "use_stripe_sdk": {"stripe_js": page}}
    if return_url:
        action = {
            "type": "redirect_to_url",
            "redirect_to_url": {"return_url": return_url, "url": page},
        }
    waiting = book.change({**intent, "next_action": action, "status": "requires_action"})
    events.tell(book, "payment_intent.requires_action", waiting)
    return waiting


def _keep_or_use_up(book: Book, intent: Json, method: Json) -> None:
    """Save the card where that was asked for; a card of nobody works once."""
    if method["customer"] is not None:
        return
    if intent["customer"] and intent["setup_future_usage"]:
        payment_methods.give(book, method, intent["customer"])
    else:
        book.write_note(f"used:{method['id']}", "paid")
