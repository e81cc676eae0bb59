"""Plans are renewed by themselves, and scheduled changes take effect, on their local day."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import structlog
from django.db import transaction

from accounts.acting import record_act
from accounts.models import Organization
from invoices.issuing import issue_invoice, totals_now
from plans.beginning import begin_period, lock_subscription
from plans.following import grace_end, note_what_follows, renews, scheduled_change
from plans.models import Period, PlanVersion, Rental, ScheduledChange, Subscription
from plans.periods import Window, window_after, window_from
from plans.pricing import period_lines
from wallet.granting import move_plan_credits, revive_credits
from wallet.ledger import lock_wallet

logger = structlog.get_logger(__name__)

CHUNK = 1000


def renew_due(*, now: dt.datetime, limit: int = CHUNK) -> int:
    """Begin the next period of every subscription that is due; answers how many began.

    Each in a transaction of its own, found by state: it may be run late, twice and at once.
    Charging for it is another sweep's, after this has committed.
    """
    begun = 0
    for pk in _due(now, limit):
        try:
            begun += _begin_next(pk, now=now)
        except Exception:  # a bad row is logged and looked at again, the others go on
            logger.exception("not_renewed", organization=pk)
    return begun


def _due(now: dt.datetime, limit: int) -> list[int]:
    """Answer the organizations of which a period has ended, or a change's day has come."""
    ended = Period.objects.filter(
        ends_at__lte=now, renews_until__isnull=False, replaced_at__isnull=True
    )
    changed = ScheduledChange.objects.filter(starts_at__lte=now)
    # While a renewal is unpaid its owner settles before anything else.
    changed = changed.filter(organization__subscription__period__grace_ends_at__isnull=True)
    found = [
        *ended.order_by("ends_at").values_list("organization_id", flat=True)[:limit],
        *changed.order_by("starts_at").values_list("organization_id", flat=True)[:limit],
    ]
    return list(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class Next:
    """What begins: a version, its days, and whether it renews or was chosen."""

    version: PlanVersion
    window: Window
    source: Period.Source
    anchor_day: int


@transaction.atomic
def _begin_next(organization_id: int, *, now: dt.datetime) -> bool:
    wallet = lock_wallet(organization_id)
    organization = Organization.objects.get(pk=organization_id)
    subscription = lock_subscription(organization)
    if subscription is None or subscription.period.is_unpaid:
        return False
    following = _what_begins(organization, subscription, now=now)
    if following is None:
        return False
    period = begin_period(
        wallet,
        subscription,
        organization=organization,
        version=following.version,
        window=following.window,
        source=following.source,
        anchor_day=following.anchor_day,
        now=now,
    )
    ask_for_payment(period, following.window, now=now)
    _write_act(period, now=now)
    return True


def _what_begins(
    organization: Organization, subscription: Subscription, *, now: dt.datetime
) -> Next | None:
    change, due = scheduled_change(organization), _is_due(subscription, now)
    # A late sweep renews what ended before the day of the change, as it would have in time.
    renews_first = change is None or (due and subscription.period.ends_at < change.starts_at)
    zone = organization.zone
    if change is not None and change.starts_at <= now and not renews_first:
        chosen = _version_of(change)
        if chosen is None:
            _drop_change(change, subscription, now=now)
            return None
        change.delete()
        anchor_day = change.starts_on.day
        # From its day on, however late this runs.
        window = window_from(change.starts_at, zone, chosen.terms.period, anchor_day)
        return Next(chosen, window, Period.Source.CHOSEN, anchor_day)
    if not due:
        return None
    version = _newest(subscription.version, organization.currency)
    last_day, anchor_day = subscription.period.last_day, subscription.anchor_day
    window = window_after(last_day, zone, version.terms.period, anchor_day)
    return Next(version, window, Period.Source.RENEWED, anchor_day)


def _is_due(subscription: Subscription, now: dt.datetime) -> bool:
    period = subscription.period
    waits = period.renews_until is not None and period.ends_at <= now
    return waits and not period.is_unpaid and renews(subscription)


def _version_of(change: ScheduledChange) -> PlanVersion | None:
    """Answer the terms of the plan that was chosen, none where it is sold no more."""
    version = change.plan.version
    sold = version is not None and not change.plan.retired_at
    priced = version is not None and version.terms.price_in(change.organization.currency)
    return version if sold and priced is not None else None


def _newest(version: PlanVersion, currency: str) -> PlanVersion:
    """Answer the plan's terms of today, or the ones it has where the plan is sold no more."""
    newest = version.plan.version
    if newest is None or version.plan.retired_at or newest.terms.price_in(currency) is None:
        return version
    return newest


def _drop_change(change: ScheduledChange, subscription: Subscription, *, now: dt.datetime) -> None:
    """Take a change back whose plan is sold no more; what runs goes on as it would have."""
    change.delete()
    note_what_follows(subscription)
    summary = f"{change.plan} is sold no more: the change of {change.starts_on} was dropped"
    record_act(change.organization, verb="cancel_change", summary=summary, now=now)


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
    key, ends = f"period:{period.pk}", period.ends_at
    revive_credits(period.organization, key=key, expires_at=ends, now=now)
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
