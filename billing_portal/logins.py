"""Log-ins that ended are forgotten, so that their table does not grow for ever."""

from __future__ import annotations

import datetime as dt

from django.contrib.sessions.models import Session


def forget_logins(*, now: dt.datetime) -> int:
    """Delete browser sessions that ended; answers how many."""
    deleted, _ = Session.objects.filter(expire_date__lt=now).delete()
    return deleted
