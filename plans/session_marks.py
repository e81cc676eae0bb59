"""Sessions were counted: a trial may end with them, and an owner may have to be told."""

from __future__ import annotations

import datetime as dt

from accounts.callbacks import Event, owe_callback
from accounts.letters import owe_letter
from plans import marks
from plans.models import Counter, Period
from plans.session_limits import ALMOST_PERCENT, session_limit
from plans.terms import SESSIONS

REACHED = 100
LIMIT_MARKS = (REACHED, ALMOST_PERCENT)


def note_sessions(period_id: int, *, now: dt.datetime) -> None:
    """Act on the sessions that a period has counted; within the charge's transaction.

    A trial whose quota is used up ends now; where it has reached a mark the reminders' sweep is
    asked to look. On a paid plan the owner is told of 80 % and 100 % of the limit, once each.
    """
    period = Period.objects.select_related("version", "organization").get(pk=period_id)
    limit = session_limit(period)
    if limit is None or period.replaced_at is not None:
        return
    counter = Counter.objects.of(period).filter(meter=SESSIONS).first()
    used = counter.used if counter else 0
    if not period.version.is_trial:
        _tell_limit(period, int(used), limit, now=now)
        return
    if period.is_over(now):
        return
    if used >= limit:
        period.used_up_at = period.look_at = now
    elif any(used * 100 >= limit * percent for percent in marks.PERCENTS.values()):
        period.look_at = now
    period.save(update_fields=["used_up_at", "look_at"])


def _tell_limit(period: Period, used: int, limit: int, *, now: dt.datetime) -> None:
    mark = next((mark for mark in LIMIT_MARKS if used * 100 >= limit * mark), None)
    if mark is None:
        return
    is_new = owe_letter(
        period.organization,
        code=f"session_limit_{mark}",
        key=f"session_limit_{mark}:{period.pk}:{limit}",
        context={"sessions": str(used), "limit": limit},
        now=now,
    )
    if is_new and mark == REACHED:
        owe_callback(
            period.organization,
            event=Event.SESSION_LIMIT_REACHED,
            key=f"{period.pk}:{limit}",
            data={"used": used, "limit": limit},
            now=now,
        )
