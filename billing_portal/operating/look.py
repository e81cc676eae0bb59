"""How the console looks: the brand's colours, its style sheet, and labels that say it in words."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from plans.standing import Badge
from usage.bell import Bell

# How much of the brand's colour is mixed with white or black, from the lightest to the darkest.
SHADES = {
    "50": (6, "white"),
    "100": (12, "white"),
    "200": (24, "white"),
    "300": (42, "white"),
    "400": (64, "white"),
    "500": (84, "white"),
    "600": (100, "white"),
    "700": (84, "black"),
    "800": (68, "black"),
    "900": (54, "black"),
    "950": (36, "black"),
}
BADGE_COLOURS = {
    Badge.TRIAL: "blue",
    Badge.TRIAL_ENDING: "amber",
    Badge.ACTIVE: "green",
    Badge.PAYMENT_ISSUE: "red",
    Badge.CANCELED: "amber",
    Badge.EXPIRED: "red",
}
BELL_COLOURS = {Bell.AMBER: "amber", Bell.RED: "red"}
BELL_SHORT = {Bell.AMBER: "Used up", Bell.RED: "Paused"}


def style_sheet(request: HttpRequest) -> str:
    """Answer the address of the console's own style sheet."""
    return static("console.css")


def logo(request: HttpRequest) -> str:
    """Answer the address of the brand's logo; without one the product's own mark."""
    return static(settings.BRAND["logo"] or "favicon.svg")


def shades(request: HttpRequest) -> dict[str, str]:
    """Answer the theme's primary colours, mixed from the brand's."""
    return {
        weight: f"color-mix(in oklab, {settings.BRAND['colour']} {part}%, {other})"
        for weight, (part, other) in SHADES.items()
    }


def label(words: str, colour: str = "grey") -> SafeString:
    """Answer a small coloured label; the words alone say it all."""
    return format_html('<span class="op-label op-{}">{}</span>', colour, words)


def badge_label(badge: Badge) -> SafeString:
    """Answer the label of a badge."""
    return label(badge.label, BADGE_COLOURS.get(badge, "grey"))


def bell_label(bell: Bell) -> SafeString | str:
    """Answer the label of a bell that rings; nothing for one that does not."""
    if bell == Bell.NONE:
        return ""
    return format_html(
        '<span class="op-label op-{}" title="{}"><span aria-hidden="true">●</span> {}</span>',
        BELL_COLOURS[bell],
        bell.words,
        BELL_SHORT[bell],
    )


def day(value: dt.date | None) -> str:
    """Write a day as 3 Mar 2026."""
    return f"{value:%-d %b %Y}" if value else ""


def days(count: int) -> str:
    """Write a number of days."""
    return f"{count} day" if count == 1 else f"{count} days"
