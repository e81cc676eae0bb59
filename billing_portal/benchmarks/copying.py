"""The limit of taking rows in: COPY of charged events into a table with the same indexes."""

from __future__ import annotations

import time

from django.db import connection

from billing_portal.benchmarks.machine import Work

ROWS = 20_000
TABLE = "bench_copied"
COLUMNS = (
    "organization_id, event_id, kind, agent_id, period_id, channel, meter, "
    "started_at, recorded_at, credits, facts, trace"
)
CREATE = f"CREATE TABLE IF NOT EXISTS {TABLE} (LIKE usage_usageevent INCLUDING ALL)"
READ = f"COPY (SELECT {COLUMNS} FROM usage_usageevent ORDER BY id DESC LIMIT {ROWS}) TO STDOUT"
WRITE = f"COPY {TABLE} ({COLUMNS}) FROM STDIN"


class Copying:
    """Rows that the product wrote, copied in again: no charge, no check, no foreign key."""

    def __init__(self) -> None:
        self._text = b""
        self._rows = 0

    def run(self, seconds: float) -> Work:
        """Copy for so long; emptying the table in between is not counted."""
        self._read_once()
        done, spent, cpu = 0, 0.0, 0.0
        with connection.cursor() as cursor:
            cursor.execute(CREATE)
            while spent < seconds:
                began, used = time.perf_counter(), time.process_time()
                with cursor.cursor.copy(WRITE) as copy:
                    copy.write(self._text)
                spent += time.perf_counter() - began
                cpu += time.process_time() - used
                done += self._rows
                cursor.execute(f"TRUNCATE {TABLE}")
        return Work(done, spent, [], {"client": cpu})

    def _read_once(self) -> None:
        if self._rows:
            return
        with connection.cursor() as cursor, cursor.cursor.copy(READ) as copy:
            self._text = b"".join(bytes(part) for part in copy)
        self._rows = self._text.count(b"\n")
