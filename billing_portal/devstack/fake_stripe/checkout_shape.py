"""What a checkout session and its lines look like, and what may be sent to make one."""

from __future__ import annotations

from billing_portal.devstack.fake_stripe import amounts
from billing_portal.devstack.fake_stripe.book import Book, Json
from billing_portal.devstack.fake_stripe.parameters import (
    LIST,
    Many,
    Spec,
    choice,
    metadata,
    text,
    whole,
)
from billing_portal.devstack.fake_stripe.refusals import Refused

FILTERS: Spec = {
    **LIST,
    "customer": text,
    "payment_intent": text,
    "status": choice("complete", "expired", "open"),
}
PRODUCT: Spec = {"name!": text, "description": text, "metadata": metadata, "images": Many(text)}
LINE: Spec = {
    "price_data!": {"currency!": text, "unit_amount!": whole, "product_data!": PRODUCT},
    "quantity": whole,
}
INTENT: Spec = {
    "capture_method": choice("automatic", "automatic_async", "manual"),
    "description": text,
    "metadata": metadata,
    "receipt_email": text,
    "setup_future_usage": choice("off_session", "on_session"),
    "statement_descriptor": text,
    "statement_descriptor_suffix": text,
}
CREATE: Spec = {
    "billing_address_collection": choice("auto", "required"),
    "cancel_url": text,
    "client_reference_id": text,
    "currency": text,
    "customer": text,
    "customer_creation": choice("always", "if_required"),
    "customer_email": text,
    "expires_at": whole,
    "line_items": Many(LINE),
    "locale": text,
    "metadata": metadata,
    "mode!": choice("payment", "setup"),
    "payment_intent_data": INTENT,
    "payment_method_types": Many(choice("card")),
    "saved_payment_method_options": {
        "allow_redisplay_filters": Many(choice("always", "limited", "unspecified")),
        "payment_method_remove": choice("disabled", "enabled"),
        "payment_method_save": choice("disabled", "enabled"),
    },
    "setup_intent_data": {"description": text, "metadata": metadata},
    "submit_type": choice("auto", "book", "donate", "pay"),
    "success_url": text,
    "ui_mode": choice("hosted_page"),
}


def blank(book: Book, mode: str, site: str) -> Json:
    """Return an open session with nothing in it."""
    identity = book.new_id("cs_test", 58)
    words = ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")
    empty = (
        "after_expiration", "allow_promotion_codes", "amount_subtotal", "amount_total",
        "billing_address_collection", "branding_settings", "cancel_url", "client_reference_id",
        "client_secret", "collected_information", "consent", "consent_collection", "currency",
        "currency_conversion", "customer", "customer_account", "customer_creation",
        "customer_details", "customer_email", "invoice", "invoice_creation", "locale",
        "origin_context", "payment_intent", "payment_link",
        "payment_method_configuration_details", "permissions", "recovered_from",
        "saved_payment_method_options", "setup_intent", "shipping_address_collection",
        "shipping_cost", "submit_type", "subscription", "success_url", "total_details",
        "wallet_options",
    )  # fmt: skip
    return {
        **dict.fromkeys(empty),
        "id": identity,
        "object": "checkout.session",
        "adaptive_pricing": {"enabled": False},
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "created": book.now(),
        "custom_fields": [],
        "custom_text": dict.fromkeys(words),
        "discounts": [],
        "livemode": False,
        "metadata": {},
        "mode": mode,
        "payment_method_collection": "always",
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": ["card"],
        "payment_status": "no_payment_required",
        "phone_number_collection": {"enabled": False},
        "shipping_options": [],
        "status": "open",
        "ui_mode": "hosted_page",
        "url": f"{site}/c/pay/{identity}",
    }


def line_item(book: Book, line: Json, place: int) -> Json:
    """Return one line of a session with its price, made for this once."""
    data, quantity = line["price_data"], line.get("quantity", 1)
    currency = amounts.currency(data["currency"])
    if data["unit_amount"] < 0 or not 0 < (quantity or 0) < 1_000_000:
        raise Refused(
            "Invalid non-negative integer",
            code="parameter_invalid_integer",
            param=f"line_items[{place}][price_data][unit_amount]",
        )
    total = data["unit_amount"] * quantity
    return {
        "id": book.new_id("li"),
        "object": "item",
        "amount_discount": 0,
        "amount_subtotal": total,
        "amount_tax": 0,
        "amount_total": total,
        "currency": currency,
        "description": data["product_data"]["name"],
        "metadata": {},
        "price": _price(book, data["unit_amount"], currency),
        "quantity": quantity,
    }


def _price(book: Book, amount: int, currency: str) -> Json:
    return {
        "id": book.new_id("price"),
        "object": "price",
        "active": False,
        "billing_scheme": "per_unit",
        "created": book.now(),
        "currency": currency,
        "custom_unit_amount": None,
        "livemode": False,
        "lookup_key": None,
        "metadata": {},
        "nickname": None,
        "product": book.new_id("prod", 14),
        "recurring": None,
        "tax_behavior": "unspecified",
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "one_time",
        "unit_amount": amount,
        "unit_amount_decimal": str(amount),
    }
