"""`manage.py run_scenarios`: what it prints, and how it ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.house.sources import PROJECT

TRUE = """
catalogue: intrlume
starts_at: "2026-03-01 09:00"
steps:
  - sign_up:
    expect: {wallet: 500}
"""


def run(*arguments: str) -> tuple[int, list[str]]:
    command = [sys.executable, "manage.py", "run_scenarios", *arguments]
    result = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    return result.returncode, result.stdout.splitlines()


def test_each_file_has_a_line_and_a_failure_ends_in_one(tmp_path: Path) -> None:
    first, second = tmp_path / "a true one.yaml", tmp_path / "b.yaml"
    first.write_text(TRUE)
    second.write_text(TRUE.replace("500", "501"))
    missing = tmp_path / "c.yaml"

    code, lines = run(str(tmp_path / "*.yaml"), str(missing), str(first))

    assert lines == [
        f"ok {first}",
        f"FAILED {second}: step 1: wallet: expected 501, found 500",
        f"FAILED {missing}: cannot be read: No such file or directory",
        f"ok {first}",
        "2 passed, 2 failed",
    ]
    assert code == 1


def test_true_stories_end_in_zero(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(TRUE)

    code, lines = run(str(tmp_path / "a.yaml"))

    assert (code, lines[-1]) == (0, "1 passed, 0 failed")


def test_no_file_is_a_failure() -> None:
    code, lines = run()

    assert (code, lines) == (1, ["0 passed, 0 failed"])
