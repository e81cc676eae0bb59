"""Tables of the console: a few rows of something, with the way to all of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.safestring import SafeString

Cell = str | SafeString | int


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under their heads; a head that begins with ``#`` stands above figures."""

    title: str
    heads: tuple[str, ...]
    rows: Sequence[Sequence[Cell]]
    more: str = ""
    empty: str = "None."
    words: str = field(default="", kw_only=True)

    @property
    def columns(self) -> list[tuple[str, bool]]:
        """Each head with whether its column holds figures."""
        return [(head.removeprefix("#"), head.startswith("#")) for head in self.heads]

    @property
    def lines(self) -> list[list[tuple[str, bool, Cell]]]:
        """Each row as cells with head and whether it is a figure, for narrow screens too."""
        return [
            [(head, figure, cell) for (head, figure), cell in zip(self.columns, row, strict=True)]
            for row in self.rows
        ]


def list_of(model: str, **filters: object) -> str:
    """Answer the address of a model's list, narrowed by filters."""
    query = "&".join(f"{name}={value}" for name, value in filters.items())
    return reverse(f"admin:{model}_changelist") + (f"?{query}" if query else "")


def at(instant: dt.datetime | None, zone: ZoneInfo) -> str:
    """Write an instant on the organization's wall clock."""
    return f"{instant.astimezone(zone):%-d %b %Y %H:%M}" if instant else ""
