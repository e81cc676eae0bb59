"""Long lists by pages that hold still: each begins after a row, not after a number of rows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db.models import Model, QuerySet

PAGE_SIZE = 50

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows, newest first, and the keys at which the neighbouring pages begin."""

    rows: list[Row]
    newer: int | None = None
    older: int | None = None


def page_of(rows: QuerySet[Row], asked: Mapping[str, str], *, size: int = PAGE_SIZE) -> Page[Row]:
    """Answer the page that ``before`` or ``after`` asks for, else the first; in one statement.

    A key that is no number asks for nothing.
    """
    before, after = _key(asked.get("before")), _key(asked.get("after"))
    if after is not None:
        found = list(rows.filter(pk__gt=after).order_by("pk")[: size + 1])
        more, found = len(found) > size, found[:size][::-1]
        return Page(found, newer=_first(found) if more else None, older=_last(found))
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows.order_by("-pk")[: size + 1])
    more, found = len(found) > size, found[:size]
    return Page(
        found,
        newer=_first(found) if before is not None else None,
        older=_last(found) if more else None,
    )


def _key(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch(r"[0-9]{1,18}", text) else None


def _first(rows: list[Row]) -> int | None:
    return rows[0].pk if rows else None


def _last(rows: list[Row]) -> int | None:
    return rows[-1].pk if rows else None
