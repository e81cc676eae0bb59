"""Check what goes to Stripe and comes back against the types that stripe-python installed.

They are generated from Stripe's own description of its API, so an upgrade checks anew.
"""

from __future__ import annotations

import functools
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, Union

import stripe
import typing_extensions
from stripe._list_object import ListObject
from stripe._object_classes import get_object_class
from stripe._request_options import RequestOptions
from stripe._stripe_object import StripeObject, UntypedStripeObject

from tests.fakes.stripe_annotations import fields, resolve

NESTED = {"payment_methods", "tax_ids", "line_items"}
NAMESPACES = {"checkout", "billing_portal"}


class WrongShape(AssertionError):
    """Something is not as stripe-python describes it."""

    def __init__(self, what: str, problems: list[str]) -> None:
        super().__init__(f"{what}: {'; '.join(problems)}")
        self.problems = problems


@dataclass(frozen=True)
class _Look:
    """One look at a value: where in the whole, and where its annotation was written."""

    path: str
    module: str
    owner: type | None
    # Values that came as a form are all texts.
    form: bool
    problems: list[str] = field(default_factory=list)

    def at(self, name: str, module: str | None = None, owner: type | None = None) -> _Look:
        path = f"{self.path}{name}" if name.startswith("[") else f"{self.path}.{name}".lstrip(".")
        return _Look(path, module or self.module, owner or self.owner, self.form, self.problems)

    def wrong(self, words: str) -> None:
        self.problems.append(f"{self.path or 'it'} {words}")

    def trial(self) -> _Look:
        return _Look(self.path, self.module, self.owner, self.form)


def check_object(thing: Any, kind: str | None = None) -> None:
    """Check an object that Stripe answered, with all that is in it.

    :raises WrongShape: a field is missing, unknown or of another type.
    """
    kind = kind or thing["object"]
    look = _Look("", "stripe._stripe_object", None, form=False)
    _object(thing, kind, look)
    if look.problems:
        raise WrongShape(kind, look.problems)


def check_request(name: str, params: Mapping[str, Any], *, form: bool = False) -> None:
    """Check the parameters of a call such as ``payment_intents.create``.

    :raises WrongShape: a parameter is missing, unknown or of another type.
    """
    params_type, module = _params_of(name)
    look = _Look("", module, None, form)
    if params_type is not None:
        _typed_dict(params, params_type, look)
    elif set(params) - {"expand"}:
        look.wrong(f"takes no parameters, but {sorted(params)} were given")
    if look.problems:
        raise WrongShape(name, look.problems)


def name_of(method: str, path: str) -> str:
    """Return the SDK's name of a call, by its method and path without the query."""
    words = path.removeprefix("/v1/").strip("/").split("/")
    names = [".".join(words[:2])] if words[0] in NAMESPACES else [words[0]]
    rest = words[2:] if words[0] in NAMESPACES else words[1:]
    if names == ["account"]:
        return "accounts.retrieve_current"
    if len(rest) == 2 and rest[1] not in NESTED:
        return f"{names[0]}.{rest[1]}"
    if len(rest) >= 2:
        names, rest = [*names, rest[1]], rest[2:]
    verbs = {"GET": "retrieve", "POST": "update", "DELETE": "delete"}
    verb = verbs[method] if rest else {"GET": "list", "POST": "create"}[method]
    return ".".join([*names, verb])


@functools.cache
def _params_of(name: str) -> tuple[Any, str]:
    found: Any = stripe.StripeClient("sk_test_shape").v1
    for part in name.split("."):
        found = getattr(found, part)
    function = found.__func__
    annotation = resolve(function.__annotations__.get("params"), function.__module__)
    for branch in typing.get_args(annotation):
        inner = resolve(branch, function.__module__)
        if typing_extensions.is_typeddict(inner):
            return inner, inner.__module__
    if typing_extensions.is_typeddict(annotation):
        return annotation, annotation.__module__
    return None, function.__module__


def _object(thing: Any, kind: str, look: _Look) -> None:
    if not isinstance(thing, dict):
        look.wrong(f"is {type(thing).__name__}, not a {kind}")
    elif kind == "list":
        _list_object(thing, (Any,), look)
        for place, one in enumerate(thing.get("data", [])):
            _object(one, one.get("object", "?"), look.at(f"data[{place}]"))
    else:
        cls = get_object_class("V1", kind)
        if cls is StripeObject:
            look.wrong(f"is a {kind}, which stripe-python does not know")
        _class(thing, cls, look)
        if kind == "event" and isinstance(thing.get("data"), dict):
            inner = thing["data"].get("object", {})
            _object(inner, inner.get("object", "?"), look.at("data.object"))


def _value(value: Any, annotation: Any, look: _Look) -> None:
    annotation = resolve(annotation, look.module, look.owner)
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if annotation is Any or isinstance(annotation, typing.TypeVar):
        return
    if origin in (typing_extensions.NotRequired, typing_extensions.Required):
        _value(value, inner[0], look)
    elif origin in BY_ORIGIN:
        BY_ORIGIN[origin](value, inner, look)
    elif typing_extensions.is_typeddict(annotation):
        _typed_dict(value, annotation, look)
    elif isinstance(annotation, type) and issubclass(annotation, StripeObject):
        _class(value, annotation, look)
    else:
        _scalar(value, annotation, look)


