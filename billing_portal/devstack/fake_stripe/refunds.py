"""Refunds: money goes back, whole or in part, never more than was paid."""

from __future__ import annotations

from billing_portal.devstack.fake_stripe import balance, charges, events
from billing_portal.devstack.fake_stripe.book import Book, Json
from billing_portal.devstack.fake_stripe.calls import Call, Route, page, update
from billing_portal.devstack.fake_stripe.parameters import (
    LIST,
    Spec,
    choice,
    metadata,
    text,
    whole,
)
from billing_portal.devstack.fake_stripe.refusals import NotNow, Refused

FAILS_AFTER_SECONDS = 5


def create(call: Call) -> Json:
    """Give back what was asked for, or all that is left."""
    charge = _charge(call)
    left = charge["amount_captured"] - _given_back(call.book, charge)
    if not charge["captured"] or charge["status"] != "succeeded":
        raise NotNow(f"Charge {charge['id']} has not been captured; there is nothing to refund.")
    if charge["disputed"] and _lost_or_open(call.book, charge):
        raise NotNow(
            f"Charge {charge['id']} has been charged back; cannot issue a refund.",
            code="charge_disputed",
        )
    if left <= 0:
        raise NotNow(
            f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded"
        )
    amount = call.take("amount", left)
    if amount < 1:
        raise Refused("Invalid positive integer", param="amount")
    if amount > left:
        raise NotNow(
            f"Refund amount ({_plain(amount)}) is greater than unrefunded amount on charge "
            f"({_plain(left)})",
            param="amount",
        )
    refund = call.book.add(update(call, _new(call.book, charge, amount, call.take("reason"))))
    _count(call.book, charge, kind="charge.refunded")
    events.tell(call.book, "refund.created", refund)
    if charges.answer(call.book, charge) == "refund_fails":
        at = call.book.now() + FAILS_AFTER_SECONDS
        call.book.wake_at(refund["id"], "refund", at)
    return refund


def fail(book: Book, identity: str) -> None:
    """The bank sends the refund back."""
    refund = book.get("refund", identity)
    back = balance.move(
        book, refund["amount"], refund["currency"], "payment_failure_refund", identity
    )
    failed = {
        **refund,
        "failure_balance_transaction": back["id"],
        "failure_reason": "expired_or_canceled_card",
        "status": "failed",
    }
    events.save(book, failed, before=refund, kind="refund.failed")
    events.tell(book, "refund.updated", failed, before=refund)
    _count(book, book.get("charge", refund["charge"]), kind="charge.updated")


def of_hold(book: Book, charge: Json, *, expired: bool) -> None:
    """Write the refund of a hold that never moved money."""
    reason = "expired_uncaptured_charge" if expired else None
    refund = _new(book, charge, charge["amount"], reason, moves=False)
    events.tell(book, "refund.created", book.add(refund))


def retrieve(call: Call) -> Json:
    """Return a refund."""
    return call.book.get("refund", call.id)


def modify(call: Call) -> Json:
    """Change a refund's metadata."""
    refund = retrieve(call)
    return events.save(call.book, update(call, refund), before=refund)


def list_all(call: Call) -> Json:
    """List refunds."""
    filters = {name: call.take(name) for name in ("charge", "payment_intent")}
    return page(call, "refund", url="/v1/refunds", **filters)


def _charge(call: Call) -> Json:
    if identity := call.take("charge"):
        return call.book.get("charge", identity, param="charge")
    if not call.take("payment_intent"):
        raise Refused(
            "One of the following params should be provided for this request: payment_intent or "
            "charge.",
            code="parameter_missing",
        )
    name = call.given["payment_intent"]
    intent = call.book.get("payment_intent", name, param="payment_intent")
    charge = call.book.find(intent["latest_charge"], "charge")
    if charge is None:
        raise NotNow(
            f"This PaymentIntent ({name}) does not have a successful charge to refund.",
            param="payment_intent",
        )
    return charge


def _new(book: Book, charge: Json, amount: int, reason: str | None, *, moves: bool = True) -> Json:
    identity = book.new_id("re")
    moved = balance.move(book, -amount, charge["currency"], "refund", identity) if moves else None
    return {
        "id": identity,
        "object": "refund",
        "amount": amount,
        "balance_transaction": moved["id"] if moved else None,
        "charge": charge["id"],
        "created": book.now(),
        "currency": charge["currency"],
        "customer": charge["customer"],
        "customer_account": None,
        "destination_details": {
            "card": {
                "reference_status": "pending",
                "reference_type": "acquirer_reference_number",
                "type": "refund",
            },
            "type": "card",
        },
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "reason": reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }


def _given_back(book: Book, charge: Json) -> int:
    refunds = book.all("refund", charge=charge["id"])
    return sum(one["amount"] for one in refunds if one["status"] not in ("failed", "canceled"))


def _count(book: Book, charge: Json, *, kind: str) -> None:
    """Write on the charge how much of it has gone back."""
    back = charge["amount"] - charge["amount_captured"] + _given_back(book, charge)
    counted = {**charge, "amount_refunded": back, "refunded": back >= charge["amount"]}
    events.save(book, counted, before=charge, kind=kind)


def _lost_or_open(book: Book, charge: Json) -> bool:
    return any(one["status"] != "won" for one in book.all("dispute", charge=charge["id"]))


def _plain(amount: int) -> str:
    return f"{amount / 100:.2f}"


CREATE: Spec = {
    "amount": whole,
    "charge": text,
    "metadata": metadata,
    "payment_intent": text,
    "reason": choice("duplicate", "fraudulent", "requested_by_customer"),
}
ROUTES = (
    Route("POST", "/v1/refunds", create, CREATE),
    Route("GET", "/v1/refunds", list_all, {**LIST, "charge": text, "payment_intent": text}),
    Route("GET", "/v1/refunds/{id}", retrieve),
    Route("POST", "/v1/refunds/{id}", modify, {"metadata": metadata}),
)
