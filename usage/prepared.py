"""Statements that are asked over and over: each connection has the server parse them once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from django.db import connection
from django.db.backends.utils import CursorWrapper


class _Prepared(psycopg.Cursor[Any]):
    """A cursor that prepares at once, where the settings let statements be prepared at all."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> _Prepared:
        super().execute(query, params, prepare=True, **options)
        return self


def ask(statement: str, parameters: Sequence[Any] | Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Run a statement with its parameters bound by the server, and answer its rows."""
    with _cursor() as cursor:
        cursor.execute(statement, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _cursor() -> CursorWrapper:
    if connection.queries_logged:
        # What was prepared has no text any more that the log of statements could show.
        return connection.cursor()
    connection.ensure_connection()
    cursor: Any = _Prepared(connection.connection)
    return connection.make_cursor(cursor)
