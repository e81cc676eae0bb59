"""The free trial: started once ever, and extended by staff."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from django.db import transaction

from accounts.acting import record_act, require_reason
from accounts.models import Organization, User
from accounts.refusals import Invalid
from plans.announcing import announce_begun, announce_end, subscription_of
from plans.applying import PlanRequest, apply_plan
from plans.beginning import lock_subscription
from plans.models import Counter, Period, Plan, PlanVersion
from plans.periods import DAY, NoPeriod, day_starts_at, last_day_of
from plans.refusals import NotOnTrial, PreviewOutdated
from plans.reminding import watch_again
from plans.terms import SESSIONS
from wallet.granting import move_plan_credits
from wallet.ledger import lock_wallet

EXTENDED = (
    "used_up_at",
    "sessions_reset_at",
    "last_day",
    "ends_at",
    "extensions",
    "extended_at",
)


def trial_plan() -> Plan | None:
    """Answer the catalogue's trial plan, none where it has none."""
    plans = Plan.objects.filter(
        version__kind=PlanVersion.Kind.TRIAL, version__public=True, retired_at__isnull=True
    )
    return plans.order_by("position", "id").first()


def start_trial(organization: Organization, *, now: dt.datetime) -> Period | None:
    """Start the catalogue's trial for a new organization; none where there is no trial."""
    plan = trial_plan()
    if plan is None:
        return None
    request = PlanRequest(plan=plan.code)
    return apply_plan(organization, request, reason="Signed up", announce=False, now=now)


def extended_last_day(period: Period, *, days: int, now: dt.datetime) -> dt.date:
    """Answer the new last day: days after a running trial's, or that many from today.

    :raises Invalid: fewer than one day, or beyond ten years.
    """
    organization = period.organization
    try:
        if period.is_over(now):
            return last_day_of(organization.today(now), days)
        return last_day_of(period.last_day + DAY, days)
    except (NoPeriod, OverflowError) as error:
        raise Invalid(str(error), field="days") from error


@transaction.atomic
def extend_trial(
    organization: Organization,
    *,
    days: int,
    reason: str,
    now: dt.datetime,
    digest: str | None = None,
    actor: User | None = None,
) -> Period:
    """Extend a trial: the same period, with its counters and without new credits.

    Used-up sessions start again at zero; the day letters and the end letter are due again.

    :raises NotOnTrial: the current plan is no trial.
    """
    reason = require_reason(reason)
    lock_wallet(organization.pk)
    subscription = lock_subscription(organization)
    if subscription is None or not subscription.version.is_trial:
        raise NotOnTrial
    period = Period.objects.select_for_update(of=("self",)).get(pk=subscription.period_id)
    before = period.last_day
    last_day = extended_last_day(period, days=days, now=now)
    if digest is not None and digest != extension_digest(period, last_day):
        raise PreviewOutdated
    ran = not period.is_over(now)
    announce_end(subscription, now=now)
    _start_sessions_again(period, now=now)
    period.last_day = last_day
    # In the zone in which it began, also where the organization has moved since.
    period.ends_at = day_starts_at(last_day + DAY, ZoneInfo(period.time_zone))
    period.extensions += 1
    period.extended_at = now
    period.save(update_fields=EXTENDED)
    watch_again(period, now=now)
    move_plan_credits(organization, expires_at=period.ends_at, now=now)
    announce_begun(subscription_of(organization), ran=ran, now=now)
    record_act(
        organization,
        verb="extend_trial",
        summary=f"Trial extended by {days} days to {last_day:%-d %b %Y}",
        reason=reason,
        now=now,
        actor=actor,
        before={"last_day": before.isoformat()},
        after={"last_day": last_day.isoformat()},
    )
    return period


def _start_sessions_again(period: Period, *, now: dt.datetime) -> None:
    if period.used_up_at:
        Counter.objects.of(period).filter(meter=SESSIONS).update(used=0)
        period.sessions_reset_at = now
    period.used_up_at = None


def extension_digest(period: Period, last_day: dt.date) -> str:
    """A fingerprint of an extension that is confirmed."""
    return f"{period.pk}.{period.extensions}.{period.used_up_at is not None}.{last_day}"
