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
def rate(value: Decimal) -> SafeString:
    """Write credits per unit with 2 decimals or as many as there are: a token costs little."""
    exact = plain(value)
    decimals = len(exact.partition(".")[2])
    shown = display(value) if decimals <= 2 else f"{Decimal(exact):,}"
    return format_html('<data value="{}">{}</data>', exact, shown)


@register.filter
def money(value: Money) -> SafeString:
    """Write money in its currency's way; the plain amount stays with it."""
    return format_html('<data value="{} {}">{}</data>', value, value.currency, value.display())


@register.filter
def quantity(value: Decimal, decimals: str = "") -> SafeString:
    """Write units of a meter with at most 2 decimals; the exact value stays with them.

    ``"fixed"`` writes both decimals always, as a column of figures wants it.
    """
    shown = display(Decimal(value))
    shown = shown if decimals == "fixed" else shown.removesuffix("0").removesuffix(".0")
    return format_html('<data value="{}">{}</data>', plain(Decimal(value)), shown)
