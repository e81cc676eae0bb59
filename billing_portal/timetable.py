"""When what is due is looked for."""

from typing import Any


def beat_schedule() -> dict[str, dict[str, Any]]:
    """Write the timetable as Celery beat reads it."""
    return {}
