"""The platform is told how a subscription stands whenever that is another than it was."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import partial
from typing import Any

from accounts.callbacks import Event, News, owe_callbacks
from accounts.models import Organization
from plans.models import Subscription
from plans.standing import standing_of


def announce(subscription: Subscription, event: Event, *, key: str, now: dt.datetime) -> None:
    """Owe the news of a subscription; within the transaction that made it so."""
    owe_callbacks([_news(subscription, event, key, now)], now=now)


def announce_begun(
    subscription: Subscription, *, ran: bool, now: dt.datetime, why: str = ""
) -> None:
    """Owe the news that a period runs: in the place of one that ``ran``, or where nothing did.

    ``why`` tells the occasions of one period apart: it was extended, or paid after all.
    """
    owe_callbacks([_begun(subscription, ran, now, why)], now=now)


def announce_all_begun(
    subscriptions: Sequence[tuple[Subscription, bool]], *, now: dt.datetime
) -> None:
    """Owe the news of several, each with whether it is in the place of a period that ran."""
    owe_callbacks([_begun(subscription, ran, now) for subscription, ran in subscriptions], now=now)


def announce_end(subscription: Subscription, *, now: dt.datetime) -> None:
    """Owe the news that a period is over, once, whoever notices it first; none while it runs."""
    announce_ends([subscription], now=now)


def announce_ends(subscriptions: Sequence[Subscription], *, now: dt.datetime) -> None:
    """Owe the news of those whose period is over; of the others none."""
    news = [
        _news(subscription, Event.SUBSCRIPTION_ENDED, _key(subscription), now)
        for subscription in subscriptions
        if subscription.period.is_over(now)
    ]
    if news:
        owe_callbacks(news, now=now)


def subscription_of(organization: Organization) -> Subscription:
    """Answer an organization's subscription as it is now."""
    subscriptions = Subscription.objects.select_related("organization", "period", "version__plan")
    return subscriptions.get(organization=organization)


def _key(subscription: Subscription) -> str:
    return f"{subscription.period_id}:{subscription.period.extensions}"


def _begun(subscription: Subscription, ran: bool, now: dt.datetime, why: str = "") -> News:
    event = Event.SUBSCRIPTION_CHANGED if ran else Event.SUBSCRIPTION_STARTED
    return _news(subscription, event, f"{_key(subscription)}{why}", now)


def _news(subscription: Subscription, event: Event, key: str, now: dt.datetime) -> News:
    return News(subscription.organization, event, key, partial(_facts, subscription, now=now))


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
