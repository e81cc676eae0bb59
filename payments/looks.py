"""When Stripe is asked again about what it never answered: pure sums of instants."""

from __future__ import annotations

import datetime as dt

PAUSES = tuple(dt.timedelta(minutes=minutes) for minutes in (1, 5, 30))
THEN = dt.timedelta(hours=1)


def next_look(asked_at: dt.datetime, *, looks: int, now: dt.datetime) -> dt.datetime:
    """Answer the next look after so many: 1, 5 and 30 minutes after the asking, then hourly."""
    return asked_at + PAUSES[looks] if looks < len(PAUSES) else now + THEN
