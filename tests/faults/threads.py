"""Many threads at once, each with a database connection of its own, started together."""

from __future__ import annotations

import threading
from collections.abc import Callable

from django.db import connection


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
