"""Many threads at once, each with a database connection of its own, started together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet


def at_once(count: int, work: Callable[[int], object]) -> list[BaseException]:
    """Run ``work(n)`` in ``count`` threads that start together; answers what they raised."""
    start = threading.Barrier(count)
    raised: list[BaseException] = []

    def run(number: int) -> None:
        try:
            start.wait()
            work(number)
        except BaseException as error:  # noqa: BLE001 - the test judges what was raised
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def take_out_row_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plant a fault: from now on ``SELECT … FOR UPDATE`` locks nothing, anywhere."""

    def unlocked(rows: QuerySet[Any], **_: object) -> QuerySet[Any]:
        return rows.all()

    monkeypatch.setattr(QuerySet, "select_for_update", unlocked)


@contextmanager
def database_changed(function: str, words: str, others: str) -> Iterator[None]:
    """Plant a fault: while this lasts, a function of the database says something else."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_functiondef(%s::regproc)", [function])
        [original] = cursor.fetchone() or [""]
        assert words in original
        cursor.execute(original.replace(words, others))
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(original)


@contextmanager
def charging_without_the_lock() -> Iterator[None]:
    """Plant a fault: while this lasts, charges read without taking the wallets."""
    lock = "FOR UPDATE OF w"
    with database_changed("usage_holdings", lock, ""), database_changed("usage_charge", lock, ""):
        yield
