"""What renewals are measured beside: a transaction of twelve statements for each subscription."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import psycopg
from django.db import connection

from billing_portal.benchmarks.machine import Work
from billing_portal.benchmarks.tpcb import SETTLE_SECONDS

TABLES = """
DROP SCHEMA IF EXISTS loop CASCADE;
CREATE SCHEMA loop;
CREATE TABLE loop.plan (id int PRIMARY KEY, price bigint, credits bigint);
INSERT INTO loop.plan VALUES (1, 9900, 100);
CREATE TABLE loop.account (organization int PRIMARY KEY, credits bigint) WITH (fillfactor = 50);
CREATE TABLE loop.subscription (
    organization int PRIMARY KEY, plan int NOT NULL, starts date NOT NULL, ends date NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX ON loop.subscription (ends, organization);
CREATE TABLE loop.period (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organization int NOT NULL, starts date NOT NULL, ends date NOT NULL,
    UNIQUE (organization, starts)
);
CREATE TABLE loop.entry (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, organization int NOT NULL,
    credits bigint NOT NULL, balance bigint NOT NULL, period bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON loop.entry (organization, id);
CREATE TABLE loop.series (next_number bigint NOT NULL);
INSERT INTO loop.series VALUES (1);
CREATE TABLE loop.invoice (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, number bigint NOT NULL UNIQUE,
    organization int NOT NULL, period bigint NOT NULL UNIQUE, total bigint NOT NULL,
    issued date NOT NULL
);
CREATE INDEX ON loop.invoice (organization, issued);
CREATE TABLE loop.line (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, invoice bigint NOT NULL,
    position smallint NOT NULL, words text NOT NULL, amount bigint NOT NULL,
    UNIQUE (invoice, position)
);
CREATE TABLE loop.document (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, invoice bigint NOT NULL,
    done boolean NOT NULL DEFAULT false
);
"""
FILL_UP = """
WITH missing AS (SELECT %s - count(*) AS n FROM loop.subscription WHERE ends <= '2026-02-01'),
     more AS (SELECT coalesce(max(organization), 0) AS last FROM loop.subscription),
     made AS (INSERT INTO loop.account SELECT last + g, 7
              FROM missing, more, generate_series(1, n) g RETURNING organization)
INSERT INTO loop.subscription SELECT organization, 1, '2026-01-01', '2026-02-01' FROM made
"""
TO_RENEW = """
SELECT organization, plan, ends, (ends + interval '1 month')::date FROM loop.subscription
WHERE ends <= '2026-02-01' ORDER BY ends, organization LIMIT 1000
"""
LOCK = "SELECT FROM loop.subscription WHERE organization = %s FOR UPDATE"
PLAN = "SELECT price, credits FROM loop.plan WHERE id = %s"
PERIOD = "INSERT INTO loop.period (organization, starts, ends) VALUES (%s, %s, %s) RETURNING id"
SUBSCRIPTION = "UPDATE loop.subscription SET starts = %s, ends = %s WHERE organization = %s"
ACCOUNT = "UPDATE loop.account SET credits = %s WHERE organization = %s"
ENTRY = "INSERT INTO loop.entry (organization, credits, balance, period) VALUES (%s, %s, %s, %s)"
NUMBER = "UPDATE loop.series SET next_number = next_number + 1 RETURNING next_number - 1"
INVOICE = """
INSERT INTO loop.invoice (number, organization, period, total, issued)
VALUES (%s, %s, %s, %s, %s) RETURNING id
"""
LINE = "INSERT INTO loop.line (invoice, position, words, amount) VALUES (%s, %s, %s, %s)"
DOCUMENT = "INSERT INTO loop.document (invoice) VALUES (%s)"
LINES = 3


class Loop:
    """One transaction for each: a lock, a plan, a period, an entry, a number, an invoice, lines."""

    def __init__(self, database: str, size: int) -> None:
        self._database, self._size = database, size
        with self._connect() as server:
            server.execute(TABLES)

    def _connect(self) -> psycopg.Connection:
        where = connection.settings_dict
        return psycopg.connect(
            host=where["HOST"],
            port=where["PORT"],
            user=where["USER"],
            password=where["PASSWORD"],
            dbname=self._database,
            autocommit=True,
        )

    def before(self) -> None:
        """Let so many be due."""
        with self._connect() as server:
            server.execute(FILL_UP, [self._size])
            server.execute("ANALYZE")

    def run(self, seconds: float) -> Work:
        """Renew one after the other for so long."""
        with self._connect() as server:
            work = _work(server, seconds)
        # The server process is counted once the server has buried it.
        time.sleep(SETTLE_SECONDS)
        return work


def _work(server: psycopg.Connection, seconds: float) -> Work:
    done, cpu, began = 0, time.process_time(), time.perf_counter()
    while found := server.execute(TO_RENEW).fetchall():
        for subscription in found:
            passed = time.perf_counter() - began
            if passed > seconds:
                return Work(done, passed, [], {"client": time.process_time() - cpu})
            with server.transaction():
                _renew(server, *subscription)
            done += 1
    passed = time.perf_counter() - began
    return Work(done, passed, [], {"client": time.process_time() - cpu})


def _renew(
    server: psycopg.Connection, organization: int, plan: int, starts: Any, ends: Any
) -> None:
    server.execute(LOCK, [organization])
    price, credits = _asked(server, PLAN, [plan])
    [period] = _asked(server, PERIOD, [organization, starts, ends])
    server.execute(SUBSCRIPTION, [starts, ends, organization])
    server.execute(ACCOUNT, [credits, organization])
    server.execute(ENTRY, [organization, credits, credits, period])
    [number] = _asked(server, NUMBER, [])
    [invoice] = _asked(server, INVOICE, [number, organization, period, price, starts])
    for position in range(1, LINES + 1):
        server.execute(LINE, [invoice, position, "Plan", price])
    server.execute(DOCUMENT, [invoice])


def _asked(server: psycopg.Connection, statement: str, values: Sequence[Any]) -> tuple[Any, ...]:
    row = server.execute(statement, values).fetchone()
    assert row is not None, statement
    return row
