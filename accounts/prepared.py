"""Statements that are asked over and over: each connection has the server parse them once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.backends.utils import CursorWrapper
from psycopg.errors import InvalidSqlStatementName, error_from_result
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

Session = psycopg.Connection[Any]
# The statements that a session's server keeps for `ask_alone`, and the names it knows them by.
_kept: WeakKeyDictionary[Session, dict[str, bytes]] = WeakKeyDictionary()


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


def ask_alone(statement: str, parameters: Sequence[str | None]) -> str | None:
    """Run a statement that is all there is to its transaction, and answer its one value as text.

    Past psycopg's cursors, which cost as much as the statement itself; within a transaction, where
    somebody listens, and where nothing may be prepared, with one of them.
    """
    own = connections[DEFAULT_DB_ALIAS]
    prepares = own.settings_dict["OPTIONS"].get("prepare_threshold") is not None
    if own.in_atomic_block or own.queries_logged or own.execute_wrappers or not prepares:
        [(value,)] = ask(statement, parameters)
        return None if value is None else str(value)
    own.close_if_health_check_failed()
    own.ensure_connection()
    session: Session = own.connection
    values = [None if value is None else value.encode() for value in parameters]
    with own.wrap_database_errors:
        try:
            result = _run(session, statement, values)
        except InvalidSqlStatementName:
            # psycopg has the server forget all of them after some rollbacks.
            del _kept[session]
            result = _run(session, statement, values)
    answer = result.get_value(0, 0)
    return None if answer is None else answer.decode()


def _run(session: Session, statement: str, values: Sequence[Any]) -> PGresult:
    """Run a statement; a value of none is a NULL, though psycopg's types do not say so."""
    kept = _kept.setdefault(session, {})
    if statement not in kept:
        name = b"kept_%d" % len(kept)
        _checked(session, session.pgconn.prepare(name, _numbered(statement)))
        kept[statement] = name
    return _checked(session, session.pgconn.exec_prepared(kept[statement], values))


def _checked(session: Session, result: PGresult) -> PGresult:
    if result.status in (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK):
        return result
    if session.closed:
        raise psycopg.OperationalError("the server closed the connection before it answered")
    raise error_from_result(result)


def _numbered(statement: str) -> bytes:
    first, *rest = statement.split("%s")
    return "".join([first, *(f"${place}{part}" for place, part in enumerate(rest, 1))]).encode()
