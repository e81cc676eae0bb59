"""What staff do with plans: each is previewed, and confirmed with the preview's digest."""

from __future__ import annotations

import datetime as dt
from typing import Any

from billing_portal.scenarios.actions_organization import REASON
from billing_portal.scenarios.world import World
from plans import trials
from plans.applying import PlanRequest, propose
from plans.applying import apply_plan as apply_confirmed
from plans.applying_by_card import apply_by_card
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
    request = PlanRequest(plan, days, last_day, credit_unused, invoiced=charge != "none")
    _confirm(world, request, charge=charge)


def renew(
    world: World,
    *,
    days: int | None = None,
    last_day: dt.date | None = None,
    charge: str = "invoice",
) -> None:
    """Let staff renew the current plan."""
    request = PlanRequest(None, days, last_day, invoiced=charge != "none")
    _confirm(world, request, charge=charge)


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


def _confirm(world: World, request: PlanRequest, *, charge: str) -> None:
    organization = world.organization
    confirmed: dict[str, Any] = {
        "digest": propose(organization, request, now=world.now).digest,
        "reason": REASON,
        "actor": world.staff,
        "now": world.now,
    }
    if charge == "card":
        apply_by_card(
            organization, request, key=f"story:{world.step}", gateway=world.gateway, **confirmed
        )
    else:
        apply_confirmed(organization, request, **confirmed)
