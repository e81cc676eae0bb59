"""Actions on the organization itself: made, its agents, suspended, resources, rentals, time."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from accounts.agents import put_agent
from accounts.models import Agent
from accounts.suspending import suspend as suspend_organization
from accounts.suspending import unsuspend as lift_suspension
from billing_portal.scenarios.passing import pass_time
from billing_portal.scenarios.world import StepFailed, World
from plans import provisioning, renting
from plans.resources import report_resources

REASON = "As the story says"


def sign_up(world: World) -> None:
    """Create the organization with its owner, who starts the trial."""
    world.refuse_second()
    world.found(provisioning.sign_up(world.details, owner=world.owner, now=world.now))


def create(world: World, *, plan: str | None = None, auto_renew: bool | None = None) -> None:
    """Let staff create the organization, on a plan or none."""
    world.refuse_second()
    organization = provisioning.provision(
        world.details,
        owner=world.owner,
        plan=plan,
        auto_renew=auto_renew,
        actor=world.staff,
        now=world.now,
    )
    world.found(organization)


def agent(
    world: World,
    *,
    name: str,
    when_exhausted: str = Agent.WhenExhausted.USE_BALANCE.value,
    monthly_limit: Decimal | None = None,
) -> None:
    """Add or change an agent."""
    put_agent(
        world.organization,
        external_id=name,
        name=name,
        when_exhausted=when_exhausted,
        monthly_limit=monthly_limit,
        now=world.now,
    )


def suspend(world: World, *, reason: str = REASON) -> None:
    """Let staff suspend the organization."""
    suspend_organization(world.organization, reason=reason, actor=world.staff, now=world.now)


def unsuspend(world: World, *, reason: str = REASON) -> None:
    """Let staff lift the suspension."""
    lift_suspension(world.organization, reason=reason, actor=world.staff, now=world.now)


def resources(world: World, **counts: int) -> None:
    """Report how many of each resource are in use."""
    report_resources(world.organization, counts=counts, now=world.now)


def rent(world: World, *, item: str, quantity: int = 1) -> None:
    """Begin to rent a number of a thing."""
    renting.rent_several(world.organization, item=item, quantity=quantity, now=world.now)


def give_back(world: World, *, item: str, quantity: int = 1) -> None:
    """Return a number of a thing."""
    renting.give_back_several(world.organization, item=item, quantity=quantity, now=world.now)


def advance(
    world: World,
    *,
    to: dt.datetime | None = None,
    days: int | None = None,
    hours: Decimal | None = None,
) -> None:
    """Let time pass, and the timetable run on the way."""
    if sum(given is not None for given in (to, days, hours)) != 1:
        raise StepFailed("advance takes one of to, days and hours")
    clock = world.clock
    try:
        if to is not None:
            until = clock.instant(to)
        elif days is not None:
            until = clock.in_days(days)
        else:
            until = clock.in_hours(hours or Decimal(0))
    except OverflowError as error:
        raise StepFailed("no calendar goes that far") from error
    if clock.is_past(until):
        wall = clock.now.astimezone(clock.zone).replace(tzinfo=None)
        raise StepFailed(f"time does not run backwards; it is {wall}")
    pass_time(world, until=max(until, clock.now))
