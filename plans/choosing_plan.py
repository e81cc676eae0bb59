"""Which plans an owner may choose, and when: asked before anything is paid or scheduled."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db.models import QuerySet

from accounts.models import Organization
from plans.dunning import current_unpaid
from plans.models import Period, Plan, PlanVersion, Subscription
from plans.refusals import (
    AlreadySubscribed,
    NoSubscription,
    PaidPlanOnly,
    PaymentDue,
    PlanNotAvailable,
    TrialUsed,
)


def plans_on_offer() -> QuerySet[Plan]:
    """Answer the public plans that are shown to owners, in the catalogue's order."""
    kinds = [PlanVersion.Kind.STANDARD, PlanVersion.Kind.ENTERPRISE]
    plans = Plan.objects.filter(
        retired_at__isnull=True, version__public=True, version__kind__in=kinds
    )
    return plans.select_related("version").order_by("position", "id")


def choosable(organization: Organization, code: str) -> PlanVersion:
    """Answer the version of a plan that an owner may choose: public, standard, renewing.

    :raises TrialUsed: it is the trial, and that was used.
    :raises PlanNotAvailable: it is none of those, or has no price in the owner's currency.
    """
    plan = Plan.objects.select_related("version").filter(code=code).first()
    version = plan.version if plan and not plan.retired_at else None
    if version is None:
        raise PlanNotAvailable(f"There is no plan “{code[:40]}”.", field="plan")
    if version.is_trial and organization.periods.filter(source=Period.Source.TRIAL).exists():
        raise TrialUsed(field="plan")
    if not is_choosable(version, organization.currency):
        raise PlanNotAvailable(field="plan")
    return version


def may_choose(organization: Organization, offered: Iterable[Plan]) -> bool:
    """Answer whether owners may choose any of these plans; where not, staff decide."""
    versions = (plan.version for plan in offered)
    return any(version and is_choosable(version, organization.currency) for version in versions)


def is_choosable(version: PlanVersion, currency: str) -> bool:
    """Answer whether owners may choose a version by themselves."""
    terms = version.terms
    standard = version.public and version.kind == PlanVersion.Kind.STANDARD
    return standard and terms.auto_renew and terms.price_in(currency) is not None


def require_settled(organization: Organization) -> None:
    """Refuse while a renewal is unpaid.

    :raises PaymentDue: so it is.
    """
    if current_unpaid(organization) is not None:
        raise PaymentDue


def require_no_paid_plan(subscription: Subscription | None, *, now: dt.datetime) -> None:
    """Refuse where a paid plan runs.

    :raises AlreadySubscribed: so it does.
    """
    if subscription is not None and runs_paid(subscription, now=now):
        raise AlreadySubscribed


def require_paid_plan(subscription: Subscription | None, *, now: dt.datetime) -> Subscription:
    """Answer the subscription of a running paid plan.

    :raises NoSubscription: there is no plan at all.
    :raises PaidPlanOnly: it is a trial, or has ended.
    """
    if subscription is None:
        raise NoSubscription
    if not runs_paid(subscription, now=now):
        raise PaidPlanOnly
    return subscription


def runs_paid(subscription: Subscription, *, now: dt.datetime) -> bool:
    """Answer whether a plan runs that is no trial."""
    return not subscription.version.is_trial and not subscription.period.is_over(now)
