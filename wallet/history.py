"""What happened to an organization's credits, newest first, as its people read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from accounts.models import Organization
from accounts.paging import PAGE_SIZE, page_of
from wallet.models import LedgerEntry


@dataclass(frozen=True, slots=True)
class Movement:
    """One entry, and the name of the pot that it moved."""

    entry: LedgerEntry

    @property
    def pot(self) -> str:
        return self.entry.pot

    @property
    def credits(self) -> Decimal:
        return self.entry.credits

    @property
    def event_id(self) -> str:
        """The usage event that was charged; empty where something else moved the credits."""
        if self.entry.kind != LedgerEntry.Kind.USAGE:
            return ""
        return self.entry.key.removeprefix("usage:").rpartition(":")[0]


@dataclass(frozen=True, slots=True)
class History:
    """A page of movements, and the keys of its neighbours."""

    movements: list[Movement]
    newer: int | None
    older: int | None


def history(
    organization: Organization,
    *,
    asked: Mapping[str, str],
    kind: str = "",
    size: int = PAGE_SIZE,
) -> History:
    """Answer a page of movements, of one kind or of all, in one statement."""
    entries = LedgerEntry.objects.filter(organization=organization).select_related("grant")
    if kind:
        entries = entries.filter(kind=kind)
    page = page_of(entries, asked, size=size)
    return History([Movement(entry) for entry in page.rows], page.newer, page.older)
