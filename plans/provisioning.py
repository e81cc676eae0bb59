"""A new organization: by its owner's sign-up, by staff, or by the platform."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.acting import record_act
from accounts.models import (
    Agent,
    Membership,
    Organization,
    User,
    new_external_id,
    validate_time_zone,
)
from accounts.refusals import Invalid
from plans.applying import PlanRequest, apply_plan
from plans.following import choose_renewal
from plans.models import Site
from plans.trials import start_trial
from wallet.models import CreditPrice, Wallet

MAIN_AGENT = "main"


@dataclass(frozen=True, slots=True)
class NewOrganization:
    """What is known of an organization when it is made; no currency means the site's."""

    name: str
    time_zone: str = "UTC"
    currency: str = ""
    country: str = ""
    email: str = ""
    external_id: str | None = None


def sign_up(details: NewOrganization, *, owner: User, now: dt.datetime) -> Organization:
    """Make a self-serve organization with its owner, and start the trial at once."""
    return provision(details, owner=owner, trial=True, now=now)


@transaction.atomic
def provision(
    details: NewOrganization,
    *,
    owner: User | None,
    now: dt.datetime,
    trial: bool = False,
    plan: str | None = None,
    auto_renew: bool | None = None,
    actor: User | None = None,
) -> Organization:
    """Make an organization with wallet and agent; by an ``external_id`` that is known, answer it.

    :raises Invalid: an unknown time zone, a currency without a credit price.
    :raises PlanNotAvailable: ``plan`` is none of the catalogue's.
    """
    organization, created = _create(details, now=now)
    if not created:
        return organization
    if owner:
        Membership.objects.create(organization=organization, user=owner, role=Membership.Role.OWNER)
    record_act(
        organization, verb="create", summary=f"{organization.name} created", now=now, actor=actor
    )
    if auto_renew is not None:
        choose_renewal(organization, auto_renew=auto_renew, now=now)
    if plan:
        request = PlanRequest(plan=plan)
        apply_plan(organization, request, reason="Created on this plan", now=now, actor=actor)
    elif trial:
        start_trial(organization, now=now)
    return organization


def _create(details: NewOrganization, *, now: dt.datetime) -> tuple[Organization, bool]:
    currency = details.currency or site().currency
    try:
        validate_time_zone(details.time_zone)
    except ValidationError as error:
        raise Invalid(error.messages[0], field="time_zone") from error
    if not CreditPrice.objects.filter(currency=currency).exists():
        raise Invalid(f"Nothing is sold here in “{currency[:10]}”.", field="currency")
    organization, created = Organization.objects.get_or_create(
        external_id=details.external_id or new_external_id(),
        defaults={
            "name": details.name,
            "time_zone": details.time_zone,
            "currency": currency,
            "country": details.country,
            "email": details.email,
            "created_at": now,
        },
    )
    if not created:
        return organization, False
    Wallet.objects.create(organization=organization)
    Agent.objects.create(
        organization=organization, external_id=MAIN_AGENT, name="Main", created_at=now
    )
    return organization, True


def site() -> Site:
    """Answer the site's commercial settings.

    :raises Invalid: no catalogue has been loaded yet.
    """
    found = Site.objects.first()
    if found is None:
        raise Invalid("No catalogue has been loaded yet.")
    return found
