"""A sweep goes through its rows for a while, and leaves the rest to later ones, and what failed."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

Row = TypeVar("Row")

FIRST_PAUSE = dt.timedelta(minutes=1)


def for_a_while(rows: Iterable[Row], *, span: dt.timedelta) -> Iterator[Row]:
    """Answer rows, or chunks of them, until a span of real time is over.

    A claim is made for as long from the sweep's start: a sweep that took longer would claim what
    has run out already, and another worker would do it again.
    """
    began = time.monotonic()
    for row in rows:
        if time.monotonic() - began > span.total_seconds():
            return
        yield row


def pause_after(attempts: int) -> dt.timedelta:
    """Answer how long a row waits that failed so often: a minute, then twice as long each time."""
    pause: dt.timedelta = FIRST_PAUSE * 2 ** (attempts - 1)
    return pause
