"""What an invariant is, and those of this floor: letters and callbacks do not lie about."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import connection

MOST_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Broken:
    """A row that breaks an invariant: what is wrong, and where it stands."""

    what: str
    where: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


@dataclass(frozen=True, slots=True)
class Invariant:
    """A sentence that is always true of the books, and the query for the rows that break it.

    The query answers two texts per row, what and where, and may name the instant ``%(now)s``.
    It is one statement, so it sees one state of the books while others go on writing.
    """

    code: str
    sentence: str
    sql: str

    def broken(self, *, now: dt.datetime) -> list[Broken]:
        """Answer the rows that break it, the first fifty."""
        shown = f"SELECT * FROM ({self.sql}) AS found LIMIT {MOST_SHOWN}"  # noqa: S608 - our own text
        with connection.cursor() as cursor:
            cursor.execute(shown, {"now": now})
            return [Broken(str(what), str(where)) for what, where in cursor.fetchall()]


INVARIANTS = (
    Invariant(
        "I16a",
        "no letter waits for longer than a day",
        """
        SELECT code || ' waits since ' || created_at, 'letter ' || id
        FROM accounts_letter
        WHERE status = 'waiting' AND created_at < %(now)s - interval '1 day'
        ORDER BY id
        """,
    ),
    Invariant(
        "I18",
        "no letter is owed or sent twice",
        """
        SELECT key || ' is owed ' || count(*) || ' times', 'organization ' || organization_id
        FROM accounts_letter GROUP BY organization_id, key HAVING count(*) > 1
        ORDER BY organization_id, key
        """,
    ),
    Invariant(
        "I16g",
        "no callback waits for a day after it was due, but behind another",
        """
        SELECT event || ' is due since ' || due_at, 'callback ' || id
        FROM accounts_callback
        WHERE status = 'waiting'
          AND due_at < %(now)s - interval '1 day'
          AND NOT EXISTS (
            SELECT FROM accounts_callback ahead
            WHERE ahead.status = 'waiting'
              AND ahead.endpoint_id = accounts_callback.endpoint_id
              AND ahead.organization_id = accounts_callback.organization_id
              AND (ahead.replayed_at IS NULL) = (accounts_callback.replayed_at IS NULL)
              AND ahead.id < accounts_callback.id)
        ORDER BY id
        """,
    ),
    Invariant(
        "I18b",
        "no callback is delivered before the one ahead of it",
        """
        SELECT event || ' came before callback ' || ahead, 'callback ' || id
        FROM (
          SELECT id, event, delivered_at,
                 max(delivered_at) OVER before AS latest,
                 lag(id) OVER (PARTITION BY endpoint_id, organization_id ORDER BY id) AS ahead
          FROM accounts_callback
          WHERE status = 'delivered' AND replayed_at IS NULL
          WINDOW before AS (PARTITION BY endpoint_id, organization_id ORDER BY id
                            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) AS sent
        -- Each worker writes down the instant at which its sweep began, by its own clock.
        WHERE latest > delivered_at + interval '10 minutes'
        ORDER BY id
        """,
    ),
)
