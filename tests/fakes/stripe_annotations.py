"""Read the annotations of stripe-python as its authors wrote them, names of types resolved.

`typing.get_type_hints` cannot: most names are imported for type checkers only.
"""

from __future__ import annotations

import ast
import builtins
import functools
import importlib
import inspect
import sys
import typing
from types import ModuleType
from typing import Any

import typing_extensions


@functools.cache
def _type_checking_imports(module: str) -> dict[str, tuple[str, str]]:
    """Return which names a module imports, also those for type checkers only."""
    source = inspect.getsource(sys.modules[module])
    return {
        alias.asname or alias.name: (node.module, alias.name)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }


class _Names(dict[str, Any]):
    """The names that an annotation in a class of a module may use."""

    def __init__(self, module: str, owner: type | None) -> None:
        super().__init__()
        self._module: ModuleType = sys.modules[module]
        self._owner = owner

    def __missing__(self, name: str) -> Any:
        for place in (self._owner, self._module, typing, typing_extensions, builtins):
            if place is not None and hasattr(place, name):
                return getattr(place, name)
        imports = _type_checking_imports(self._module.__name__)
        if name in imports:
            source, original = imports[name]
            return getattr(importlib.import_module(source), original)
        raise KeyError(name)


def resolve(annotation: Any, module: str, owner: type | None = None) -> Any:
    """Return what an annotation that is a text stands for."""
    if isinstance(annotation, typing.ForwardRef):
        annotation = annotation.__forward_arg__
    if not isinstance(annotation, str):
        return annotation
    return eval(annotation, {}, _Names(module, owner))


@functools.cache
def fields(cls: type) -> dict[str, tuple[Any, str, type]]:
    """Return the fields of a class and its parents: annotation, module and owner of each."""
    found: dict[str, tuple[Any, str, type]] = {}
    for owner in reversed(cls.__mro__):
        for name, annotation in vars(owner).get("__annotations__", {}).items():
            resolved = resolve(annotation, owner.__module__, owner)
            if typing.get_origin(resolved) is not typing.ClassVar and not name.startswith("_"):
                found[name] = (resolved, owner.__module__, owner)
    return found
