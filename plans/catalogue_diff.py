"""What another catalogue would change, key by key; it is shown first, and then done."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KeyChange:
    """One key of a catalogue with what it said and what it will say."""

    key: str
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.key}: {self.old} → {self.new}"


@dataclass(frozen=True, slots=True)
class PlanChange:
    """What a catalogue does to one plan; ``version`` is the number of its newest one then."""

    code: str
    version: int
    is_new: bool = False
    is_retired: bool = False
    is_offered_again: bool = False
    changes: tuple[KeyChange, ...] = ()
    place: KeyChange | None = None

    @property
    def is_empty(self) -> bool:
        return not (
            self.is_new or self.is_retired or self.is_offered_again or self.changes or self.place
        )

    def lines(self) -> list[str]:
        """Write the change for a reader, one line per changed key."""
        said = [
            "new" if self.is_new else "",
            "retired" if self.is_retired else "",
            "offered again" if self.is_offered_again else "",
            f"version {self.version}" if self.changes else "",
            str(self.place) if self.place else "",
            "unchanged" if self.is_empty else "",
        ]
        words = ", ".join(word for word in said if word)
        return [f"plan {self.code}: {words}", *(f"  {change}" for change in self.changes)]


@dataclass(frozen=True, slots=True)
class CatalogueDiff:
    """What loading a catalogue changes: the site's keys, and each plan in its order."""

    site: tuple[KeyChange, ...]
    plans: tuple[PlanChange, ...]

    @property
    def is_empty(self) -> bool:
        return not self.site and all(plan.is_empty for plan in self.plans)

    @property
    def digest(self) -> str:
        """What the change is known by between its preview and its confirmation."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:32]

    def lines(self) -> list[str]:
        """Write the whole change for a reader."""
        if self.is_empty:
            return ["nothing changes"]
        site = [f"site {change}" for change in self.site]
        return site + [line for plan in self.plans for line in plan.lines()]
