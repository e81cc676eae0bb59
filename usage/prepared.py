"""Statements that are asked over and over: each connection has the server parse them once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from django.db import connection


class _Prepared(psycopg.Cursor[Any]):
    """A cursor that prepares at once, where the settings let statements be prepared at all."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> _Prepared:
        super().execute(query, params, prepare=True, **options)
        return self


def ask(statement: str, parameters: Sequence[Any] | Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Run a statement with its parameters bound by the server, and answer its rows."""
    connection.ensure_connection()
    cursor: Any = _Prepared(connection.connection)
    # Django's own wrapper: it names errors as Django does, and counts statements for the tests.
    wrap = connection.make_debug_cursor if connection.queries_logged else connection.make_cursor
    with wrap(cursor) as wrapped:
        wrapped.execute(statement, parameters)
        rows: list[tuple[Any, ...]] = wrapped.fetchall()
    return rows
