"""What import-linter cannot see: models that are named by a string."""

import ast

from tests.house import sources

OWN = sources.python_files(*sources.APPS)


def test_no_model_is_looked_up_by_name() -> None:
    lookups = [sources.name(path) for path in OWN if "get_model(" in path.read_text()]
    assert lookups == []


def test_no_foreign_key_points_up_by_a_string() -> None:
    upward = [
        f"{sources.name(path)}:{node.lineno} {target}"
        for path in OWN
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and _is_relation(node)
        for target in [_string_target(node)]
        if target and "." in target
    ]
    assert upward == []


def _is_relation(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr in (
        "ForeignKey",
        "OneToOneField",
        "ManyToManyField",
    )


def _string_target(call: ast.Call) -> str | None:
    first = call.args[0] if call.args else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None
