"""Only doors read the clock; a verb, a noun or a sum is told what time it is."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FLOORS = ("accounts", "wallet", "invoices", "payments", "plans", "usage", "billing_portal")
DOORS = ("admin", "api", "views", "tasks", "signing_in", "middleware", "top_bar", "webhooks")
READS = {("timezone", "now"), ("datetime", "now"), ("datetime", "utcnow"), ("date", "today")}
READS |= {("time", "time"), ("dt", "now")}
# What measures or shows running programs has no business instant to be told.
ABOUT_MACHINES = ("devstack", "benchmarks", "management", "migrations", "operating")


def clock_reads(source: str) -> list[int]:
    """Answer the lines on which a source calls a clock."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and (_name(node.func.value), node.func.attr) in READS
    ]


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def is_door(path: Path) -> bool:
    name = path.stem
    return (
        name.startswith(DOORS)
        or name.endswith(("_page", "_pages", "_admin"))
        or bool(set(path.parts) & set(ABOUT_MACHINES))
    )


def rooms() -> list[Path]:
    return [
        path
        for floor in FLOORS
        for path in sorted((ROOT / floor).rglob("*.py"))
        if not is_door(path.relative_to(ROOT))
    ]


@pytest.mark.parametrize("path", rooms(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_room_but_a_door_reads_the_clock(path: Path) -> None:
    assert clock_reads(path.read_text()) == []


def test_a_clock_that_is_read_inside_a_verb_is_found() -> None:
    planted = "from django.utils import timezone\ndef renew(org):\n    return timezone.now()\n"

    assert clock_reads(planted) == [3]
