"""The platform is told how a subscription stands whenever that is another than it was."""

from __future__ import annotations

import datetime as dt
from typing import Any

from accounts.callbacks import Event, owe_callback
from accounts.models import Organization
from plans.models import Subscription
from plans.standing import standing_of


def announce(subscription: Subscription, event: Event, *, key: str, now: dt.datetime) -> None:
    """Owe the news of a subscription; within the transaction that made it so."""
    organization = subscription.organization
    owe_callback(organization, event=event, key=key, data=_facts(subscription, now=now), now=now)


def announce_begun(
    subscription: Subscription, *, ran: bool, now: dt.datetime, why: str = ""
) -> None:
    """Owe the news that a period runs: in the place of one that ``ran``, or where nothing did.

    ``why`` tells the occasions of one period apart: it was extended, or paid after all.
    """
    event = Event.SUBSCRIPTION_CHANGED if ran else Event.SUBSCRIPTION_STARTED
    announce(subscription, event, key=f"{_key(subscription)}{why}", now=now)


def announce_end(subscription: Subscription, *, now: dt.datetime) -> None:
    """Owe the news that a period is over, once, whoever notices it first; none while it runs."""
    if subscription.period.is_over(now):
        announce(subscription, Event.SUBSCRIPTION_ENDED, key=_key(subscription), now=now)


def subscription_of(organization: Organization) -> Subscription:
    """Answer an organization's subscription as it is now."""
    subscriptions = Subscription.objects.select_related("organization", "period", "version__plan")
    return subscriptions.get(organization=organization)


def _key(subscription: Subscription) -> str:
    return f"{subscription.period_id}:{subscription.period.extensions}"


def _facts(subscription: Subscription, *, now: dt.datetime) -> dict[str, Any]:
    """Write how it stands in the words of ``GET /organizations/{id}/billing/``."""
    stands = standing_of(subscription, organization=subscription.organization, now=now)
    period = subscription.period
    return {
        "badge": stands.badge.value,
        "banner": stands.banner,
        "plan": subscription.version.plan.code,
        "period": {
            "first_day": period.first_day.isoformat(),
            "last_day": period.last_day.isoformat(),
            "days_left": stands.days_left,
        },
    }
