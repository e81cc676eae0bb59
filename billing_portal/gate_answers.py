"""What the gate says to everything that the platform may ask of an organization."""

from __future__ import annotations

import datetime as dt

from accounts.models import Organization
from plans.terms import CHANNELS
from usage.gate import decide, see
from usage.questions import Answer, Question


def gate_answers(organization: Organization, *, now: dt.datetime) -> list[tuple[str, Answer]]:
    """Decide what the platform would ask, because staff are asked why they cannot call."""
    questions = [(f"{channel} calls", {"kind": "call", "channel": channel}) for channel in CHANNELS]
    questions += [("messages", {"kind": "message"}), ("sessions", {"kind": "session"})]
    asked_for = [(words, Question(organization.external_id, **asked)) for words, asked in questions]
    # Only looked at: staff who open a page reserve no credit for a call.
    return [
        (words.capitalize(), decide(see(question, now=now), question))
        for words, question in asked_for
    ]
