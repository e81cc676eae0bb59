"""What an invariant is, and those of this floor: letters are owed once and do not lie about."""

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
)
