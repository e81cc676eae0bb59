"""The project's own files, as the tests of the house read them."""

import ast
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
APPS = ("billing_portal", "usage", "plans", "payments", "invoices", "wallet", "accounts")
GENERATED = {"migrations", "djstripe_migrations"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def python_files(*folders: str) -> list[Path]:
    """List the Python files of these folders that a person wrote."""
    return sorted(
        path
        for folder in folders
        for path in (PROJECT / folder).rglob("*.py")
        if not GENERATED & set(path.parts)
    )


def templates() -> list[Path]:
    """List the templates."""
    return sorted(path for path in (PROJECT / "templates").rglob("*") if path.is_file())


def lines(path: Path) -> int:
    """Count the lines of a file."""
    return len(path.read_text().splitlines())


def functions(path: Path) -> Iterator[Function]:
    """Walk all functions and methods of a file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, Function):
            yield node


def length(function: Function) -> int:
    """Count the lines of a function, its decorators left out."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def name(path: Path) -> str:
    """Name a file as a person would."""
    return str(path.relative_to(PROJECT))
