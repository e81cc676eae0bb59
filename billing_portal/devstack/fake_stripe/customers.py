"""Customers and their tax ids."""

from __future__ import annotations

from billing_portal.devstack.fake_stripe import events
from billing_portal.devstack.fake_stripe.book import Json
from billing_portal.devstack.fake_stripe.calls import Call, Route, page, update
from billing_portal.devstack.fake_stripe.parameters import (
    CURSORS,
    LIST,
    Many,
    choice,
    metadata,
    text,
)
from billing_portal.devstack.fake_stripe.refusals import Refused

ADDRESS = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"), text)
FIELDS = {
    "address": ADDRESS,
    "business_name": text,
    "description": text,
    "email": text,
    "individual_name": text,
    "metadata": metadata,
    "name": text,
    "phone": text,
    "preferred_locales": Many(text),
    "tax_exempt": choice("exempt", "none", "reverse"),
    "invoice_settings": {"default_payment_method": text, "footer": text},
}
PLAIN = (
    "business_name",
    "description",
    "email",
    "individual_name",
    "name",
    "phone",
    "preferred_locales",
    "tax_exempt",
)
TAX_ID = {"type!": text, "value!": text}


def create(call: Call) -> Json:
    """Create a customer."""
    customer: Json = {
        "id": call.book.new_id("cus", 14),
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": call.book.now(),
        "currency": None,
        "customer_account": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": None,
        "invoice_prefix": call.book.new_id("x", 8)[2:].upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": {},
        "name": None,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }
    customer = call.book.add(_changed(call, customer))
    events.tell(call.book, "customer.created", customer)
    for given in call.take("tax_id_data", []):
        add_tax_id(Call(call.book, given, {"id": str(customer["id"])}))
    return customer


def retrieve(call: Call) -> Json:
    """Return a customer; a deleted one says that it is."""
    return call.book.get("customer", call.id)


def modify(call: Call) -> Json:
    """Change a customer."""
    customer = living(call, call.id)
    return events.save(call.book, _changed(call, customer), before=customer)


def delete(call: Call) -> Json:
    """Delete a customer; its cards are detached."""
    customer = living(call, call.id)
    for method in call.book.all("payment_method", customer=call.id):
        gone = call.book.change({**method, "customer": None})
        events.tell(call.book, "payment_method.detached", gone)
    call.book.change({"id": call.id, "object": "customer", "deleted": True})
    events.tell(call.book, "customer.deleted", customer)
    return {"id": call.id, "object": "customer", "deleted": True}


def list_all(call: Call) -> Json:
    """List customers."""
    return page(call, "customer", url="/v1/customers", email=call.take("email"))


def living(call: Call, identity: str, *, param: str = "id") -> Json:
    """Return a customer that is not deleted."""
    customer = call.book.get("customer", identity, param=param)
    if customer.get("deleted"):
        raise Refused(f"No such customer: '{identity}'", code="resource_missing", param=param)
    return customer


def _changed(call: Call, customer: Json) -> Json:
    changed = update(call, customer, *PLAIN)
    if "address" in call.given:
        new = call.given["address"]
        empty = dict.fromkeys(ADDRESS)
        changed["address"] = new and {**empty, **(customer["address"] or {}), **new}
    settings = call.take("invoice_settings") or {}
    if method := settings.get("default_payment_method"):
        found = call.book.get(
            "payment_method", method, param="invoice_settings[default_payment_method]"
        )
        if found["customer"] != customer["id"]:
            raise Refused(
                f"The customer does not have a payment method with the ID {method}. The payment "
                "method must be attached to the customer.",
                code="resource_missing",
                param="invoice_settings[default_payment_method]",
            )
    changed["invoice_settings"] = {**customer["invoice_settings"], **settings}
    return changed


def add_tax_id(call: Call) -> Json:
    """Add a tax id."""
    living(call, call.id)
    value = call.given["value"]
    tax_id = {
        "id": call.book.new_id("txi"),
        "object": "tax_id",
        "country": value[:2].upper() if value[:2].isalpha() else None,
        "created": call.book.now(),
        "customer": call.id,
        "customer_account": None,
        "livemode": False,
        "owner": {"type": "customer", "customer": call.id},
        "type": call.given["type"],
        "value": value,
        "verification": {"status": "pending", "verified_address": None, "verified_name": None},
    }
    call.book.add(tax_id)
    events.tell(call.book, "customer.tax_id.created", tax_id)
    return tax_id


def list_tax_ids(call: Call) -> Json:
    """List a customer's tax ids."""
    return page(call, "tax_id", url=f"/v1/customers/{call.id}/tax_ids", customer=call.id)


def retrieve_tax_id(call: Call) -> Json:
    """Return a tax id."""
    return call.book.get("tax_id", call.names["tax_id"])


def delete_tax_id(call: Call) -> Json:
    """Remove a tax id."""
    tax_id = retrieve_tax_id(call)
    call.book.remove(tax_id["id"])
    events.tell(call.book, "customer.tax_id.deleted", tax_id)
    return {"id": tax_id["id"], "object": "tax_id", "deleted": True}


CREATE = {
    **FIELDS,
    "tax_id_data": Many(TAX_ID),
}
ROUTES = (
    Route("POST", "/v1/customers", create, CREATE),
    Route("GET", "/v1/customers", list_all, {**LIST, "email": text}),
    Route("GET", "/v1/customers/{id}", retrieve),
    Route("POST", "/v1/customers/{id}", modify, FIELDS),
    Route("DELETE", "/v1/customers/{id}", delete),
    Route("POST", "/v1/customers/{id}/tax_ids", add_tax_id, TAX_ID),
    Route("GET", "/v1/customers/{id}/tax_ids", list_tax_ids, CURSORS),
    Route("GET", "/v1/customers/{id}/tax_ids/{tax_id}", retrieve_tax_id),
    Route("DELETE", "/v1/customers/{id}/tax_ids/{tax_id}", delete_tax_id),
)
