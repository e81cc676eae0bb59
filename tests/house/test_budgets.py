"""Files and functions stay small enough to be read at once."""

import ast
import statistics

import pytest

from tests.house import sources

FUNCTION_LINES = 50
MEDIAN_FUNCTION_LINES = 8
FILE_LINES = 300
LONG_FILE_LINES = 400
LONG_FILES = {"models.py", "admin.py"}
TEMPLATE_LINES = 120
OWN = sources.python_files(*sources.APPS)
ALL = [*OWN, *sources.python_files("tests")]


def test_no_function_is_longer_than_a_screen() -> None:
    too_long = [
        f"{sources.name(path)}:{function.lineno} {function.name}: {sources.length(function)}"
        for path in ALL
        for function in sources.functions(path)
        if sources.length(function) > FUNCTION_LINES
    ]
    assert too_long == []


def test_half_of_the_functions_are_short() -> None:
    lengths = [sources.length(function) for path in OWN for function in sources.functions(path)]
    assert statistics.median(lengths) <= MEDIAN_FUNCTION_LINES


def test_no_file_is_too_long() -> None:
    too_long = {
        sources.name(path): sources.lines(path)
        for path in ALL
        if sources.lines(path) > (LONG_FILE_LINES if path.name in LONG_FILES else FILE_LINES)
    }
    assert too_long == {}


def test_no_template_is_too_long() -> None:
    too_long = {
        sources.name(path): sources.lines(path)
        for path in sources.templates()
        if sources.lines(path) > TEMPLATE_LINES
    }
    assert too_long == {}


def test_every_public_function_is_typed() -> None:
    untyped = [
        f"{sources.name(path)}:{function.lineno} {function.name}"
        for path in OWN
        for function in sources.functions(path)
        if not function.name.startswith("_") and not _is_typed(function)
    ]
    assert untyped == []


@pytest.mark.parametrize("word", ["services.py", "utils.py", "helpers.py", "common", "core"])
def test_no_room_is_named_after_nothing(word: str) -> None:
    named = [sources.name(path) for path in OWN if word in path.parts]
    assert named == []


def _is_typed(function: sources.Function) -> bool:
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    starred = [argument for argument in (arguments.vararg, arguments.kwarg) if argument]
    return function.returns is not None and all(
        argument.annotation is not None or argument.arg in ("self", "cls")
        for argument in [*named, *starred]
    )


def test_the_check_for_types_sees_what_is_missing() -> None:
    source = "def typed(a: int, *, b: str) -> None: ...\ndef untyped(a, *, b: str) -> None: ..."
    typed, untyped = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    assert _is_typed(typed)
    assert not _is_typed(untyped)
