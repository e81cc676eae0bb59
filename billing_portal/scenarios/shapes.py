"""What a value in a story may be; a shape reads it, or says in words what it should have been."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from wallet.money import plain_decimal

Shape = Callable[[object], Any]

WALL_TIME = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}(:\d{2})?")


class NotThat(ValueError):
    """A value has not the shape that its place asks for."""


@dataclass(frozen=True, slots=True)
class Optional:
    """A key of a record that may be left out."""

    shape: Shape


def text(value: object) -> str:
    """Read a text; a plain number is one too, as ids and references often are."""
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return str(value)
    raise NotThat(f"{show(value)} is not a text")


def whole(value: object) -> int:
    """Read a whole number."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise NotThat(f"{show(value)} is not a whole number")
    return value


def decimal(value: object) -> Decimal:
    """Read a decimal, written as a number or as a text."""
    if isinstance(value, (int, str, Decimal)) and not isinstance(value, bool):
        try:
            number = plain_decimal(value)
        except InvalidOperation:
            number = Decimal("NaN")
        if number.is_finite():
            return number
    raise NotThat(f"{show(value)} is not a decimal")


def number(value: object) -> int | Decimal:
    """Read a number as it is written, so that a fraction stays one."""
    return value if isinstance(value, int) and not isinstance(value, bool) else decimal(value)


def flag(value: object) -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        raise NotThat(f"{show(value)} is neither true nor false")
    return value


def true(value: object) -> bool:
    """Read the word true, where nothing else has a meaning."""
    if value is not True:
        raise NotThat(f"{show(value)} is not true")
    return value


def nothing(value: object) -> None:
    """Read null, where there is never anything."""
    if value is not None:
        raise NotThat(f"{show(value)} is not null")


def day(value: object) -> dt.date:
    """Read a calendar day, ``2026-03-31``."""
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value
    try:
        return dt.date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError as error:
        raise NotThat(f"{show(value)} is not a day such as 2026-03-31") from error


def wall_time(value: object) -> dt.datetime:
    """Read a time on the organization's clock, ``"2026-03-31 09:00"`` or with seconds."""
    written = value.isoformat(" ") if isinstance(value, dt.datetime) else value
    try:
        if isinstance(written, str) and WALL_TIME.fullmatch(written):
            return dt.datetime.fromisoformat(written)
    except ValueError:
        pass
    raise NotThat(f"{show(value)} is not a time such as 2026-03-31 09:00")


def one_of(*names: str) -> Shape:
    """Make the shape of a word out of a list."""

    def read(value: object) -> str:
        if not isinstance(value, str) or value not in names:
            raise NotThat(f"{show(value)} is none of {', '.join(names)}")
        return value

    return read


def either(*shapes: Shape) -> Shape:
    """Make the shape of a value that may have one of several shapes."""

    def read(value: object) -> Any:
        reasons = []
        for shape in shapes:
            try:
                return shape(value)
            except NotThat as reason:
                reasons.append(str(reason))
        raise NotThat(", and ".join(reasons))

    return read


def nullable(shape: Shape) -> Shape:
    """Make the shape of a value that may be null."""
    return lambda value: None if value is None else shape(value)


def list_of(shape: Shape) -> Shape:
    """Make the shape of a list."""

    def read(value: object) -> list[Any]:
        if not isinstance(value, list):
            raise NotThat(f"{show(value)} is not a list")
        return [shape(item) for item in value]

    return read


def row_of(*shapes: Shape) -> Shape:
    """Make the shape of a list of so many items, each with a shape of its own."""

    def read(value: object) -> list[Any]:
        if not isinstance(value, list) or len(value) != len(shapes):
            raise NotThat(f"{show(value)} is not a list of {len(shapes)}")
        return [shape(item) for shape, item in zip(shapes, value, strict=True)]

    return read


def mapping_of(shape: Shape) -> Shape:
    """Make the shape of a mapping whose keys are free."""

    def read(value: object) -> dict[str, Any]:
        if not isinstance(value, Mapping) or not value:
            raise NotThat(f"{show(value)} is not a mapping")
        return {text(key): _within(key, shape, item) for key, item in value.items()}

    return read


def record(**keys: Shape | Optional) -> Shape:
    """Make the shape of a mapping with these keys and no others."""

    def read(value: object) -> dict[str, Any]:
        given = {} if value is None else value
        if not isinstance(given, Mapping):
            raise NotThat(f"{show(value)} is not a mapping")
        unknown = [key for key in given if key not in keys]
        if unknown:
            known = f"it has {', '.join(keys)}" if keys else "it has none"
            raise NotThat(f"unknown key {show(unknown[0])} ({known})")
        missing = [k for k, kind in keys.items() if k not in given and not _optional(kind)]
        if missing:
            raise NotThat(f"{missing[0]} is missing")
        return {key: _within(key, _shape(keys[key]), item) for key, item in given.items()}

    return read


def _optional(kind: Shape | Optional) -> bool:
    return isinstance(kind, Optional)


def _shape(kind: Shape | Optional) -> Shape:
    return kind.shape if isinstance(kind, Optional) else kind


def _within(key: object, shape: Shape, item: object) -> Any:
    try:
        return shape(item)
    except NotThat as reason:
        raise NotThat(f"{show(key)}: {reason}") from reason


def show(value: object) -> str:
    """Write a value as a reader of the story would, on one line."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case Decimal():
            return format(value.normalize(), "f") if value.is_finite() else str(value)
        case dt.date():
            return value.isoformat()
        case Mapping():
            return "{" + ", ".join(f"{show(k)}: {show(v)}" for k, v in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(show(item) for item in value) + "]"
        case _:
            return str(value)
