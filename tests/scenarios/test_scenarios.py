"""The project's own stories: each is documentation that staff can read, and true."""

from __future__ import annotations

from pathlib import Path

import pytest

from billing_portal.scenarios.running import run_file

STORIES = sorted(Path(__file__).parent.glob("*.yaml"))


@pytest.mark.django_db
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.stem)
def test_the_story_is_true(story: Path) -> None:
    outcome = run_file(str(story))

    assert outcome.passed, str(outcome)
