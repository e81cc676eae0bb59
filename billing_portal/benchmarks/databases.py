"""Databases of the bench's own on the server that is measured, and what server that is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from django.db import connection

SETTINGS = ("fsync", "synchronous_commit", "full_page_writes", "shared_buffers", "max_wal_size")
DURABLE = ("fsync", "synchronous_commit", "full_page_writes")


@contextmanager
def using(database: str) -> Iterator[None]:
    """Let this process's connection be one to another database of the same server."""
    own = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = database
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = own


def create(name: str, *, like: str | None = None) -> None:
    """Create a database, empty or as a copy of one to which nobody is connected."""
    drop([name])
    _administer(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{like}"' if like else ""))


def drop(names: Sequence[str]) -> None:
    """Drop databases with what is in them and whoever is connected."""
    for name in names:
        _administer(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _administer(statement: str) -> None:
    with using("postgres"), connection.cursor() as cursor:
        cursor.execute(statement)


def server_settings() -> dict[str, str]:
    """Answer the server's version and what decides whether a commit survives."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, current_setting(name) FROM pg_settings WHERE name = ANY(%s)",
            [["server_version", *SETTINGS]],
        )
        return dict(cursor.fetchall())


def is_durable(settings: dict[str, str]) -> bool:
    """Answer whether every commit reaches the disk."""
    return all(settings[name] == "on" for name in DURABLE)


def server_process() -> int | None:
    """Answer the id of the server's first process; none where it runs on another machine."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = Path("/proc") / str(cursor.fetchone()[0])
    try:
        name, _, fields = (backend / "stat").read_text().rpartition(")")
    except OSError:
        return None
    return int(fields.split()[1]) if "postgres" in name else None
