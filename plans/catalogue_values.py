"""The single values of a catalogue: readers that answer a value or say what is wrong with it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, TypeVar

from plans.catalogue_yaml import Node, Problem, Wrong
from plans.periods import Interval, NoPeriod
from wallet.credits import PLACES, plain

T = TypeVar("T")
Reader = Callable[[Node], T]

MOST_ENTRIES = 100
LONGEST_CODE = 40
LONGEST_NUMBER = 40
LARGEST_AMOUNT = 10**12
NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?")
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
INFINITE = {".inf", "-.inf", "+.inf", ".nan", "inf", "-inf", "infinity", "-infinity", "nan"}


class Reading:
    """One reading of one file; it goes on after a problem, to find the next ones too."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems

    def attempt(self, read: Reader[T], node: Node) -> T | None:
        """Read one value; where it is wrong, note the problem and answer none."""
        try:
            if node.kind == "nothing":
                raise Wrong(node, "there is no value; leave the key out or give it one.")
            return read(node)
        except Wrong as wrong:
            self.problems.append(wrong.problem)
            return None

    def record(
        self, node: Node, readers: Mapping[str, Reader[Any]], *, required: tuple[str, ...]
    ) -> dict[str, Any]:
        """Read a mapping whose keys are known; they are read in the order of the readers."""
        for key in node.entries:
            if key not in readers:
                self.refuse(node.entries[key], f"there is no such key{like(key, readers)}")
        for key in required:
            if key not in node.entries:
                self.refuse(node, f"the key “{key}” is missing.")
        values = {
            key: self.attempt(read, node.entries[key])
            for key, read in readers.items()
            if key in node.entries
        }
        return {key: value for key, value in values.items() if value is not None}

    def each(
        self,
        node: Node,
        read: Callable[[Node], T | None],
        *,
        known: tuple[str, ...] = (),
        what: str,
        most: int = MOST_ENTRIES,
    ) -> dict[str, T]:
        """Read a mapping whose keys are names: the known ones, or any code."""
        if node.kind != "mapping":
            raise Wrong(node, f"this is a mapping by {what}.")
        if len(node.entries) > most:
            raise Wrong(node, f"there are at most {most} of these.")
        values = {}
        for key, entry in node.entries.items():
            if known and key not in known:
                words = f"“{key[:40]}” is none of {', '.join(known)}"
                self.refuse(entry, words + like(key, known))
            elif not known and self.attempt(code_of(key, what), entry) is None:
                continue
            else:
                value = self.attempt(read, entry)
                if value is not None:
                    values[key] = value
        return values

    def names(self, node: Node, read: Reader[T]) -> tuple[T, ...]:
        """Read a list in which nothing stands twice."""
        if node.kind != "list":
            raise Wrong(node, "this is a list.")
        if len(node.items) > MOST_ENTRIES:
            raise Wrong(node, f"there are at most {MOST_ENTRIES} of these.")
        values: list[T] = []
        for item in node.items:
            value = self.attempt(read, item)
            if value is not None and value in values:
                self.refuse(item, f"“{value}” stands here twice.")
            elif value is not None:
                values.append(value)
        return tuple(values)

    def refuse(self, node: Node, words: str) -> None:
        self.problems.append(Problem(node.line, node.where, words))


def like(key: str, known: Collection[str]) -> str:
    """Answer the end of a sentence about an unknown word: what it may be meant to be."""
    close = get_close_matches(key, known, n=1)
    return f"; did you mean “{close[0]}”?" if close else "."


def text(longest: int, *, empty: bool = False) -> Callable[[Node], str]:
    """Make a reader of words of at most so many characters, on one line."""

    def read(node: Node) -> str:
        if node.kind in ("mapping", "list"):
            raise Wrong(node, "this is a text.")
        if node.kind != "text":
            raise Wrong(node, f"YAML reads “{node.text[:40]}” as no text; put it in quotes.")
        words = " ".join(node.text.split())
        if any(unicodedata.category(char) in ("Cc", "Cs") for char in words):
            raise Wrong(node, "this has a character that no text has.")
        if not words and not empty:
            raise Wrong(node, "this is empty.")
        if len(words) > longest:
            raise Wrong(node, f"this has {len(words)} characters; the most is {longest}.")
        return words

    return read


def truth(node: Node) -> bool:
    """Read true or false; yes, no, on and off are words that YAML's versions disagree on."""
    if node.kind == "truth" and node.text.lower() in ("true", "false"):
        return node.text.lower() == "true"
    raise Wrong(node, f"{_shown(node)} is neither true nor false.")


def number(node: Node) -> Decimal:
    """Read a finite decimal, with or without quotes, exactly as it is written."""
    if node.kind in ("number", "text") and node.text.lower() in INFINITE:
        raise Wrong(node, f"{_shown(node)} is no finite number.")
    if node.kind not in ("number", "text") or not NUMBER.fullmatch(node.text):
        raise Wrong(node, f"{_shown(node)} is not a number.")
    if len(node.text) > LONGEST_NUMBER:
        raise Wrong(node, f"a number has at most {LONGEST_NUMBER} digits.")
    return Decimal(node.text)


def decimal(
    places: int, *, most: int = LARGEST_AMOUNT, above_zero: bool = False
) -> Callable[[Node], Decimal]:
    """Make a reader of a decimal from 0 on, of at most so many decimals."""

    def read(node: Node) -> Decimal:
        value = number(node)
        if value < 0:
            raise Wrong(node, f"{_shown(node)} is below zero.")
        if above_zero and not value:
            raise Wrong(node, "this is above zero.")
        if value > most:
            raise Wrong(node, f"{_shown(node)} is beyond all sense; the most is {most}.")
        canonical = Decimal(plain(value))
        if -int(canonical.as_tuple().exponent) > places:
            raise Wrong(node, f"{_shown(node)} has more than {places} decimals.")
        return canonical

    return read


credits = decimal(PLACES)


def whole(least: int, most: int) -> Callable[[Node], int]:
    """Make a reader of a whole number between two bounds."""

    def read(node: Node) -> int:
        value = number(node)
        if value != value.to_integral_value() or not least <= value <= most:
            raise Wrong(node, f"{_shown(node)} is no whole number from {least} to {most}.")
        return int(value)

    return read


def exactly_one_of(names: tuple[str, ...]) -> Callable[[Node], str]:
    """Make a reader of one of some words."""

    def read(node: Node) -> str:
        if node.kind != "text" or node.text not in names:
            raise Wrong(node, f"{_shown(node)} is none of {', '.join(names)}.")
        return node.text

    return read


def code_of(key: str, what: str) -> Callable[[Node], str]:
    """Make a reader that answers a key, where it can be a code."""

    def read(node: Node) -> str:
        if not CODE.fullmatch(key) or len(key) > LONGEST_CODE:
            raise Wrong(
                node,
                f"“{key[:40]}” is no {what}: 1 to {LONGEST_CODE} letters, digits, - and _.",
            )
        return key

    return read


def named(what: str) -> Callable[[Node], str]:
    """Make a reader of a text that can be a code."""
    return lambda node: code_of(text(1000)(node), what)(node)


def period(node: Node) -> Interval:
    """Read the length of a period."""
    try:
        return Interval.parse(node.text)
    except NoPeriod as error:
        raise Wrong(node, str(error)) from error


def _shown(node: Node) -> str:
    return "this" if node.kind in ("mapping", "list") else f"“{node.text[:40]}”"
