"""A plan takes effect: the running period ends, a fresh one begins with its credits."""

from __future__ import annotations

import datetime as dt

from accounts.models import Organization
from invoices.models import Invoice
from plans.announcing import announce_begun, announce_end
from plans.following import note_what_follows
from plans.models import Period, PlanVersion, ScheduledChange, Subscription
from plans.periods import Window
from plans.reminding import watch_from_start
from wallet.credits import Credits
from wallet.granting import end_plan_credits, grant_credits
from wallet.models import CreditGrant, Wallet
from wallet.pausing import set_pause_terms


def lock_subscription(organization: Organization) -> Subscription | None:
    """Take the organization's subscription for this transaction, after its wallet."""
    return (
        Subscription.objects.select_for_update(of=("self",))
        .select_related("period__invoice", "period__organization", "version__plan", "organization")
        .filter(organization=organization)
        .first()
    )


def begin_period(
    wallet: Wallet,
    subscription: Subscription | None,
    *,
    organization: Organization,
    version: PlanVersion,
    window: Window,
    source: Period.Source,
    now: dt.datetime,
    anchor_day: int | None = None,
) -> Period:
    """Begin a period under the locks of wallet and subscription.

    Closes the running period at the new one's start, expires its plan credits and grants new
    ones. Counters belong to a period, so the new one begins without any. A cancellation is taken
    back, and what was scheduled is dropped, but for a renewal.
    """
    ran = subscription is not None and _close(subscription, at=window.starts_at, now=now)
    end_plan_credits(organization, now=now)
    period = Period.objects.create(
        organization=organization,
        version=version,
        number=subscription.period.number + 1 if subscription else 1,
        source=source,
        time_zone=organization.time_zone,
        first_day=window.first_day,
        last_day=window.last_day,
        starts_at=window.starts_at,
        ends_at=window.ends_at,
    )
    if source != Period.Source.RENEWED:
        ScheduledChange.objects.filter(organization=organization).delete()
    subscription, _ = Subscription.objects.update_or_create(
        organization=organization,
        defaults={
            "version": version,
            "period": period,
            "anchor_day": anchor_day or window.first_day.day,
            "canceled_at": None,
        },
    )
    note_what_follows(subscription)
    watch_from_start(period, now=now)
    terms = version.terms
    set_pause_terms(wallet, overdraft=terms.overdraft, pause_when=terms.pause_when)
    _grant_included(period, Credits(terms.included_credits), now=now)
    announce_begun(subscription, ran=ran, now=now)
    return period


def _grant_included(period: Period, credits: Credits, *, now: dt.datetime) -> None:
    if credits:
        grant_credits(
            period.organization,
            kind=CreditGrant.Kind.PLAN,
            credits=credits,
            key=f"period:{period.pk}",
            expires_at=period.ends_at,
            description=f"Included in {period.version.name}",
            now=now,
        )


def _close(subscription: Subscription, *, at: dt.datetime, now: dt.datetime) -> bool:
    """Close the current period; answers whether it still ran."""
    period = subscription.period
    ran = not period.is_over(now)
    period.ends_at = max(min(period.ends_at, at), period.starts_at)
    period.replaced_at, period.look_at, period.charge_at = now, None, None
    period.save(update_fields=["ends_at", "replaced_at", "look_at", "charge_at"])
    # Something else takes its place before it was paid.
    if period.is_unpaid and period.invoice and period.invoice.status == Invoice.Status.OPEN:
        period.invoice.move(Invoice.Status.VOID, settled_at=now)
    if not ran:
        # Nobody may have noticed yet; whoever else does locks the period first, as we have.
        announce_end(subscription, now=now)
    return ran
