"""What the gate says to everything that the platform may ask of an organization."""

from __future__ import annotations

import datetime as dt

from accounts.models import Organization
from plans.terms import CHANNELS
from usage.gate import Answer, Question, ask


def gate_answers(organization: Organization, *, now: dt.datetime) -> list[tuple[str, Answer]]:
    """Ask the gate what the platform would ask, because staff are asked why they cannot call."""
    questions = [(f"{channel} calls", {"kind": "call", "channel": channel}) for channel in CHANNELS]
    questions += [("messages", {"kind": "message"}), ("sessions", {"kind": "session"})]
    return [
        (words.capitalize(), ask(Question(organization.external_id, **asked), now=now))
        for words, asked in questions
    ]