def _union(value: Any, inner: tuple[Any, ...], look: _Look) -> None:
    """Let one branch fit; a list of words is meant as one, though any text is let in as well."""
    branches = [resolve(one, look.module, look.owner) for one in inner]
    if value is None and type(None) in branches:
        return
    flat = [one for one in branches if one is not type(None)]
    # Stripe writes a text that can be unset as the empty word or any.
    if any(set(typing.get_args(one)) - {""} for one in flat if typing.get_origin(one) is Literal):
        flat = [one for one in flat if one is not str]
    trials = []
    for one in flat:
        trial = look.trial()
        _value(value, one, trial)
        if not trial.problems:
            return
        trials.append((_fits(value, one), trial.problems))
    look.problems.extend(max(trials, key=lambda trial: trial[0])[1] if trials else [])


def _fits(value: Any, annotation: Any) -> int:
    """Say how well a branch is meant, so that its problems are the ones to read."""
    if isinstance(value, dict) and isinstance(annotation, type):
        return 2 if getattr(annotation, "OBJECT_NAME", None) == value.get("object") else 1
    return 0


def _literal(value: Any, words: tuple[Any, ...], look: _Look) -> None:
    if value not in words or isinstance(value, bool) not in {isinstance(w, bool) for w in words}:
        look.wrong(f"is {value!r}, none of {', '.join(map(repr, words[:12]))}")


def _list(value: Any, inner: tuple[Any, ...], look: _Look) -> None:
    if not isinstance(value, list):
        look.wrong(f"is {value!r}, not a list")
        return
    for place, one in enumerate(value):
        _value(one, inner[0], look.at(f"[{place}]"))


def _list_object(value: Any, inner: tuple[Any, ...], look: _Look) -> None:
    if not isinstance(value, dict) or value.get("object") != "list":
        look.wrong("is not a list object")
        return
    _list(value.get("data"), inner, look.at("data"))
    _scalar(value.get("has_more"), bool, look.at("has_more"))
    _scalar(value.get("url"), str, look.at("url"))


def _mapping(value: Any, inner: tuple[Any, ...], look: _Look) -> None:
    if not isinstance(value, dict):
        look.wrong(f"is {value!r}, not a hash")
        return
    for name, one in value.items():
        _value(one, inner[-1], look.at(name))


def _typed_dict(value: Any, annotation: Any, look: _Look) -> None:
    if not isinstance(value, Mapping):
        look.wrong(f"is {value!r}, not a hash")
        return
    # The options of a request, such as its key, are no parameters.
    options = RequestOptions.__annotations__
    known = {n: a for n, a in annotation.__annotations__.items() if n not in options}
    for name in sorted(set(value) - set(known)):
        look.at(name).wrong("is unknown")
    for name, written in known.items():
        inner = resolve(written, annotation.__module__)
        optional = typing.get_origin(inner) is typing_extensions.NotRequired
        if name in value:
            _value(value[name], inner, look.at(name, annotation.__module__))
        elif not optional:
            look.at(name).wrong("is missing")


def _class(value: Any, cls: type, look: _Look) -> None:
    if not isinstance(value, dict):
        look.wrong(f"is {value!r}, not a {cls.__name__}")
        return
    known = fields(cls)
    if value.get("deleted") is True and "deleted" in known:
        # All that is left of it.
        known = {name: known[name] for name in ("id", "object", "deleted")}
    for name in sorted(set(value) - set(known)):
        look.at(name).wrong("is unknown")
    for name, (annotation, module, owner) in known.items():
        optional = type(None) in typing.get_args(annotation)
        if name in value:
            _value(value[name], annotation, look.at(name, module, owner))
        elif not optional:
            look.at(name).wrong("is missing")


def _scalar(value: Any, annotation: Any, look: _Look) -> None:
    if annotation is Decimal:
        fits = isinstance(value, str) and _is_decimal(value)
    elif annotation is float:
        fits = isinstance(value, int | float) and not isinstance(value, bool)
    elif look.form and isinstance(value, str):
        fits = _reads_as(value, annotation)
    else:
        fits = type(value) is annotation
    if not fits:
        look.wrong(f"is {value!r}, not {getattr(annotation, '__name__', annotation)}")


def _reads_as(value: str, annotation: Any) -> bool:
    if annotation is int:
        return value.lstrip("-").isdecimal()
    if annotation is bool:
        return value in ("true", "false")
    return annotation is str


def _is_decimal(value: str) -> bool:
    try:
        Decimal(value)
    except InvalidOperation:
        return False
    return True


BY_ORIGIN: dict[Any, Callable[[Any, tuple[Any, ...], _Look], None]] = {
    Union: _union,
    types.UnionType: _union,
    Literal: _literal,
    list: _list,
    ListObject: _list_object,
    dict: _mapping,
    UntypedStripeObject: _mapping,
    Mapping: _mapping,
}
