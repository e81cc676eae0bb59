"""Charges: what a payment intent's attempts leave behind."""

from __future__ import annotations

from billing_portal.devstack.fake_stripe import balance, cards, events
from billing_portal.devstack.fake_stripe.book import Book, Json
from billing_portal.devstack.fake_stripe.calls import Call, Route, page, update
from billing_portal.devstack.fake_stripe.cards import Decline
from billing_portal.devstack.fake_stripe.parameters import LIST, metadata, text

HOLD_SECONDS = 7 * 86_400
EMPTY = (
    "application", "application_fee", "application_fee_amount", "balance_transaction",
    "failure_balance_transaction", "on_behalf_of", "receipt_number", "review", "shipping",
    "source_transfer", "transfer_data", "transfer_group",
)  # fmt: skip
NETWORK_CODES = {"insufficient_funds": "51", "expired_card": "54", "authentication_required": "65"}


def attempt(
    book: Book, intent: Json, method: Json, *, hold: bool, decline: Decline | None, site: str
) -> Json:
    """Write the charge of one attempt: paid, held or failed."""
    identity, amount = book.new_id("ch"), intent["amount"]
    moved = 0 if hold or decline else amount
    charge: Json = {
        **dict.fromkeys(EMPTY),
        "id": identity,
        "object": "charge",
        "amount": amount,
        "amount_captured": moved,
        "amount_refunded": 0,
        "billing_details": method["billing_details"],
        "calculated_statement_descriptor": "FAKE STRIPE",
        "captured": bool(moved),
        "created": book.now(),
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_code": decline.code if decline else None,
        "failure_message": decline.message if decline else None,
        "fraud_details": {},
        "livemode": False,
        "metadata": intent["metadata"],
        "outcome": _outcome(decline),
        "paid": decline is None,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": _method_details(book, intent, method, hold=hold),
        "receipt_email": intent["receipt_email"],
        "receipt_url": None if decline else f"{site}/receipts/{identity}",
        "refunded": False,
        "statement_descriptor": intent["statement_descriptor"],
        "statement_descriptor_suffix": intent["statement_descriptor_suffix"],
        "status": "failed" if decline else "succeeded",
    }
    if moved:
        charge["balance_transaction"] = _credit(book, identity, moved, intent["currency"])
    book.add(charge)
    events.tell(book, "charge.failed" if decline else "charge.succeeded", charge)
    return charge


def capture(book: Book, charge: Json, amount: int) -> Json:
    """Turn a hold into money; what is not captured is given back."""
    changed = {
        **charge,
        "amount_captured": amount,
        "amount_refunded": charge["amount"] - amount,
        "captured": True,
        "balance_transaction": _credit(book, charge["id"], amount, charge["currency"]),
    }
    return events.save(book, changed, before=charge, kind="charge.captured")


def release(book: Book, charge: Json, *, expired: bool) -> Json:
    """Give a hold back that never moved money."""
    changed = {**charge, "amount_refunded": charge["amount"], "refunded": True}
    kind = "charge.expired" if expired else "charge.refunded"
    return events.save(book, changed, before=charge, kind=kind)


def _credit(book: Book, charge: str, amount: int, currency: str) -> str:
    fee = balance.charge_fee(amount)
    moved = balance.move(book, amount, currency, "charge", charge, fee=fee)
    return str(moved["id"])


def _outcome(decline: Decline | None) -> Json:
    return {
        "advice_code": decline.advice if decline else None,
        "network_advice_code": None,
        "network_decline_code": NETWORK_CODES.get(decline.decline_code, "05") if decline else None,
        "network_status": "declined_by_network" if decline else "approved_by_network",
        "reason": decline.decline_code if decline else None,
        "risk_level": "normal",
        "risk_score": 11,
        "seller_message": "The bank did not approve it." if decline else "Payment complete.",
        "type": "issuer_declined" if decline else "authorized",
    }


def _method_details(book: Book, intent: Json, method: Json, *, hold: bool) -> Json:
    card = method["card"]
    copied = ("brand", "checks", "country", "exp_month", "exp_year", "fingerprint", "funding")
    details = {name: card[name] for name in copied}
    details |= {
        "amount_authorized": intent["amount"],
        "authorization_code": "123456",
        "extended_authorization": {"status": "disabled"},
        "incremental_authorization": {"status": "unavailable"},
        "installments": None,
        "last4": card["last4"],
        "mandate": None,
        "multicapture": {"status": "unavailable"},
        "network": card["brand"],
        "network_token": {"used": False},
        "network_transaction_id": None,
        "overcapture": {
            "maximum_amount_capturable": intent["amount"],
            "status": "unavailable",
        },
        "regulated_status": "unregulated",
        "three_d_secure": None,
        "wallet": None,
    }
    if hold:
        details["capture_before"] = book.now() + HOLD_SECONDS
    return {"card": details, "type": "card"}


def answer(book: Book, charge: Json) -> str:
    """Return what the charge's card answers now."""
    return cards.answer_of(book, charge["payment_method"])


def retrieve(call: Call) -> Json:
    """Return a charge."""
    return call.book.get("charge", call.id, param="charge")


def modify(call: Call) -> Json:
    """Change a charge's description or metadata."""
    charge = retrieve(call)
    return events.save(
        call.book, update(call, charge, "description", "receipt_email"), before=charge
    )


def list_all(call: Call) -> Json:
    """List charges."""
    filters = {name: call.take(name) for name in ("customer", "payment_intent")}
    return page(call, "charge", url="/v1/charges", **filters)


ROUTES = (
    Route("GET", "/v1/charges", list_all, {**LIST, "customer": text, "payment_intent": text}),
    Route("GET", "/v1/charges/{id}", retrieve),
    Route(
        "POST",
        "/v1/charges/{id}",
        modify,
        {"description": text, "receipt_email": text, "metadata": metadata},
    ),
)
