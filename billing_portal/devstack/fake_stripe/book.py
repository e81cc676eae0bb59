"""The fake's store: objects, notes and timers in one SQLite database, under one lock."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import random
import sqlite3
import string
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from billing_portal.devstack.fake_stripe.refusals import Missing, Refused

Json = dict[str, Any]
Clock = Callable[[], dt.datetime | float]

API_VERSION = "2026-08-26.dahlia"
ALPHABET = string.ascii_letters + string.digits
SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE, kind TEXT, created INT, body TEXT);
CREATE INDEX IF NOT EXISTS by_kind ON objects (kind, seq);
CREATE INDEX IF NOT EXISTS by_customer ON objects (kind, json_extract(body, '$.customer'));
CREATE INDEX IF NOT EXISTS by_intent ON objects (kind, json_extract(body, '$.payment_intent'));
CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, value TEXT);
CREATE TABLE IF NOT EXISTS timers (id TEXT PRIMARY KEY, kind TEXT, at INT);
CREATE TABLE IF NOT EXISTS keys (
    key TEXT PRIMARY KEY, fingerprint TEXT, status INT, body TEXT, at INT);
CREATE TABLE IF NOT EXISTS plants (
    id INTEGER PRIMARY KEY, method TEXT, pattern TEXT, fault TEXT, seconds REAL, times INT);
CREATE TABLE IF NOT EXISTS deliveries (
    id INTEGER PRIMARY KEY, event TEXT, type TEXT, endpoint TEXT, due REAL, tries INT, state TEXT,
    status INT);
CREATE INDEX IF NOT EXISTS due ON deliveries (state, due);
"""
TABLES = ("objects", "notes", "timers", "keys", "plants", "deliveries")


@dataclass
class Moment:
    """One request while it runs: who asks, what happened, and whether anybody will hear of it."""

    request: str | None = None
    key: str | None = None
    version: str = API_VERSION
    events: list[Json] = field(default_factory=list)
    silent: bool = False
    lost: bool = False


class Book:
    """Everything the fake knows."""

    def __init__(self, path: str | Path = ":memory:", *, seed: int | None = None) -> None:
        self.lock = threading.RLock()
        self.moment = Moment()
        self._dice = random.Random(seed)  # noqa: S311 - names of play money
        self._clock: Clock = time.time
        # Whoever writes events turns them into deliveries; set by the FakeStripe.
        self.publish: Callable[[], None] = lambda: None
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._database.row_factory = sqlite3.Row
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.executescript(SCHEMA)

    def close(self) -> None:
        """Let go of the database."""
        with self.lock:
            self._database.close()

    def empty(self) -> None:
        """Forget everything."""
        with self.lock:
            for table in TABLES:
                self.run(f"DELETE FROM {table}")  # noqa: S608 - our own names

    def run(self, statement: str, *values: Any) -> list[sqlite3.Row]:
        """Run one statement and return its rows."""
        with self.lock:
            return self._database.execute(statement, values).fetchall()

    @contextlib.contextmanager
    def within(self, moment: Moment) -> Iterator[Moment]:
        """Do all or nothing, but keep what a declined card leaves; then tell what happened."""
        with self.lock:
            self.moment = moment
            self.run("BEGIN")
            try:
                yield moment
            except Refused as refused:
                self._end(refused.keeps_writes)
                raise
            except BaseException:
                self._end(False)
                raise
            self._end(True)

    def _end(self, keep: bool) -> None:
        if keep:
            self.publish()
        self.run("COMMIT" if keep else "ROLLBACK")
        self.moment = Moment()

    # --- Time -------------------------------------------------------------------------------

    def now(self) -> int:
        """Return the fake's time in whole seconds."""
        return int(self.instant())

    def instant(self) -> float:
        """Return the fake's time."""
        read = self._clock()
        seconds = read.timestamp() if isinstance(read, dt.datetime) else float(read)
        return seconds + float(self.note("clock_offset") or 0)

    def set_clock(self, clock: Clock) -> None:
        """Let somebody else say what time it is."""
        self._clock = clock

    def advance(self, seconds: float) -> None:
        """Move time on."""
        self.write_note("clock_offset", str(float(self.note("clock_offset") or 0) + seconds))

    def wake_at(self, identity: str, kind: str, at: int) -> None:
        """Remember that something happens to an object at that time."""
        self.run("INSERT OR REPLACE INTO timers VALUES (?, ?, ?)", identity, kind, at)

    def let_sleep(self, identity: str) -> None:
        """Forget what was to happen to it."""
        self.run("DELETE FROM timers WHERE id = ?", identity)

    def due_timers(self) -> list[tuple[str, str]]:
        """Return the ids and kinds of what is due, the earliest first."""
        rows = self.run("SELECT id, kind FROM timers WHERE at <= ? ORDER BY at", self.now())
        return [(row["id"], row["kind"]) for row in rows]

    # --- Names and notes --------------------------------------------------------------------

    def new_id(self, prefix: str, length: int = 24) -> str:
        """Return a name that nothing has."""
        return f"{prefix}_" + "".join(self._dice.choices(ALPHABET, k=length))

    def note(self, name: str) -> str | None:
        """Return what was noted under a name."""
        rows = self.run("SELECT value FROM notes WHERE name = ?", name)
        return rows[0]["value"] if rows else None

    def write_note(self, name: str, value: str) -> None:
        """Note something that no object shows."""
        self.run("INSERT OR REPLACE INTO notes VALUES (?, ?)", name, value)

    # --- Objects ----------------------------------------------------------------------------

    def add(self, thing: Json) -> Json:
        """Write a new object."""
        created = thing.get("created", self.now())
        self.run(
            "INSERT INTO objects (id, kind, created, body) VALUES (?, ?, ?, ?)",
            thing["id"],
            thing["object"],
            created,
            json.dumps(thing),
        )
        return thing

    def change(self, thing: Json) -> Json:
        """Write an object over."""
        self.run("UPDATE objects SET body = ? WHERE id = ?", json.dumps(thing), thing["id"])
        return thing

    def remove(self, identity: str) -> None:
        """Delete an object."""
        self.run("DELETE FROM objects WHERE id = ?", identity)

    def find(self, identity: str | None, kind: str | None = None) -> Json | None:
        """Return an object, or nothing."""
        rows = self.run("SELECT kind, body FROM objects WHERE id = ?", identity)
        if not rows or (kind and rows[0]["kind"] != kind):
            return None
        found: Json = json.loads(rows[0]["body"])
        return found

    def get(self, kind: str, identity: str, *, param: str = "id") -> Json:
        """Return an object.

        :raises Missing: there is none.
        """
        found = self.find(identity, kind)
        if found is None:
            raise Missing(_noun(kind), identity, param=param)
        return found

    def all(self, kind: str, **fields: Any) -> list[Json]:
        """Return the objects of a kind with these fields, newest first."""
        wanted = "".join(f" AND json_extract(body, '$.{name}') IS ?" for name in fields)
        rows = self.run(
            f"SELECT body FROM objects WHERE kind = ?{wanted} ORDER BY seq DESC",  # noqa: S608 - our own names
            kind,
            *fields.values(),
        )
        return [json.loads(row["body"]) for row in rows]


def _noun(kind: str) -> str:
    """Return how Stripe calls a kind when there is none."""
    names = {"payment_intent": "payment_intent", "payment_method": "PaymentMethod"}
    return names.get(kind, kind)
