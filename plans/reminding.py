"""Owners are told that a trial or plan is about to end, and that it ended; each once."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import structlog
from django.db import transaction

from accounts.letters import owe_letter
from plans import marks
from plans.announcing import announce_end, subscription_of
from plans.models import Counter, Period, ScheduledChange, Subscription
from plans.periods import day_starts_at
from plans.terms import SESSIONS
from wallet.credits import plain

logger = structlog.get_logger(__name__)


def watch_from_start(period: Period, *, now: dt.datetime) -> None:
    """Note the marks that are passed when a period begins, before it is saved: no letter."""
    period.marks_passed = sorted(marks.passed(_watched(period, Decimal(0), now)))
    period.look_at = next_look(period)


def watch_again(period: Period, *, now: dt.datetime) -> None:
    """Make the day letters and the end letter of an extended trial due again."""
    reached = marks.passed(_watched(period, _sessions(period), now))
    mailed_sessions = {mark for mark in period.marks_passed if mark in marks.PERCENTS}
    period.marks_passed = sorted(mailed_sessions | reached)
    if not reached & mailed_sessions:
        period.reminded_at = None
    period.look_at = next_look(period)
    period.save(update_fields=["marks_passed", "reminded_at", "look_at"])


def next_look(period: Period) -> dt.datetime:
    """Answer the instant of the next day mark that is still to come, or of the end."""
    zone = period.organization.zone
    days = marks.days_of_marks(trial=period.version.is_trial, last_day=period.last_day)
    ahead = [
        day_starts_at(day, zone) for mark, day in days.items() if mark not in period.marks_passed
    ]
    return min([*ahead, period.over_at])


def remind_due(*, now: dt.datetime, limit: int = 1000) -> int:
    """Look at the periods that are due for it, one at a time; answers how many."""
    due = Period.objects.filter(look_at__lte=now).order_by("look_at", "id")
    ids = list(due.values_list("pk", flat=True)[:limit])
    looked = 0
    for pk in ids:
        try:
            looked += _look(pk, now=now)
        except Exception:  # a bad row is logged and looked at again, the others go on
            logger.exception("period_not_looked_at", period=pk)
    return looked


@transaction.atomic
def _look(pk: int, *, now: dt.datetime) -> bool:
    period = (
        Period.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("organization", "version")
        .filter(pk=pk, look_at__lte=now, replaced_at__isnull=True)
        .first()
    )
    if period is None:
        return False
    if period.is_over(now):
        _tell_ended(period, now=now)
        period.look_at = None
    else:
        _remind(period, now=now)
        period.look_at = next_look(period)
    period.save(update_fields=["look_at", "marks_passed", "reminded_at"])
    return True


def _remind(period: Period, *, now: dt.datetime) -> None:
    watched = _watched(period, _sessions(period), now)
    fresh = marks.passed(watched) - set(period.marks_passed)
    period.marks_passed = sorted({*period.marks_passed, *fresh})
    mark = marks.latest(fresh)
    if mark is None:
        return
    if not watched.trial:
        if _ends_for_good(period):
            _tell(period, "period_ending", watched, now=now)
        return
    period.reminded_at = period.reminded_at or now
    _tell(period, f"trial_{mark}", watched, now=now)


def _ends_for_good(period: Period) -> bool:
    """Answer whether nothing follows by itself, and its owner has not decided so himself."""
    if period.renews_until is not None or period.is_unpaid:
        return False
    organization = period.organization
    if ScheduledChange.objects.filter(organization=organization).exists():
        return False
    canceled = Subscription.objects.filter(period=period, canceled_at__isnull=False)
    return not canceled.exists()


def _tell_ended(period: Period, *, now: dt.datetime) -> None:
    code = "trial_ended" if period.version.is_trial else "subscription_ended"
    if period.is_overdue(now):
        code = "payment_overdue"
    _tell(period, code, _watched(period, _sessions(period), now), now=now)
    announce_end(subscription_of(period.organization), now=now)


def _tell(period: Period, code: str, watched: marks.Watched, *, now: dt.datetime) -> None:
    # Session marks are mailed once per period; days and the end once per last day.
    again = "" if "sessions" in code else f":{period.extensions}"
    owe_letter(
        period.organization,
        code=code,
        key=f"{code}:{period.pk}{again}",
        context={
            "plan": period.version.name,
            "last_day": f"{period.last_day:%-d %B %Y}",
            "days_left": watched.days_left,
            "sessions": plain(watched.sessions),
            "quota": watched.quota,
            "used_up": period.used_up_at is not None,
        },
        now=now,
    )


def _watched(period: Period, sessions: Decimal, now: dt.datetime) -> marks.Watched:
    return marks.Watched(
        trial=period.version.is_trial,
        days_left=period.days_left(now),
        sessions=sessions,
        quota=period.version.terms.quotas.get(SESSIONS),
    )


def _sessions(period: Period) -> Decimal:
    counter = Counter.objects.of(period).filter(meter=SESSIONS).first()
    return counter.used if counter else Decimal(0)
