"""The base of every refusal: a code for programs, words for people, and what lifts it."""

from __future__ import annotations

from typing import ClassVar


class Refusal(Exception):
    """Something that was asked for and is not done; nothing has changed."""

    code: ClassVar[str] = "invalid"
    message: ClassVar[str] = "This cannot be done."
    remedy: ClassVar[str] = ""

    def __init__(self, message: str = "", *, field: str = "") -> None:
        self.words = message or self.message
        self.field = field
        super().__init__(self.words)

    @property
    def fields(self) -> dict[str, list[str]]:
        """The field at fault, with the words, as forms and the API show them."""
        return {self.field: [self.words]} if self.field else {}


class Invalid(Refusal):
    """A value that cannot be: 0 days, a past date, a fraction of a cent."""

    code = "invalid"
    message = "This value cannot be."
