"""The platform provisions an organization: once per id, with its owner and its trial or plan."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from accounts.acting import record_act
from accounts.models import Act, Organization
from accounts.owners import find_or_make_owner
from accounts.refusals import Refusal
from plans.provisioning import NewOrganization, provision

VERB = "provision"


class IdTaken(Refusal):
    """The id names an organization that was asked for in other words."""

    code = "id_conflict"
    message = "This id was provisioned before with other details."
    remedy = "Change the organization that has it, or choose another id."


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What the platform asks for: an organization, its owner, and a plan instead of the trial."""

    details: NewOrganization
    owner_email: str
    owner_name: str = ""
    plan: str | None = None

    @property
    def facts(self) -> dict[str, Any]:
        """What makes two requests the same."""
        return {
            "name": self.details.name,
            "time_zone": self.details.time_zone,
            "currency": self.details.currency,
            "country": self.details.country,
            "owner": self.owner_email.lower(),
            "plan": self.plan,
        }


@transaction.atomic
def enrol(enrolment: Enrolment, *, now: dt.datetime) -> tuple[Organization, bool]:
    """Make an organization, or answer the one that the same request made; and whether it is new.

    One that staff made under this id is answered as it is.

    :raises IdTaken: the id was provisioned with other details.
    :raises Invalid: a currency in which nothing is sold.
    :raises PlanNotAvailable: ``plan`` is none of the catalogue's.
    """
    known = Organization.objects.filter(external_id=enrolment.details.external_id).first()
    if known is not None:
        return _same(known, enrolment), False
    organization = provision(
        enrolment.details,
        owner=find_or_make_owner(enrolment.owner_email, name=enrolment.owner_name),
        trial=enrolment.plan is None,
        plan=enrolment.plan,
        now=now,
    )
    if _first_request(organization) is not None or organization.created_at != now:
        # Another one with this id was a moment earlier, and ours has waited for it.
        return _same(organization, enrolment), False
    record_act(
        organization,
        verb=VERB,
        summary=f"Provisioned by the platform as {organization.external_id}",
        now=now,
        after=enrolment.facts,
    )
    return organization, True


def _first_request(organization: Organization) -> Act | None:
    return Act.objects.filter(organization=organization, verb=VERB).first()


def _same(organization: Organization, enrolment: Enrolment) -> Organization:
    earlier = _first_request(organization)
    if earlier is not None and earlier.after != enrolment.facts:
        raise IdTaken(field="external_id")
    return organization
