"""What staff do with plans: each is previewed, and confirmed with the preview's digest."""

from __future__ import annotations

import datetime as dt

from billing_portal.scenarios.actions_organization import REASON
from billing_portal.scenarios.world import StepFailed, World
from plans import trials
from plans.applying import PlanRequest, propose
from plans.applying import apply_plan as apply_confirmed
from plans.models import Subscription


def apply_plan(
    world: World,
    *,
    plan: str,
    days: int | None = None,
    last_day: dt.date | None = None,
    credit_unused: bool = False,
    charge: str = "invoice",
) -> None:
    """Let staff apply a plan."""
    request = PlanRequest(plan, days, last_day, credit_unused, invoiced=_invoiced(charge))
    _confirm(world, request)


def renew(
    world: World,
    *,
    days: int | None = None,
    last_day: dt.date | None = None,
    charge: str = "invoice",
) -> None:
    """Let staff renew the current plan."""
    _confirm(world, PlanRequest(None, days, last_day, invoiced=_invoiced(charge)))


def extend_trial(world: World, *, days: int) -> None:
    """Let staff extend the trial."""
    organization = world.organization
    subscription = Subscription.objects.select_related("period__organization").filter(
        organization=organization, version__kind="trial"
    )
    digest = None
    if found := subscription.first():
        last_day = trials.extended_last_day(found.period, days=days, now=world.now)
        digest = trials.extension_digest(found.period, last_day)
    trials.extend_trial(
        organization, days=days, digest=digest, reason=REASON, actor=world.staff, now=world.now
    )


def _confirm(world: World, request: PlanRequest) -> None:
    organization = world.organization
    preview = propose(organization, request, now=world.now)
    apply_confirmed(
        organization,
        request,
        digest=preview.digest,
        reason=REASON,
        actor=world.staff,
        now=world.now,
    )


def _invoiced(charge: str) -> bool:
    if charge == "card":
        raise StepFailed("not built yet: charge: card")
    return charge == "invoice"
