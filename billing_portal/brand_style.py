"""The brand's colour as a style sheet, since a strict policy allows no style within a page."""

from __future__ import annotations

import re
from functools import cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

FALLBACK = "#1d4ed8"
PAPER, NIGHT = (246, 247, 249), (27, 31, 39)
WHITE, BLACK = (255, 255, 255), (0, 0, 0)
ENOUGH_CONTRAST = 4.6
STEPS = 50

Colour = tuple[int, int, int]


@require_safe
@cache_control(public=True, max_age=3600)
def brand_style(request: HttpRequest) -> HttpResponse:
    """Answer the brand's colours as custom properties, by day and by night."""
    return HttpResponse(style_of(settings.BRAND["colour"]), content_type="text/css")


@cache
def style_of(colour: str) -> str:
    """Write the custom properties of a colour; each text keeps enough contrast to be read.

    What is no colour like ``#1d4ed8`` is replaced, for it could close the rule and open another.
    """
    brand = read(colour)
    return (
        f":root{{{_properties(brand, readable(brand, on=PAPER, towards=BLACK))}}}\n"
        "@media (prefers-color-scheme:dark){"
        f":root{{{_properties(brand, readable(brand, on=NIGHT, towards=WHITE))}}}}}\n"
    )


def read(colour: str) -> Colour:
    """Read a colour of six hexadecimal digits."""
    digits = (colour if re.fullmatch("#[0-9a-fA-F]{6}", colour) else FALLBACK)[1:]
    return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)


def readable(colour: Colour, *, on: Colour, towards: Colour) -> Colour:
    """Mix a colour with another, just so far that it can be read on a ground."""
    mixes = (
        tuple(round(a + (b - a) * step / STEPS) for a, b in zip(colour, towards, strict=True))
        for step in range(STEPS + 1)
    )
    return next(
        (
            (red, green, blue)
            for red, green, blue in mixes
            if contrast((red, green, blue), on) >= ENOUGH_CONTRAST
        ),
        towards,
    )


def contrast(one: Colour, other: Colour) -> float:
    """Answer the ratio that WCAG 2 defines, from 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Colour) -> float:
    parts = [part / 255 for part in colour]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _properties(brand: Colour, text: Colour) -> str:
    on_brand = max((WHITE, BLACK), key=lambda ink: contrast(ink, brand))
    named = {"brand": brand, "on-brand": on_brand, "brand-text": text}
    return "".join(f"--{name}:#{r:02x}{g:02x}{b:02x};" for name, (r, g, b) in named.items())
