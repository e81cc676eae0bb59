"""An owner cancels at the end of the period, and may undo that until then."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from accounts.acting import record_act
from accounts.callbacks import Event
from accounts.letters import owe_letter
from accounts.models import Organization, User
from invoices.models import Invoice
from plans.announcing import announce, announce_end
from plans.beginning import lock_subscription
from plans.following import note_what_follows
from plans.models import ScheduledChange, Subscription
from plans.refusals import NoSubscription, NotCanceled, PaidPlanOnly
from plans.reminding import next_look
from wallet.granting import end_plan_credits
from wallet.ledger import lock_wallet


@transaction.atomic
def cancel(organization: Organization, *, now: dt.datetime, actor: User | None = None) -> None:
    """Cancel a paid plan at its period's end; during a grace at once, with its open invoice.

    A scheduled change dies with it. Cancelled twice is cancelled once.

    :raises NoSubscription: there is no plan, or it ended already.
    :raises PaidPlanOnly: it is a trial.
    """
    lock_wallet(organization.pk)
    subscription = lock_subscription(organization)
    if subscription is None:
        raise NoSubscription
    if subscription.version.is_trial:
        raise PaidPlanOnly
    period = subscription.period
    if period.is_over(now) and not period.is_unpaid:
        raise NoSubscription("The subscription has ended already.")
    if subscription.canceled_at is not None:
        return
    subscription.canceled_at = now
    subscription.save(update_fields=["canceled_at"])
    ScheduledChange.objects.filter(organization=organization).delete()
    if period.is_unpaid:
        _end_at_once(subscription, now=now)
    else:
        note_what_follows(subscription)
        period.look_at = next_look(period)
        period.save(update_fields=["look_at"])
    _tell(subscription, now=now)
    summary = f"{subscription.version.name} cancelled, access through {period.last_day}"
    record_act(organization, verb="cancel", summary=summary, actor=actor, now=now)


def _end_at_once(subscription: Subscription, *, now: dt.datetime) -> None:
    period, organization = subscription.period, subscription.organization
    if period.invoice and period.invoice.status == Invoice.Status.OPEN:
        period.invoice.move(Invoice.Status.VOID, settled_at=now)
    period.ends_at = max(min(period.ends_at, now), period.starts_at)
    period.last_day = max(min(period.last_day, organization.today(now)), period.first_day)
    period.grace_ends_at = period.charge_at = period.renews_until = period.look_at = None
    period.save(
        update_fields=[
            "ends_at",
            "last_day",
            "grace_ends_at",
            "charge_at",
            "renews_until",
            "look_at",
        ]
    )
    end_plan_credits([organization.pk], now=now)


@transaction.atomic
def undo_cancel(organization: Organization, *, now: dt.datetime, actor: User | None = None) -> None:
    """Take a cancellation back, until the period is over.

    :raises NoSubscription: there is no plan.
    :raises NotCanceled: it is not cancelled, or has ended.
    """
    lock_wallet(organization.pk)
    subscription = lock_subscription(organization)
    if subscription is None:
        raise NoSubscription
    if subscription.canceled_at is None or subscription.period.is_over(now):
        raise NotCanceled
    subscription.canceled_at = None
    subscription.save(update_fields=["canceled_at"])
    note_what_follows(subscription)
    key = f"{subscription.period_id}:undone:{now.isoformat()}"
    announce(subscription, Event.SUBSCRIPTION_CHANGED, key=key, now=now)
    summary = f"Cancellation of {subscription.version.name} taken back"
    record_act(organization, verb="undo_cancel", summary=summary, actor=actor, now=now)


def _tell(subscription: Subscription, *, now: dt.datetime) -> None:
    period = subscription.period
    owe_letter(
        subscription.organization,
        code="subscription_canceled",
        key=f"subscription_canceled:{period.pk}:{now.isoformat()}",
        context={
            "plan": subscription.version.name,
            "last_day": f"{period.last_day:%-d %B %Y}",
            "at_once": period.is_over(now),
        },
        now=now,
    )
    key = f"{period.pk}:{now.isoformat()}"
    announce(subscription, Event.SUBSCRIPTION_CANCELED, key=key, now=now)
    announce_end(subscription, now=now)
