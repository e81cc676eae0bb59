"""Read form-encoded requests, nested as Stripe nests them: `a[b][0][c]=x`."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

from billing_portal.devstack.fake_stripe.refusals import Refused

_PART = re.compile(r"\[([^\[\]]*)\]")


def read(text: str) -> dict[str, Any]:
    """Return the nested raw values; lists where the keys are numbers or empty."""
    tree: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True, max_num_fields=5_000):
        _plant(tree, _path(name), value)
    return {key: _straighten(branch) for key, branch in tree.items()}


def _path(name: str) -> list[str]:
    head, bracket, _ = name.partition("[")
    parts = _PART.findall(name[len(head) :]) if bracket else []
    if not head or len(parts) > 8 or head + "".join(f"[{part}]" for part in parts) != name:
        raise Refused(f"Invalid request (check that your POST content is well formed): {name}")
    return [head, *parts]


def _plant(tree: dict[str, Any], path: list[str], value: str) -> None:
    *way, last = path
    branch = tree
    for part in way:
        branch = branch.setdefault(part or str(len(branch)), {})
        if not isinstance(branch, dict):
            raise Refused("Invalid request: a parameter is both a value and a hash.")
    branch[last or str(len(branch))] = value


def _straighten(branch: Any) -> Any:
    if not isinstance(branch, dict):
        return branch
    values = {key: _straighten(value) for key, value in branch.items()}
    if values and all(key.isdigit() for key in values):
        return [values[key] for key in sorted(values, key=int)]
    return values
