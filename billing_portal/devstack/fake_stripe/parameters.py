"""What a request may carry: unknown, missing and malformed parameters are refused by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from billing_portal.devstack.fake_stripe.refusals import Refused

Reader = Callable[[Any, str], Any]
# A name that ends in "!" is required.
Spec = Mapping[str, Any]


@dataclass(frozen=True)
class Many:
    """A list of the same."""

    inner: Any


@dataclass(frozen=True)
class Choice:
    """One of these words."""

    words: tuple[str, ...]


def choice(*words: str) -> Choice:
    """Return the shape of one of these words."""
    return Choice(words)


def text(value: Any, name: str) -> str | None:
    """Read text; empty text unsets."""
    if not isinstance(value, str):
        raise Refused("Invalid string", code="parameter_invalid_string_blank", param=name)
    if len(value) > 5_000:
        raise Refused(f"Invalid string: {name} is too long", param=name)
    return value or None


def whole(value: Any, name: str) -> int | None:
    """Read a whole number."""
    if value == "":
        return None
    if not isinstance(value, str) or not value.lstrip("-").isdecimal() or len(value) > 18:
        raise Refused(f"Invalid integer: {value}", code="parameter_invalid_integer", param=name)
    return int(value)


def flag(value: Any, name: str) -> bool:
    """Read true or false."""
    if value not in ("true", "false"):
        raise Refused(f"Invalid boolean: {value}", param=name)
    return bool(value == "true")


def metadata(value: Any, name: str) -> dict[str, str] | None:
    """Read metadata; None clears all, an empty value one."""
    if value == "":
        return None
    if isinstance(value, list):
        value = {str(index): item for index, item in enumerate(value)}
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise Refused("Invalid hash: metadata must be a set of key-value pairs.", param=name)
    for key, item in value.items():
        if len(key) > 40 or len(item) > 500:
            raise Refused(
                f"Metadata {'keys' if len(key) > 40 else 'values'} can have up to "
                f"{'40' if len(key) > 40 else '500'} characters, but you passed in "
                f"{len(key) if len(key) > 40 else len(item)}.",
                param=f"{name}[{key}]",
            )
    if len(value) > 50:
        raise Refused("You can only have up to 50 metadata keys.", param=name)
    return value


def instants(value: Any, name: str) -> dict[str, int]:
    """Read a range of instants, or one."""
    if isinstance(value, str):
        return {"gte": whole(value, name) or 0, "lte": whole(value, name) or 0}
    known = {"gt": whole, "gte": whole, "lt": whole, "lte": whole}
    return check(value, known, within=name)


CURSORS: Spec = {"limit": whole, "starting_after": text, "ending_before": text}
LIST: Spec = {**CURSORS, "created": instants}


def check(given: Any, spec: Spec, *, within: str = "") -> dict[str, Any]:
    """Return what was given, typed; refuse what is unknown, missing or malformed."""
    if not isinstance(given, dict):
        raise Refused("Invalid hash", param=within)
    readers = {name.rstrip("!"): reader for name, reader in spec.items()}
    if not within:
        readers["expand"] = Many(text)
    unknown = [_inner(within, name) for name in given if name not in readers]
    if unknown:
        words = "parameter" if len(unknown) == 1 else "parameters"
        raise Refused(
            f"Received unknown {words}: {', '.join(unknown)}",
            code="parameter_unknown",
            param=unknown[0],
        )
    for name in spec:
        if name.endswith("!") and given.get(name[:-1]) in (None, ""):
            param = _inner(within, name[:-1])
            raise Refused(
                f"Missing required param: {param}.", code="parameter_missing", param=param
            )
    return {
        name: _read(readers[name], value, _inner(within, name)) for name, value in given.items()
    }


def _read(reader: Any, value: Any, name: str) -> Any:
    if isinstance(reader, Many):
        if value == "":
            return []
        if not isinstance(value, list):
            raise Refused("Invalid array", param=name)
        return [_read(reader.inner, item, f"{name}[{place}]") for place, item in enumerate(value)]
    if isinstance(reader, Choice):
        if value == "":
            return None
        if value not in reader.words:
            *most, last = reader.words
            words = f"{', '.join(most)}, or {last}" if most else last
            raise Refused(f"Invalid {name}: must be one of {words}", param=name)
        return value
    if isinstance(reader, Mapping):
        return None if value == "" else check(value, reader, within=name)
    return reader(value, name)


def _inner(within: str, name: str) -> str:
    return f"{within}[{name}]" if within else name
