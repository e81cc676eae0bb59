"""What a resource is given and what it declares: the call, the route, lists and metadata."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from billing_portal.devstack.fake_stripe.book import Book, Json
from billing_portal.devstack.fake_stripe.parameters import Spec
from billing_portal.devstack.fake_stripe.refusals import Missing, Refused


@dataclass(frozen=True)
class Call:
    """One request after its parameters were read."""

    book: Book
    given: Mapping[str, Any]
    names: Mapping[str, str] = field(default_factory=dict)
    # Where the hosted pages are.
    site: str = "http://fake-stripe.invalid"

    @property
    def id(self) -> str:
        return self.names["id"]

    def take(self, name: str, default: Any = None) -> Any:
        """Return what was given under a name, or the default."""
        value = self.given.get(name)
        return default if value is None else value


@dataclass(frozen=True)
class Route:
    """One address, what answers it and what may be sent to it."""

    method: str
    path: str
    handler: Callable[[Call], Json]
    spec: Spec = field(default_factory=dict)

    def match(self, method: str, path: str) -> dict[str, str] | None:
        """Return the names in the path, if this is its route."""
        if method != self.method:
            return None
        found = re.fullmatch(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", self.path), path)
        return found.groupdict() if found else None


def page(call: Call, kind: str, *, url: str, **fields: Any) -> Json:
    """Return one page of a list, newest first, by Stripe's cursors."""
    limit = call.take("limit", 10)
    if not 1 <= limit <= 100:
        raise Refused("Invalid integer: limit must be between 1 and 100", param="limit")
    where, values = _where(call, kind, fields)
    backwards = call.take("ending_before")
    direction = "ASC" if backwards else "DESC"
    rows = call.book.run(
        f"SELECT id FROM objects WHERE {where} ORDER BY seq {direction} LIMIT ?",  # noqa: S608 - our own words
        *values,
        limit + 1,
    )
    names = [row["id"] for row in rows[:limit]]
    data = [call.book.get(kind, name) for name in (reversed(names) if backwards else names)]
    return {"object": "list", "data": data, "has_more": len(rows) > limit, "url": url}


def _where(call: Call, kind: str, fields: Mapping[str, Any]) -> tuple[str, list[Any]]:
    where, values = ["kind = ?"], [kind]
    for name, value in fields.items():
        if value is not None:
            where.append(f"json_extract(body, '$.{name}') = ?")
            values.append(value)
    signs = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
    for name, value in (call.take("created") or {}).items():
        where.append(f"created {signs[name]} ?")
        values.append(value)
    for name, sign in (("starting_after", "<"), ("ending_before", ">")):
        if cursor := call.take(name):
            rows = call.book.run("SELECT seq FROM objects WHERE id = ?", cursor)
            if not rows:
                raise Missing(kind, cursor, param=name)
            where.append(f"seq {sign} ?")
            values.append(rows[0]["seq"])
    return " AND ".join(where), values


def listing(data: list[Json], *, url: str) -> Json:
    """Return a whole list as Stripe wraps it."""
    return {"object": "list", "data": data, "has_more": False, "url": url}


def merged(old: Mapping[str, str], call: Call) -> dict[str, str]:
    """Return metadata after a request: merged, single keys unset, or all."""
    if "metadata" not in call.given:
        return dict(old)
    if call.given["metadata"] is None:
        return {}
    joined = {**old, **call.given["metadata"]}
    return {key: value for key, value in joined.items() if value != ""}


def update(call: Call, thing: Json, *names: str) -> Json:
    """Return the object with what was given of these fields, metadata merged."""
    changed = {**thing, **{name: call.given[name] for name in names if name in call.given}}
    changed["metadata"] = merged(thing.get("metadata") or {}, call)
    return changed
