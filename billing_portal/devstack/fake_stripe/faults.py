"""Faults that are planted for the next calls: before the effect, or after it."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass

from billing_portal.devstack.fake_stripe.book import Book
from billing_portal.devstack.fake_stripe.refusals import Broken, ConnectionLost, TooManyRequests

# Nothing happened.
BEFORE = ("refused", "error_429", "error_500")
# It happened: hung up on, never answered, or a 500 that is stored under the key.
AFTER = ("hang_up", "timeout", "stored_500")
FAULTS = (*BEFORE, *AFTER)


@dataclass(frozen=True)
class Fault:
    """One planted fault that is to strike now."""

    name: str
    seconds: float

    def strike_before(self) -> None:
        """Refuse, before anything happens."""
        if self.name == "refused":
            raise ConnectionLost("refused")
        if self.name == "error_429":
            raise TooManyRequests
        if self.name == "error_500":
            raise Broken(began=False)

    def strike_after(self) -> None:
        """Say nothing of what has happened."""
        if self.name in ("hang_up", "timeout"):
            raise ConnectionLost(self.name, seconds=self.seconds)


def plant(
    book: Book,
    fault: str,
    *,
    path: str = "*",
    method: str = "*",
    times: int = 1,
    seconds: float = 120,
) -> None:
    """Let the next calls to such a path fail so.

    :raises ValueError: there is no such fault.
    """
    if fault not in FAULTS:
        raise ValueError(f"{fault} is none of {', '.join(FAULTS)}")
    book.run(
        "INSERT INTO plants (method, pattern, fault, seconds, times) VALUES (?, ?, ?, ?, ?)",
        method.upper(),
        path,
        fault,
        seconds,
        times,
    )


def due(book: Book, method: str, path: str) -> Fault | None:
    """Take the fault that is planted for this call, if there is one."""
    with book.lock:
        for row in book.run("SELECT * FROM plants ORDER BY id"):
            fits = fnmatch.fnmatchcase(path, row["pattern"]) and row["method"] in ("*", method)
            if fits:
                book.run("UPDATE plants SET times = times - 1 WHERE id = ?", row["id"])
                book.run("DELETE FROM plants WHERE times < 1")
                return Fault(row["fault"], row["seconds"])
    return None


def clear(book: Book) -> None:
    """Take back what is planted."""
    book.run("DELETE FROM plants")
