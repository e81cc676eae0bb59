"""The socket to the queue: a hint that a sweep of the timetable has work at once."""

from __future__ import annotations

from functools import partial

import structlog
from celery import current_app
from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError
from kombu.pools import producers

logger = structlog.get_logger(__name__)

PREFIX = "timetable."


def hint(name: str) -> None:
    """Tell the workers, once this transaction is committed, that an entry has work.

    Where the queue is away the hint is lost and nothing else: the database holds what is due,
    and the timetable looks for it.
    """
    if settings.QUEUE_HINTS:
        transaction.on_commit(partial(_send, name), robust=True)


def _send(name: str) -> None:
    # Somebody waits for the page: one attempt, and none of the pauses between Celery's own.
    connection = current_app.connection_for_write(transport_options={"max_retries": 0})
    try:
        with producers[connection].acquire(block=True, timeout=1) as producer:
            current_app.send_task(f"{PREFIX}{name}", producer=producer, retry=False)
    except OperationalError:
        logger.warning("hint_lost", entry=name)
