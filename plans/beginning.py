"""Plans take effect: running periods end, fresh ones begin with their credits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from accounts.models import Organization
from accounts.saving import add_each, save_each
from invoices.models import Invoice
from invoices.totals import Line
from plans.announcing import announce_all_begun, announce_ends
from plans.following import Prospects, grace_end
from plans.models import Period, PlanVersion, ScheduledChange, Subscription
from plans.periods import Window
from plans.reminding import watch_from_start
from wallet.credits import Credits
from wallet.granting import Granting, end_plan_credits, grant_several
from wallet.models import CreditGrant, Wallet
from wallet.pausing import PauseTerms, set_pause_terms


@dataclass(frozen=True, slots=True)
class Beginning:
    """A plan that is to take effect for an organization; its wallet and subscription are locked.

    Where ``unpaid`` lines are still to be invoiced it runs on grace until they are paid.
    """

    organization: Organization
    wallet: Wallet
    subscription: Subscription | None
    version: PlanVersion
    window: Window
    source: Period.Source
    anchor_day: int
    unpaid: Sequence[Line] = ()


def lock_subscription(organization: Organization) -> Subscription | None:
    """Take the organization's subscription for this transaction, after its wallet."""
    return (
        Subscription.objects.select_for_update(of=("self",))
        .select_related("period__invoice", "period__organization", "version__plan", "organization")
        .filter(organization=organization)
        .first()
    )


def lock_subscriptions(organization_ids: Collection[int]) -> list[Subscription]:
    """Take several organizations' subscriptions for this transaction, after their wallets."""
    rows = Subscription.objects.select_for_update(of=("self",))
    rows = rows.select_related("organization", "period").filter(pk__in=organization_ids)
    subscriptions = list(rows.order_by("pk"))
    # There are few versions: each is read once.
    versions = PlanVersion.objects.select_related("plan__version").in_bulk(
        {subscription.version_id for subscription in subscriptions}
    )
    for subscription in subscriptions:
        subscription.version = versions[subscription.version_id]
        subscription.period.organization = subscription.organization
    return subscriptions


def begin_period(beginning: Beginning, *, now: dt.datetime) -> Period:
    """Begin the period of one organization."""
    prospects = Prospects.of([beginning.organization.pk])
    return begin_periods([beginning], prospects, now=now)[0]


def begin_periods(
    beginnings: Sequence[Beginning], prospects: Prospects, *, now: dt.datetime
) -> list[Period]:
    """Begin the periods of several organizations, in statements that do not become more.

    Closes running periods at the new ones' start, expires their plan credits and grants new
    ones. Counters belong to a period, so a new one begins without any. A cancellation is taken
    back, and what was scheduled is dropped, but for a renewal.
    """
    ran = _close_current(beginnings, now=now)
    end_plan_credits([beginning.organization.pk for beginning in beginnings], now=now)
    chosen = {b.organization.pk for b in beginnings if b.source != Period.Source.RENEWED}
    if chosen:
        ScheduledChange.objects.filter(organization__in=chosen).delete()
        prospects = prospects.without_changes(chosen)
    subscriptions = [_begun(beginning, prospects, now=now) for beginning in beginnings]
    periods = [subscription.period for subscription in subscriptions]
    add_each(periods)
    _save(beginnings, subscriptions)
    set_pause_terms((b.wallet, _pause_terms(b.version)) for b in beginnings)
    _grant_included(periods, now=now)
    announce_all_begun(list(zip(subscriptions, ran, strict=True)), now=now)
    return periods


def _close_current(beginnings: Sequence[Beginning], *, now: dt.datetime) -> list[bool]:
    """Close the current periods; answers of which organizations one still ran."""
    held = [beginning.subscription for beginning in beginnings]
    ran = [one is not None and not one.period.is_over(now) for one in held]
    closed = []
    for beginning in beginnings:
        if beginning.subscription:
            period = beginning.subscription.period
            period.ends_at = max(min(period.ends_at, beginning.window.starts_at), period.starts_at)
            period.replaced_at, period.look_at, period.charge_at = now, None, None
            closed.append(period)
    save_each(closed, ["ends_at", "replaced_at", "look_at", "charge_at"])
    for period in closed:
        # Something else takes its place before it was paid.
        if period.is_unpaid and period.invoice and period.invoice.status == Invoice.Status.OPEN:
            period.invoice.move(Invoice.Status.VOID, settled_at=now)
    # Nobody may have noticed yet; whoever else does locks the period first, as we have.
    announce_ends([one for one, runs in zip(held, ran, strict=True) if one and not runs], now=now)
    return ran


def _begun(beginning: Beginning, prospects: Prospects, *, now: dt.datetime) -> Subscription:
    """Answer the subscription with its new period; both are still to be saved."""
    organization, window = beginning.organization, beginning.window
    subscription = beginning.subscription or Subscription(organization=organization)
    # Not before the one that it follows, whose clock may have been ahead, also across midnight.
    follows = beginning.subscription.period if beginning.subscription else None
    starts_at = max(window.starts_at, follows.starts_at) if follows else window.starts_at
    local_day = starts_at.astimezone(ZoneInfo(organization.time_zone)).date()
    period = Period(
        organization=organization,
        version=beginning.version,
        number=follows.number + 1 if follows else 1,
        source=beginning.source,
        time_zone=organization.time_zone,
        first_day=max(window.first_day, local_day),
        last_day=window.last_day,
        starts_at=starts_at,
        ends_at=window.ends_at,
    )
    subscription.version, subscription.period = beginning.version, period
    subscription.anchor_day, subscription.canceled_at = beginning.anchor_day, None
    period.renews_until = prospects.waits_until(subscription)
    watch_from_start(period, now=now)
    if beginning.unpaid:
        _run_on_grace(period, grace_end(period, days=prospects.grace_days), now=now)
    return subscription


def _run_on_grace(period: Period, grace_ends_at: dt.datetime, *, now: dt.datetime) -> None:
    period.grace_ends_at, period.charge_at, period.renews_until = grace_ends_at, now, None
    period.look_at = min(end for end in (period.look_at, grace_ends_at) if end)


def _save(beginnings: Sequence[Beginning], subscriptions: Sequence[Subscription]) -> None:
    for subscription in subscriptions:
        # The period was added meanwhile: only now it has an id.
        subscription.period = subscription.period
    pairs = list(zip(beginnings, subscriptions, strict=True))
    add_each([subscription for beginning, subscription in pairs if not beginning.subscription])
    known = [subscription for beginning, subscription in pairs if beginning.subscription]
    save_each(known, ["version", "period", "anchor_day", "canceled_at"])


def _pause_terms(version: PlanVersion) -> PauseTerms:
    return PauseTerms(version.terms.overdraft, version.terms.pause_when)


def _grant_included(periods: Sequence[Period], *, now: dt.datetime) -> None:
    grant_several(
        [
            Granting(
                period.organization_id,
                CreditGrant.Kind.PLAN,
                Credits(period.version.terms.included_credits),
                f"period:{period.pk}",
                min(period.ends_at, period.grace_ends_at or period.ends_at),
                f"Included in {period.version.name}",
            )
            for period in periods
            if period.version.terms.included_credits
        ],
        now=now,
    )
