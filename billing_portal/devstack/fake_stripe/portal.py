"""Billing portal sessions and their configurations."""

from __future__ import annotations

from billing_portal.devstack.fake_stripe import customers
from billing_portal.devstack.fake_stripe.book import Book, Json
from billing_portal.devstack.fake_stripe.calls import Call, Route, page, update
from billing_portal.devstack.fake_stripe.parameters import (
    CURSORS,
    Many,
    Spec,
    choice,
    flag,
    metadata,
    text,
)
from billing_portal.devstack.fake_stripe.refusals import Refused

LIVES_SECONDS = 3600


def create_session(call: Call) -> Json:
    """Open a session for a customer and say where its page is."""
    customers.living(call, call.given["customer"], param="customer")
    if name := call.take("configuration"):
        configuration = call.book.get("billing_portal.configuration", name)
    else:
        configuration = _default(call.book)
    identity = call.book.new_id("bps")
    return call.book.add(
        {
            "id": identity,
            "object": "billing_portal.session",
            "configuration": configuration["id"],
            "created": call.book.now(),
            "customer": call.given["customer"],
            "customer_account": None,
            "flow": None,
            "livemode": False,
            "locale": call.take("locale"),
            "on_behalf_of": None,
            "return_url": call.take("return_url", configuration["default_return_url"]),
            "url": f"{call.site}/p/session/{identity}",
        }
    )


def create(call: Call) -> Json:
    """Create a configuration."""
    return call.book.add(_changed(call, _new(call.book, default=False)))


def modify(call: Call) -> Json:
    """Change a configuration."""
    changed = _changed(call, retrieve(call))
    return call.book.change({**changed, "updated": call.book.now()})


def retrieve(call: Call) -> Json:
    """Return a configuration."""
    return call.book.get("billing_portal.configuration", call.id)


def list_all(call: Call) -> Json:
    """List configurations."""
    _default(call.book)
    filters = {name: call.take(name) for name in ("active", "is_default")}
    return page(
        call, "billing_portal.configuration", url="/v1/billing_portal/configurations", **filters
    )


def _default(book: Book) -> Json:
    found = book.all("billing_portal.configuration", is_default=1)
    return found[0] if found else book.add(_new(book, default=True))


def _new(book: Book, *, default: bool) -> Json:
    return {
        "id": book.new_id("bpc"),
        "object": "billing_portal.configuration",
        "active": True,
        "application": None,
        "business_profile": {
            "headline": None,
            "privacy_policy_url": None,
            "terms_of_service_url": None,
        },
        "created": book.now(),
        "default_return_url": None,
        "features": {
            "customer_update": {"allowed_updates": ["email", "tax_id"], "enabled": default},
            "invoice_history": {"enabled": default},
            "payment_method_update": {
                "enabled": default,
                "payment_method_configuration": None,
            },
            "subscription_cancel": {
                "cancellation_reason": {"enabled": False, "options": []},
                "enabled": False,
                "mode": "at_period_end",
                "proration_behavior": "none",
            },
            "subscription_update": {
                "billing_cycle_anchor": None,
                "default_allowed_updates": [],
                "enabled": False,
                "products": None,
                "proration_behavior": "none",
                "schedule_at_period_end": {"conditions": []},
                "trial_update_behavior": "end_trial",
            },
        },
        "is_default": default,
        "livemode": False,
        "login_page": {"enabled": False, "url": None},
        "metadata": {},
        "name": None,
        "updated": book.now(),
    }


def _changed(call: Call, configuration: Json) -> Json:
    changed = update(call, configuration, "active", "default_return_url", "name")
    profile = call.take("business_profile") or {}
    changed["business_profile"] = {**configuration["business_profile"], **profile}
    features = dict(configuration["features"])
    for name, given in (call.take("features") or {}).items():
        features[name] = {**features[name], **(given or {})}
    changed["features"] = features
    if configuration["is_default"] and changed["active"] is False:
        raise Refused("The default configuration cannot be deactivated.", param="active")
    return changed


FEATURES: Spec = {
    "customer_update": {"allowed_updates": Many(text), "enabled": flag},
    "invoice_history": {"enabled!": flag},
    "payment_method_update": {"enabled!": flag},
    "subscription_cancel": {
        "enabled!": flag,
        "mode": choice("at_period_end", "immediately"),
    },
    "subscription_update": {"enabled": flag},
}
FIELDS: Spec = {
    "business_profile": dict.fromkeys(
        ("headline", "privacy_policy_url", "terms_of_service_url"), text
    ),
    "default_return_url": text,
    "features": FEATURES,
    "metadata": metadata,
    "name": text,
}
SESSION: Spec = {
    "customer!": text,
    "configuration": text,
    "locale": text,
    "return_url": text,
}
BASE = "/v1/billing_portal/configurations"
ROUTES = (
    Route("POST", "/v1/billing_portal/sessions", create_session, SESSION),
    Route("POST", BASE, create, {**FIELDS, "features!": FEATURES}),
    Route("GET", BASE, list_all, {**CURSORS, "active": flag, "is_default": flag}),
    Route("GET", BASE + "/{id}", retrieve),
    Route("POST", BASE + "/{id}", modify, {**FIELDS, "active": flag}),
)
