"""A state is left by one of its arrows only, by compare-and-set."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol


class WrongState(Exception):
    """A state was to be left in a way in which it cannot be left."""


class HasArrows(Protocol):
    """A row whose state may change along its arrows."""

    ARROWS: ClassVar[Any]
    status: Any
    pk: Any


def walk(row: HasArrows, to: str, **changes: Any) -> None:
    """Move a row to another state, with what changes beside it, if nobody moved it meanwhile.

    :raises WrongState: there is no such arrow, or somebody walked another one first.
    """
    if to not in row.ARROWS[row.status]:
        raise WrongState(f"{row} is {row.status} and cannot become {to}.")
    rows = type(row)._default_manager  # type: ignore[attr-defined]  # every row is a model
    if not rows.filter(pk=row.pk, status=row.status).update(status=to, **changes):
        raise WrongState(f"{row} was changed by somebody else.")
    row.status = to
    for name, value in changes.items():
        setattr(row, name, value)
