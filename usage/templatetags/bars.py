"""The bar that shows how much of a limit is used: amber from 80 %, red when nothing is left."""

from __future__ import annotations

from decimal import Decimal

from django import template

from accounts.templatetags.wording import words
from usage.allowed import REMEDIES

register = template.Library()

AMBER_PERCENT, RED_PERCENT = 80, 100
ALARMS = {"amber": "Almost used up", "red": "Used up"}
# An allowance that is used up stops nothing by itself.
AFTER = REMEDIES | {"allowance": "What goes beyond it is charged in credits."}


@register.inclusion_tag("usage/_bar.html")
def bar(
    label: str, used: Decimal | int, limit: Decimal | int | None, code: str = ""
) -> dict[str, object]:
    """Answer what one bar shows; without a limit there is a number and no bar.

    The label is words already, or the code of a meter or resource. ``code`` is the gate's refusal
    once all is used: its remedy is told then.
    """
    level = level_of(used, limit)
    after = f". {AFTER[code]}" if code and level == "red" else ""
    return {
        "label": words(label),
        "used": Decimal(used),
        "limit": None if limit is None else Decimal(limit),
        "width": width_of(used, limit),
        "level": level,
        "words": "Not included in this plan" if limit == 0 else ALARMS.get(level, "") + after,
    }


def level_of(used: Decimal | int, limit: Decimal | int | None) -> str:
    """Answer ``amber`` from 80 % of the limit, ``red`` from all of it, else nothing.

    What a plan does not include is no alarm as long as none is used.
    """
    if limit is None or (not limit and not used):
        return ""
    if used * 100 >= limit * RED_PERCENT:
        return "red"
    return "amber" if used * 100 >= limit * AMBER_PERCENT else ""


def width_of(used: Decimal | int, limit: Decimal | int | None) -> str:
    """Answer the bar's length in percent, with one decimal."""
    if not limit:
        return "100.0" if used and limit is not None else "0.0"
    return f"{min(Decimal(100), Decimal(used) * 100 / Decimal(limit)):.1f}"
