"""The API speaks JSON in UTF-8 and nothing else, whatever a client asks for or sends."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import IO, Any, NoReturn

from django.http import UnreadablePostError
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class StrictJSONParser(BaseParser):
    """Read one JSON text as RFC 8259 has it: no NaN, no other encoding, no name twice, no abyss."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Answer what the body says.

        :raises ParseError: it is no JSON.
        """
        try:
            return json.loads(
                stream.read().decode(),
                parse_constant=_refuse_constant,
                object_pairs_hook=_object_of,
            )
        except RecursionError as error:
            raise ParseError("The body is nested too deeply.") from error
        except UnreadablePostError as error:
            raise ParseError("The body ended early.") from error
        except ValueError as error:
            told = "a number is too long" if "int_max_str_digits" in str(error) else str(error)
            raise ParseError(f"The body is not JSON: {told}"[:300]) from error


class OnlyJson(DefaultContentNegotiation):
    """Answer in JSON, also to those who would prefer something else."""

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        """Choose the first renderer without looking at what is accepted."""
        first = next(iter(renderers))
        return first, first.media_type


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number.")


def _object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object; which of two values under one name is meant, nobody can know."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object has a name twice.")
    return found
