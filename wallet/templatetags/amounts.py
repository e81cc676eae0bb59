"""The filters through which every amount reaches a page: credits, money, and quantities."""

from __future__ import annotations

from decimal import Decimal

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from wallet.credits import display, plain
from wallet.money import Money

register = template.Library()


@register.filter
def credits(value: Decimal, sign: str = "") -> SafeString:
    """Write credits with 2 decimals; the exact value stays with them.

    ``"signed"`` shows a plus too; ``"negated"`` turns a size into how far below zero it is.
    """
    value = -value if sign == "negated" else value
    plus = "+" if sign == "signed" and value > 0 else ""
    return format_html('<data value="{}">{}{}</data>', plain(value), plus, display(value))


@register.filter
def money(value: Money) -> SafeString:
    """Write money in its currency's way; the plain amount stays with it."""
    return format_html('<data value="{} {}">{}</data>', value, value.currency, value.display())


@register.filter
def quantity(value: Decimal) -> SafeString:
    """Write units of a meter with at most 2 decimals; the exact value stays with them."""
    shown = display(Decimal(value))
    shown = shown.rstrip("0").rstrip(".") if "." in shown else shown
    return format_html('<data value="{}">{}</data>', plain(Decimal(value)), shown)
