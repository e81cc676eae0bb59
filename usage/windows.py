"""A session is counted by 24-hour windows from its start: at least one, real hours; pure sums."""

from __future__ import annotations

import datetime as dt

WINDOW_LENGTH = dt.timedelta(hours=24)
# Stands between the id of a session and the number of a later window; no id has it.
MARK = "\x1f"


def count_windows(started_at: dt.datetime, ended_at: dt.datetime) -> int:
    """Answer how many windows a session has opened: exactly 24 hours are one, 36 are two."""
    return max(-(-(ended_at - started_at) // WINDOW_LENGTH), 1)


def opens_at(started_at: dt.datetime, window: int) -> dt.datetime:
    """Answer when a window opens; the first has the number 0."""
    return started_at + WINDOW_LENGTH * window


def window_id(event_id: str, window: int) -> str:
    """Answer the id under which a window is charged, where it is not the session's own."""
    return f"{event_id}{MARK}{window}"


def ids_of(event_id: str, windows: int) -> list[str]:
    """Answer every id under which a session of so many windows may have been charged."""
    return [event_id, *(window_id(event_id, window) for window in range(windows))]
