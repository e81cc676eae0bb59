"""`expand[]`: put objects where their ids are."""

from __future__ import annotations

from typing import Any

from billing_portal.devstack.fake_stripe.book import Book, Json
from billing_portal.devstack.fake_stripe.calls import listing
from billing_portal.devstack.fake_stripe.checkout import items_of
from billing_portal.devstack.fake_stripe.refusals import Refused

_OF_CHARGE = {"balance_transaction", "customer", "payment_intent", "failure_balance_transaction"}
EXPANDABLE = {
    # What a part of an object holds, which has no kind of its own.
    "": {"default_payment_method"},
    "balance_transaction": {"source"},
    "billing_portal.session": {"configuration"},
    "charge": _OF_CHARGE | {"application", "application_fee", "on_behalf_of", "review"},
    "checkout.session": {"customer", "payment_intent", "setup_intent", "invoice", "subscription"},
    "customer": {"default_source", "test_clock"},
    "dispute": {"charge", "payment_intent"},
    "payment_intent": {
        "application", "customer", "latest_charge", "on_behalf_of", "payment_method", "review",
    },
    "payment_method": {"customer"},
    "refund": {
        "balance_transaction", "charge", "customer", "failure_balance_transaction",
        "payment_intent", "payment_method",
    },
    "setup_intent": {"application", "customer", "latest_attempt", "mandate", "payment_method"},
    "tax_id": {"customer"},
}  # fmt: skip
DEEPEST = 4


def expand(book: Book, thing: Json, paths: list[str]) -> Json:
    """Return the object with these paths expanded.

    :raises Refused: a path leads to nothing that can be expanded, or too deep.
    """
    for path in paths:
        parts = path.split(".")
        if len(parts) - (parts[0] == "data") > DEEPEST:
            raise Refused(f"You cannot expand more than {DEEPEST} levels: {path}", param="expand")
        thing = _expand(book, thing, parts, path)
    return thing


def _expand(book: Book, thing: Json, parts: list[str], path: str) -> Json:
    first, *rest = parts
    if thing.get("object") == "list":
        if first != "data":
            raise _cannot(path)
        return {**thing, "data": [_expand(book, one, rest, path) for one in thing["data"]]}
    value = _value(book, thing, first, path)
    if rest and isinstance(value, dict):
        value = _expand(book, value, rest, path)
    return {**thing, first: value}


def _value(book: Book, thing: Json, name: str, path: str) -> Any:
    kind, value = thing.get("object", ""), thing.get(name)
    if (kind, name) == ("checkout.session", "line_items"):
        url = f"/v1/checkout/sessions/{thing['id']}/line_items"
        return listing(items_of(book, thing["id"]), url=url)
    if (kind, name) == ("charge", "refunds"):
        url = f"/v1/charges/{thing['id']}/refunds"
        return listing(book.all("refund", charge=thing["id"]), url=url)
    if (kind, name) == ("customer", "tax_ids"):
        url = f"/v1/customers/{thing['id']}/tax_ids"
        return listing(book.all("tax_id", customer=thing["id"]), url=url)
    if isinstance(value, dict):
        # A part of the object, inside which something may be expanded; or expanded already.
        return value if value.get("object") or _holds(kind, name) else _refuse(path)
    if name not in EXPANDABLE.get(kind, set()):
        raise _cannot(path)
    return book.find(value) or value


def _holds(kind: str, name: str) -> bool:
    return (kind, name) == ("customer", "invoice_settings")


def _refuse(path: str) -> Any:
    raise _cannot(path)


def _cannot(path: str) -> Refused:
    return Refused(f"This property cannot be expanded ({path}).", param="expand[0]")
