"""Stories that tests write to a file and run."""

from __future__ import annotations

import textwrap
from pathlib import Path

from billing_portal.scenarios.running import Outcome, run_file

TOP = """
catalogue: intrlume
starts_at: "2026-03-01 09:00"
steps:
"""


class Story:
    """Writes a story to a file and runs it."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "story.yaml"

    def tell(self, steps: str, *, top: str = TOP, keep_going: bool = False) -> Outcome:
        """Run steps that begin on a line of their own."""
        self.file.write_text(top + textwrap.indent(textwrap.dedent(steps), "  "), encoding="utf-8")
        return run_file(str(self.file), keep_going=keep_going)
