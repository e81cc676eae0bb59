"""Celery's doors to the timetable, and the hint that there is work at once."""

from __future__ import annotations

from functools import partial
from typing import Any

import structlog
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError
from kombu.pools import producers

from billing_portal.celery import app
from billing_portal.timetable import TIMETABLE, Entry, beat_schedule, task_name

logger = structlog.get_logger(__name__)


def _door(entry: Entry) -> Any:
    @app.task(name=task_name(entry))  # type: ignore[untyped-decorator]  # Celery has no types
    def door() -> None:
        entry.ring(now=timezone.now())

    return door


DOORS = {entry.name: _door(entry) for entry in TIMETABLE}
app.conf.beat_schedule = beat_schedule()


def hint(name: str) -> None:
    """Tell the workers, once this transaction is committed, that an entry has work.

    Where the queue is away the hint is lost and nothing else: the database holds what is due,
    and the timetable looks for it.
    """
    transaction.on_commit(partial(_send, name), robust=True)


def _send(name: str) -> None:
    # Somebody waits for the page: one attempt, and none of the pauses between Celery's own.
    connection = app.connection_for_write(transport_options={"max_retries": 0})
    try:
        with producers[connection].acquire(block=True, timeout=1) as producer:
            DOORS[name].apply_async(producer=producer, retry=False)
    except OperationalError:
        logger.warning("hint_lost", entry=name)
