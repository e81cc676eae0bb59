"""Plans are renewed by themselves, and scheduled changes take effect, on their local day."""

from __future__ import annotations

import datetime as dt

import structlog
from django.db import transaction
from django.db.models import Q

from accounts.acting import record_act
from accounts.models import Organization
from invoices.issuing import issue_invoice, totals_now
from plans.beginning import begin_period, lock_subscription
from plans.following import grace_end, note_what_follows, renews, scheduled_change
from plans.models import Period, PlanVersion, Rental, ScheduledChange, Subscription
from plans.periods import Window, window_after, window_from
from plans.pricing import period_lines
from plans.refusals import PlanNotAvailable
from wallet.granting import move_plan_credits
from wallet.ledger import lock_wallet

logger = structlog.get_logger(__name__)

CHUNK = 1000


def renew_due(*, now: dt.datetime, limit: int = CHUNK) -> int:
    """Begin the next period of every subscription that is due; answers how many began.

    Each in a transaction of its own, found by state: it may be run late, twice and at once.
    Charging for it is another sweep's, after this has committed.
    """
    ended = Q(period__ends_at__lte=now, period__renews_until__isnull=False)
    changed = Q(organization__scheduled_change__starts_at__lte=now)
    ended &= Q(period__replaced_at__isnull=True)
    due = Subscription.objects.filter(ended | changed).order_by("period__ends_at", "pk")
    begun = 0
    for pk in list(due.values_list("pk", flat=True)[:limit]):
        try:
            begun += _begin_next(pk, now=now)
        except Exception:  # a bad row is logged and looked at again, the others go on
            logger.exception("not_renewed", organization=pk)
    return begun


@transaction.atomic
def _begin_next(organization_id: int, *, now: dt.datetime) -> bool:
    wallet = lock_wallet(organization_id)
    organization = Organization.objects.get(pk=organization_id)
    subscription = lock_subscription(organization)
    if subscription is None:
        return False
    change, due = scheduled_change(organization), _is_due(subscription, now)
    # A late sweep renews what ended before the day of the change, as it would have in time.
    renews_first = change is None or (due and subscription.period.ends_at < change.starts_at)
    if change is not None and change.starts_at <= now and not renews_first:
        version, source = _version_of(change), Period.Source.CHOSEN
        anchor_day = change.starts_on.day
        # From its day on, however late this runs.
        window = window_from(change.starts_at, organization.zone, version.terms.period, anchor_day)
        change.delete()
    elif due:
        version, source = _newest(subscription.version), Period.Source.RENEWED
        anchor_day = subscription.anchor_day
        window = window_after(
            subscription.period.last_day, organization.zone, version.terms.period, anchor_day
        )
    else:
        return False
    subscription.canceled_at = None
    period = begin_period(
        wallet,
        subscription,
        organization=organization,
        version=version,
        window=window,
        source=source,
        anchor_day=anchor_day,
        now=now,
    )
    ask_for_payment(period, window, now=now)
    _write_act(period, now=now)
    return True


def _is_due(subscription: Subscription, now: dt.datetime) -> bool:
    period = subscription.period
    waits = period.renews_until is not None and period.ends_at <= now
    return waits and not period.is_unpaid and renews(subscription)


def _version_of(change: ScheduledChange) -> PlanVersion:
    version = change.plan.version
    if version is None:
        raise PlanNotAvailable
    return version


def _newest(version: PlanVersion) -> PlanVersion:
    """Answer the plan's terms of today, or the ones it has where the plan is sold no more."""
    plan = version.plan
    return plan.version if plan.version and not plan.retired_at else version


def ask_for_payment(period: Period, window: Window, *, now: dt.datetime) -> None:
    """Invoice a period that began without being paid, and let it run on grace until it is.

    Where nothing is to pay there is no invoice, and the period runs.
    """
    organization = period.organization
    lines = period_lines(organization, period.version, window)
    Rental.objects.filter(organization=organization).update(prorata_period=None)
    if totals_now(lines, organization.currency).total.minor <= 0:
        return
    period.invoice = issue_invoice(
        organization,
        key=f"period:{period.pk}",
        lines=lines,
        service=(period.first_day, period.last_day),
        due_first=True,
        now=now,
    )
    period.grace_ends_at = grace_end(period)
    period.charge_at, period.renews_until = now, None
    period.look_at = min(end for end in (period.look_at, period.grace_ends_at) if end)
    period.save(update_fields=["invoice", "grace_ends_at", "charge_at", "renews_until", "look_at"])
    ends = min(period.ends_at, period.grace_ends_at)
    move_plan_credits(organization, expires_at=ends, now=now)


def keep_running(period: Period, *, now: dt.datetime) -> None:
    """Let a period that was paid within its grace run to its end, with all that it granted."""
    period.grace_ends_at = period.charge_at = None
    period.save(update_fields=["grace_ends_at", "charge_at"])
    move_plan_credits(period.organization, expires_at=period.ends_at, now=now)
    subscription = lock_subscription(period.organization)
    if subscription is not None and subscription.period_id == period.pk:
        note_what_follows(subscription)


def _write_act(period: Period, *, now: dt.datetime) -> None:
    words = "renewed" if period.source == Period.Source.RENEWED else "took effect"
    record_act(
        period.organization,
        verb="renew" if period.source == Period.Source.RENEWED else "change_plan",
        summary=f"{period} {words} by itself",
        now=now,
        after={"invoice": period.invoice.number if period.invoice else None},
    )
