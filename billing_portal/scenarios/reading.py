"""A scenario file is read strictly: what it does not know by name is an error, in words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from django.core.exceptions import ValidationError

from accounts.models import validate_time_zone
from billing_portal.scenarios import shapes
from billing_portal.scenarios.actions import ACTIONS, Action
from billing_portal.scenarios.shapes import NotThat, Optional, show
from billing_portal.scenarios.states import STATES
from billing_portal.scenarios.vocabulary import REFUSALS


class BadFile(Exception):
    """A file that is no scenario; the words say where and why."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step: an action or none, and what must hold right after it, or the refusal."""

    number: int
    action: Action | None
    arguments: dict[str, Any]
    expected: dict[str, Any]
    refused: str | None


@dataclass(frozen=True, slots=True)
class Scenario:
    """A story about one organization."""

    catalogue: str | dict[str, Any]
    name: str
    zone: ZoneInfo
    currency: str
    starts_at: dt.datetime
    steps: tuple[Step, ...]


def time_zone(value: object) -> ZoneInfo:
    """Read the name of a time zone."""
    try:
        validate_time_zone(shapes.text(value))
    except ValidationError as error:
        raise NotThat(f"{show(value)} is not a time zone") from error
    return ZoneInfo(shapes.text(value))


def catalogue(value: object) -> str | dict[str, Any]:
    """Read the name of a catalogue, or the catalogue itself."""
    if isinstance(value, Mapping):
        return dict(value)
    name = shapes.text(value)
    if not name.replace("_", "").replace("-", "").isalnum():
        raise NotThat(f"{show(value)} is not the name of a catalogue")
    return name


FILE = shapes.record(
    title=Optional(shapes.text),
    seed=Optional(shapes.text),
    catalogue=catalogue,
    organization=Optional(
        shapes.record(
            name=Optional(shapes.text),
            time_zone=Optional(time_zone),
            currency=Optional(shapes.text),
        )
    ),
    starts_at=shapes.wall_time,
    steps=shapes.list_of(lambda step: step),
)


def read_scenario(path: Path) -> Scenario:
    """Read a scenario file.

    :raises BadFile: no such file, no YAML, an unknown or missing word, a value of another kind.
    """
    try:
        top = FILE(yaml.load(path.read_text(encoding="utf-8"), Loader=StrictLoader))  # noqa: S506 - a safe loader
    except OSError as error:
        raise BadFile(f"cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise BadFile(str(error)) from error
    organization = top.get("organization", {})
    if not top["steps"]:
        raise BadFile("it has no steps")
    return Scenario(
        catalogue=top["catalogue"],
        name=organization.get("name", "Acme"),
        zone=organization.get("time_zone", ZoneInfo("UTC")),
        currency=organization.get("currency", ""),
        starts_at=top["starts_at"],
        steps=tuple(_numbered(number, raw) for number, raw in enumerate(top["steps"], start=1)),
    )


def _numbered(number: int, raw: object) -> Step:
    try:
        return _step(number, raw)
    except NotThat as error:
        raise BadFile(f"step {number}: {error}") from error


def _step(number: int, raw: object) -> Step:
    if not isinstance(raw, Mapping) or not raw:
        raise NotThat(f"{show(raw)} is not a step")
    names = [name for name in raw if name not in ("expect", "refused")]
    for name in names:
        if name not in ACTIONS:
            raise NotThat(f"unknown action {show(name)}")
    if len(names) > 1:
        raise NotThat(f"a step has one action, this has {show(names)}")
    if "refused" in raw and ("expect" in raw or not names):
        raise NotThat("refused stands beside an action, instead of expect")
    action = ACTIONS[names[0]] if names else None
    return Step(
        number=number,
        action=action,
        arguments=_arguments(action, raw[names[0]]) if action else {},
        expected=_expected(raw["expect"]) if "expect" in raw else {},
        refused=shapes.one_of(*REFUSALS)(raw["refused"]) if "refused" in raw else None,
    )


def _arguments(action: Action, raw: object) -> dict[str, Any]:
    try:
        arguments: dict[str, Any] = action.takes(raw)
    except NotThat as error:
        raise NotThat(f"{action.name}: {error}") from error
    return arguments


def _expected(raw: object) -> dict[str, Any]:
    if not isinstance(raw, Mapping):
        raise NotThat(f"expect: {show(raw)} is not a mapping")
    for name in raw:
        if name not in STATES:
            raise NotThat(f"unknown state {show(name)}")
    keys = {name: Optional(STATES[name].shape) for name in raw}
    try:
        expected: dict[str, Any] = shapes.record(**keys)(raw)
    except NotThat as error:
        raise NotThat(f"expect: {error}") from error
    return expected


class StrictLoader(yaml.SafeLoader):
    """Reads decimals exactly, and refuses a key that is written twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Refuse what plain YAML would silently overwrite."""
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            line = key_node.start_mark.line + 1
            if isinstance(key, list | dict):
                raise yaml.YAMLError(f"line {line}: {show(key)} is not a key")
            if key in seen:
                raise yaml.YAMLError(f"line {line}: the key {show(key)} is written twice")
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


def _exact(loader: StrictLoader, node: yaml.ScalarNode) -> Decimal:
    try:
        return Decimal(node.value.replace("_", ""))
    except InvalidOperation as error:
        line = node.start_mark.line + 1
        raise yaml.YAMLError(f"line {line}: {node.value} is not a decimal") from error


StrictLoader.add_constructor("tag:yaml.org,2002:float", _exact)
