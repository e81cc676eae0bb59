"""Celery's doors to the timetable."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from billing_portal.celery import app
from billing_portal.entries import Entry
from billing_portal.timetable import TIMETABLE, beat_schedule, task_name


def _door(entry: Entry) -> Any:
    @app.task(name=task_name(entry))  # type: ignore[untyped-decorator]  # Celery has no types
    def door() -> None:
        entry.ring(now=timezone.now())

    return door


DOORS = {entry.name: _door(entry) for entry in TIMETABLE}
app.conf.beat_schedule = beat_schedule()
