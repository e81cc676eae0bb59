"""How an organization stands, at the moment of the question: badge, period, days left."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from accounts.models import Organization
from plans.models import Period, PlanVersion, ScheduledChange, Subscription
from plans.periods import DAY, local_day


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
    """Where an organization stands with its plan, and what comes next."""

    badge: Badge
    version: PlanVersion | None = None
    period: Period | None = None
    days_left: int = 0
    is_over: bool = True
    is_trial: bool = False
    upcoming: ScheduledChange | None = None
    next_billing_day: dt.date | None = None
    # Set while a renewal is unpaid: the day on which access ends, or ended.
    access_ends_on: dt.date | None = None

    @property
    def runs_paid(self) -> bool:
        """Whether a plan runs that is no trial."""
        return self.period is not None and not self.is_trial and not self.is_over

    @property
    def is_canceled(self) -> bool:
        return self.badge == Badge.CANCELED

    @property
    def is_due(self) -> bool:
        """Whether a renewal is unpaid, also before its first charge has failed."""
        return self.period is not None and self.period.is_unpaid

    @property
    def can_cancel(self) -> bool:
        """Whether there is anything to cancel: a paid plan that runs, or its unpaid renewal."""
        return not self.is_trial and not self.is_canceled and (self.runs_paid or self.is_due)

    @property
    def banner(self) -> str | None:
        """The code of the banner that is shown on every page, if one is."""
        return "payment_pending" if self.access_ends_on else None

    @property
    def what_happens_next(self) -> str:
        """One sentence for the owner: what comes after the last day."""
        if self.period is None:
            return "No plan has been applied yet."
        last = f"{self.period.last_day:%-d %B %Y}"
        if self.access_ends_on is not None and not self.is_over:
            return f"The last payment failed; access ends on {self.access_ends_on:%-d %B %Y}."
        if self.access_ends_on is not None:
            return "Payment is overdue; everything resumes on the day it is paid."
        if self.is_over:
            return f"It ended; the last day was {last}. Nothing was deleted."
        if self.upcoming is not None and self.upcoming.starts_on == self.next_billing_day:
            return f"It changes to {self.upcoming.plan} on {self.upcoming.starts_on:%-d %B %Y}."
        if self.next_billing_day is not None:
            return f"It renews by itself on {self.next_billing_day:%-d %B %Y}."
        return f"It ends after {last}; nothing is deleted, and everything resumes once renewed."


def standing(organization: Organization, *, now: dt.datetime) -> Standing:
    """Answer how an organization stands now, in one statement."""
    subscription = (
        Subscription.objects.select_related(
            "period__invoice", "version__plan", "organization__scheduled_change__plan__version"
        )
        .filter(organization=organization)
        .first()
    )
    if subscription is None:
        return Standing(Badge.NONE)
    return standing_of(
        subscription,
        organization=organization,
        upcoming=getattr(subscription.organization, "scheduled_change", None),
        now=now,
    )


def standing_of(
    subscription: Subscription,
    *,
    organization: Organization,
    now: dt.datetime,
    upcoming: ScheduledChange | None = None,
) -> Standing:
    """Answer how an organization stands with a subscription that is at hand."""
    period = subscription.period
    period.organization, period.version = organization, subscription.version
    failed = period.is_unpaid and (period.failed_at is not None or period.is_overdue(now))
    ends = period.grace_ends_at if failed else None
    return Standing(
        badge=_badge(subscription, period, now),
        version=subscription.version,
        period=period,
        days_left=period.days_left(now),
        is_over=period.is_over(now),
        is_trial=subscription.version.is_trial,
        upcoming=upcoming,
        next_billing_day=_next_billing_day(period, upcoming),
        access_ends_on=local_day(ends, organization.zone) if ends else None,
    )


def _next_billing_day(period: Period, upcoming: ScheduledChange | None) -> dt.date | None:
    if upcoming is not None and upcoming.starts_at <= period.ends_at:
        return upcoming.starts_on
    return period.last_day + DAY if period.renews_until is not None else None


def _badge(subscription: Subscription, period: Period, now: dt.datetime) -> Badge:
    if subscription.canceled_at is not None:
        return Badge.CANCELED
    if period.is_over(now):
        return Badge.EXPIRED
    if period.is_unpaid and period.failed_at is not None:
        return Badge.PAYMENT_ISSUE
    if not subscription.version.is_trial:
        return Badge.ACTIVE
    return Badge.TRIAL_ENDING if period.reminded_at else Badge.TRIAL
