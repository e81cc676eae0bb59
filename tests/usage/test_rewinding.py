"""What the gate saw at a past instant is rebuilt from the books, and they say what they lost."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from tests.usage.stories import Story, seen
from usage.gate import decide
from usage.rewinding import look_back

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("seed", range(12))
def test_at_every_instant_of_a_story_the_rebuilt_answer_is_what_the_gate_said(seed: int) -> None:
    story = Story(seed)
    story.live(40)

    wrong = []
    for at, question, situation, answer in story.remembered:
        then = look_back(story.acme, question, at=at).situation
        if seen(then) != situation or decide(then, question) != answer:
            wrong.append((at, question, seen(then), situation))

    assert len(story.remembered) > 100
    for at, q, a, b in wrong[:6]:
        print(at, q.kind, q.agent, {f: (getattr(a, f), getattr(b, f)) for f in a.__dataclass_fields__ if getattr(a, f) != getattr(b, f)})
    assert wrong == []
