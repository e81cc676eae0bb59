"""How an organization stands, at the moment of the question: badge, period, days left."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from accounts.models import Organization
from plans.models import Period, PlanVersion, Subscription


class Badge(StrEnum):
    """The one word that is shown beside a plan."""

    NONE = "none"
    TRIAL = "trial"
    TRIAL_ENDING = "trial_ending"
    ACTIVE = "active"
    PAYMENT_ISSUE = "payment_issue"
    CANCELED = "canceled"
    EXPIRED = "expired"

    @property
    def label(self) -> str:
        return LABELS[self]


LABELS = {
    Badge.NONE: "No subscription",
    Badge.TRIAL: "Trial subscription",
    Badge.TRIAL_ENDING: "Trial ending soon",
    Badge.ACTIVE: "Active subscription",
    Badge.PAYMENT_ISSUE: "Payment issue",
    Badge.CANCELED: "Canceled subscription",
    Badge.EXPIRED: "Expired subscription",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an organization stands with its plan."""

    badge: Badge
    version: PlanVersion | None = None
    period: Period | None = None
    days_left: int = 0
    # Staff renew every plan; there will be a day once plans renew by themselves.
    next_billing_day: dt.date | None = None

    @property
    def is_over(self) -> bool:
        return self.badge in (Badge.EXPIRED, Badge.NONE)

    @property
    def what_happens_next(self) -> str:
        """One sentence for the owner: what comes after the last day."""
        if self.period is None:
            return "No plan has been applied yet."
        last = f"{self.period.last_day:%-d %B %Y}"
        if self.is_over:
            return f"It ended; the last day was {last}. Nothing was deleted."
        return f"It ends after {last}; nothing is deleted, and everything resumes once renewed."


def standing(organization: Organization, *, now: dt.datetime) -> Standing:
    """Answer how an organization stands now, in one statement."""
    subscription = (
        Subscription.objects.select_related("period", "version__plan")
        .filter(organization=organization)
        .first()
    )
    if subscription is None:
        return Standing(Badge.NONE)
    return standing_of(subscription, organization=organization, now=now)


def standing_of(
    subscription: Subscription, *, organization: Organization, now: dt.datetime
) -> Standing:
    """Answer how an organization stands with a subscription that is at hand."""
    period = subscription.period
    period.organization = organization
    return Standing(
        badge=_badge(subscription, period, now),
        version=subscription.version,
        period=period,
        days_left=period.days_left(now),
    )


def _badge(subscription: Subscription, period: Period, now: dt.datetime) -> Badge:
    if period.is_over(now):
        return Badge.EXPIRED
    if not subscription.version.is_trial:
        return Badge.ACTIVE
    return Badge.TRIAL_ENDING if period.reminded_at else Badge.TRIAL
