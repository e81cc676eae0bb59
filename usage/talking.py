"""A transaction of two statements in two round trips, where Django's takes four.

Waiting for the server costs both sides more than most statements do. In libpq's pipeline mode what
is sent up to a sync is one transaction: it begins with the first statement and is committed right
after the last, and neither BEGIN nor COMMIT is waited for.
"""

from __future__ import annotations

import itertools
import select
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from psycopg.errors import InvalidSqlStatementName, error_from_result
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

Session = psycopg.Connection[Any]
# The statements that a session's server keeps planned, and the names it knows them by.
_kept: WeakKeyDictionary[Session, dict[str, bytes]] = WeakKeyDictionary()
_numbers = itertools.count()


class ForgottenError(Exception):
    """The server keeps a statement no longer: psycopg has it forget all after some rollbacks."""


def can_talk() -> bool:
    """Answer whether no transaction is open, nobody listens, and statements may be prepared."""
    own = connections[DEFAULT_DB_ALIAS]
    listens = own.queries_logged or own.execute_wrappers
    prepares = own.settings_dict["OPTIONS"].get("prepare_threshold") is not None
    return prepares and not (listens or own.in_atomic_block)


@contextmanager
def talking() -> Iterator[Talk]:
    """Open a transaction; it is committed where the block ends without an error.

    :raises ForgottenError: nothing was done; it will be known again the next time.
    """
    own = connections[DEFAULT_DB_ALIAS]
    own.close_if_health_check_failed()
    own.ensure_connection()
    session: Session = own.connection
    with own.wrap_database_errors:
        talk = Talk(session)
        try:
            yield talk
            talk.end()
        except ForgottenError:
            del _kept[session]
            talk.end()
            raise
        except BaseException:
            # Whatever was told is taken back, and nobody goes on in the middle of it.
            session.close()
            own.close()
            raise


class Talk:
    """What is sent to the server up to one sync."""

    def __init__(self, session: Session) -> None:
        self._server = session.pgconn
        self._kept = _kept.setdefault(session, {})
        self._unanswered = 0
        self._server.enter_pipeline_mode()

    def ask(self, statement: str, parameters: Sequence[str | None]) -> list[tuple[Any, ...]]:
        """Run a statement, and answer its rows as texts."""
        self.tell(statement, parameters)
        self._server.send_flush_request()
        return [row for result in self._results() for row in _rows(result)]

    def tell(self, statement: str, parameters: Sequence[str | None]) -> None:
        """Run a statement whose answer can wait for the end."""
        if statement not in self._kept:
            self._kept[statement] = b"kept_%d" % next(_numbers)
            self._server.send_prepare(self._kept[statement], _numbered(statement))
            self._unanswered += 1
        values = [None if value is None else value.encode() for value in parameters]
        self._server.send_query_prepared(self._kept[statement], values)
        self._unanswered += 1

    def end(self) -> None:
        """Commit, if nothing has failed."""
        self._server.pipeline_sync()
        self._unanswered += 1
        self._results()
        self._server.exit_pipeline_mode()

    def _results(self) -> list[PGresult]:
        """Wait until everything is answered that was sent."""
        results: list[PGresult] = []
        while self._unanswered:
            self._wait()
            result = self._server.get_result()
            if result is not None:
                results.append(result)
            if result is None or result.status == ExecStatus.PIPELINE_SYNC:
                self._unanswered -= 1
        for result in results:
            if result.status == ExecStatus.FATAL_ERROR:
                error = error_from_result(result)
                raise ForgottenError if isinstance(error, InvalidSqlStatementName) else error
        return results

    def _wait(self) -> None:
        """Send what the socket did not take yet, and wait for a whole result."""
        poll = select.poll()
        while (unsent := self._server.flush()) or self._server.is_busy():
            poll.register(self._server.socket, select.POLLIN | (select.POLLOUT if unsent else 0))
            poll.poll()
            self._server.consume_input()


def _numbered(statement: str) -> bytes:
    first, *rest = statement.split("%s")
    return "".join([first, *(f"${place}{part}" for place, part in enumerate(rest, 1))]).encode()


def _rows(result: PGresult) -> Iterator[tuple[Any, ...]]:
    for row in range(result.ntuples):
        values = (result.get_value(row, column) for column in range(result.nfields))
        yield tuple(None if value is None else value.decode() for value in values)
