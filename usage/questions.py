"""What the platform asks before work starts: one question, checked, and its answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from accounts.refusals import Invalid
from plans.resources import KNOWN as RESOURCES
from plans.terms import CALL_MINUTES, CHANNELS, MESSAGES, SESSIONS
from usage.bell import Bell

KINDS = ("call", "session", "message", "resource", "campaign_batch")
METERS = {
    "call": CALL_MINUTES,
    "campaign_batch": CALL_MINUTES,
    "message": MESSAGES,
    "session": SESSIONS,
}
LONGEST_TEXT = 200


@dataclass(frozen=True, slots=True)
class Question:
    """What wants to start: its kind, and what the kind needs."""

    organization: str
    kind: str = "message"
    channel: str | None = None
    voice_tier: str | None = None
    agent: str | None = None
    resource: str | None = None
    batch: str | None = None
    call: str | None = None

    @property
    def is_call(self) -> bool:
        return self.kind in ("call", "campaign_batch")


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether it may start; where not, why, and what lifts it."""

    allowed: bool
    bell: Bell
    code: str | None = None
    message: str | None = None
    remedy: str | None = None
    max_seconds: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Write the answer of ``POST /gate/``."""
        return {
            "allowed": self.allowed,
            "code": self.code,
            "message": self.message,
            "remedy": self.remedy,
            "max_seconds": self.max_seconds,
            "bell": self.bell.value,
        }


def check(question: Question) -> None:
    """Refuse a question that has no answer.

    :raises Invalid: naming the field.
    """
    if question.kind not in KINDS:
        raise Invalid(f"A kind is one of {', '.join(KINDS)}.", field="kind")
    if question.is_call and question.channel not in CHANNELS:
        raise Invalid(f"A channel is one of {', '.join(CHANNELS)}.", field="channel")
    if question.batch is not None and not question.is_call:
        raise Invalid("Only calls come in batches.", field="batch")
    if question.call is not None and question.kind != "call":
        raise Invalid("Only a call has the id of a call.", field="call")
    if question.kind == "resource" and question.resource not in RESOURCES:
        raise Invalid(f"A resource is one of {', '.join(RESOURCES)}.", field="resource")
    for name in ("organization", "agent", "batch", "voice_tier", "call"):
        value = getattr(question, name)
        if value is not None and not 0 < len(value) <= LONGEST_TEXT:
            raise Invalid(f"{name} is a text of 1 to {LONGEST_TEXT} characters.", field=name)
