"""Which period an organization was in at an instant that has passed, and how that one stood."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from accounts.models import Act, Organization
from plans.following import grace_end
from plans.models import Period, Rental, ResourceCount
from plans.periods import DAY, day_starts_at
from plans.terms import PHONE_NUMBERS

# The acts that write down that the product itself began a period; those of people have a reason.
BY_ITSELF = ("renew", "change_plan")


@dataclass(frozen=True, slots=True)
class PeriodThen:
    """A period at an instant: since when it was the current one, its end, and its limit.

    ``waits_until`` is how long it went on after its end, waiting for what follows by itself.
    ``grace_is_known`` unless it was paid since, and the grace is as long as one is today.
    """

    period: Period
    begun_at: dt.datetime
    ends_at: dt.datetime
    waits_until: dt.datetime | None
    grace_ends_at: dt.datetime | None
    grace_is_known: bool
    session_limit: int | None


@dataclass(frozen=True, slots=True)
class Extension:
    """A trial was extended: from when, and until when it had run before."""

    at: dt.datetime
    ended_at: dt.datetime


@dataclass(frozen=True, slots=True)
class CountThen:
    """How many of a resource there were; ``is_known`` unless it was reported anew since."""

    used: int
    is_known: bool


def periods_begun(organization: Organization) -> list[tuple[dt.datetime, Period]]:
    """Answer all periods, each with the instant at which it became the current one.

    That is when the one before it was replaced: a renewal begins on its day, and some minutes
    late. The first begins as it is applied.
    """
    begun, before = [], None
    for period in organization.periods.select_related("version", "invoice").order_by("number"):
        at = before.replaced_at if before and before.replaced_at else period.starts_at
        begun.append((at, period))
        before = period
    return begun


def period_then(organization: Organization, *, at: dt.datetime) -> PeriodThen | None:
    """Answer the current period of that instant as it stood, none before the first."""
    begun = [(since, period) for since, period in periods_begun(organization) if since <= at]
    if not begun:
        return None
    since, period = begun[-1]
    later = [one for one in extensions(period) if one.at > at]
    ends_at = later[0].ended_at if later else _ends_at(period, at=at)
    grace_ends_at = _grace(period, since, at=at)
    return PeriodThen(
        period=period,
        begun_at=since,
        ends_at=ends_at,
        waits_until=None if later else period.renews_until,
        grace_ends_at=grace_ends_at,
        grace_is_known=grace_ends_at == period.grace_ends_at,
        session_limit=_session_limit(period, since, at=at),
    )


def extensions(period: Period) -> list[Extension]:
    """Answer how a trial was extended, in order; nothing of other periods."""
    if not period.extensions:
        return []
    acts = Act.objects.filter(organization_id=period.organization_id, verb="extend_trial")
    return [
        Extension(act.at, _midnight_after(dt.date.fromisoformat(act.before["last_day"]), period))
        for act in acts.order_by("at", "id")
    ]


def had_number(organization: Organization, *, at: dt.datetime) -> CountThen:
    """Answer how many phone numbers were rented, or else as many as had been reported."""
    rented = Rental.objects.filter(
        organization=organization, item=Rental.PHONE_NUMBER, began_at__lte=at
    )
    held = rented.exclude(ended_at__lte=at).count()
    return CountThen(held, True) if held else count_then(organization, PHONE_NUMBERS, at=at)


def count_then(organization: Organization, resource: str, *, at: dt.datetime) -> CountThen:
    """Answer how many of a resource there were; only the last report is kept."""
    counts = ResourceCount.objects.filter(organization=organization, resource=resource)
    count = counts.first()
    if count is None:
        return CountThen(0, True)
    return CountThen(count.used, count.reported_at <= at)


def _ends_at(period: Period, *, at: dt.datetime) -> dt.datetime:
    """Answer the end that a period had of itself: what replaced it may have cut it short.

    One that was cancelled in its grace ended with that; its invoice tells the days it had before.
    """
    canceled = Act.objects.filter(
        organization_id=period.organization_id, verb="cancel", at=period.ends_at
    )
    last_day = period.invoice.service_last_day if period.invoice else None
    if last_day is None or not canceled.exists():
        return _midnight_after(period.last_day, period)
    return period.ends_at if period.ends_at <= at else _midnight_after(last_day, period)


def _midnight_after(last_day: dt.date, period: Period) -> dt.datetime:
    return day_starts_at(last_day + DAY, ZoneInfo(period.time_zone))


def _grace(period: Period, since: dt.datetime, *, at: dt.datetime) -> dt.datetime | None:
    """Answer the end of the grace in which it ran unpaid, none where it was paid by then."""
    if period.grace_ends_at is not None:
        return period.grace_ends_at
    invoice = period.invoice
    if invoice is None or not _began_by_itself(period, since):
        return None
    paid = invoice.settled_at is not None and invoice.settled_at <= at
    return None if paid else grace_end(period)


def _began_by_itself(period: Period, since: dt.datetime) -> bool:
    acts = Act.objects.filter(organization_id=period.organization_id, at=since, reason="")
    return acts.filter(verb__in=BY_ITSELF).exists()


def _session_limit(period: Period, since: dt.datetime, *, at: dt.datetime) -> int | None:
    acts = Act.objects.filter(organization_id=period.organization_id, verb="session_limit")
    last = acts.filter(at__gte=since, at__lte=at).first()
    return last.after["session_limit"] if last else None
