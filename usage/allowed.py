"""What a plan lets calls be: on which channels, how long, with which voices; and what lifts it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from plans.models import Plan
from plans.terms import CALL_MINUTES, CHANNELS, DEFAULT_TIER, PHONE_CHANNELS, Terms
from usage.gate import RESOURCE, RULES

REMEDIES = {rule.code: rule.remedy for rule in (RESOURCE, *reversed(RULES))}


@dataclass(frozen=True, slots=True)
class Allowed:
    """One channel or voice tier: whether the plan includes it, and what to do where not."""

    name: str
    included: bool
    remedy: str = ""
    longest_seconds: int | None = None

    @property
    def longest(self) -> str:
        """How long a call may last, in words."""
        if self.longest_seconds is None:
            return "No cap"
        minutes, seconds = divmod(self.longest_seconds, 60)
        parts = [f"{minutes} min"] if minutes else []
        return " ".join([*parts, *([f"{seconds} s"] if seconds else [])])


def channels(terms: Terms, *, has_number: bool) -> list[Allowed]:
    """Answer every channel: included or not, how long a call may last, and what is missing.

    A plan that sells no calls has none to speak of.
    """
    found: list[Allowed] = []
    if not terms.knows(CALL_MINUTES):
        return found
    for channel in CHANNELS:
        included, remedy = channel in terms.channels, ""
        if not included:
            remedy = REMEDIES["channel_not_in_plan"]
        elif channel in PHONE_CHANNELS and not has_number:
            remedy = REMEDIES["no_phone_number"]
        longest = terms.max_seconds(channel) if included else None
        found.append(Allowed(channel, included, remedy, longest))
    return found


def voice_tiers(terms: Terms, offered: Iterable[Plan]) -> list[Allowed]:
    """Answer the voice tiers of the plan, and those that only other plans on offer include.

    A plan that names no tiers includes every one.
    """
    named = list(terms.voice_tiers)
    others = [plan.version.terms for plan in offered if plan.version]
    known = dict.fromkeys([*named, *(tier for other in others for tier in other.voice_tiers)])
    if not known:
        return [Allowed(DEFAULT_TIER, included=True)]
    return [
        Allowed(tier, True)
        if not named or tier in named
        else Allowed(tier, False, REMEDIES["voice_tier_not_in_plan"])
        for tier in known
    ]
