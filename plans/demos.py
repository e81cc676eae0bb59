"""An owner asks to be shown an enterprise plan; staff are told by what is written down."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from accounts.acting import record_act
from accounts.models import Organization, User
from plans.choosing_plan import may_choose
from plans.models import DemoRequest, Plan, PlanVersion
from plans.refusals import PlanNotAvailable


@transaction.atomic
def request_demo(
    organization: Organization, *, plan: str, now: dt.datetime, actor: User | None = None
) -> DemoRequest:
    """Note that an owner wants to be shown an enterprise plan; asked twice is noted once.

    :raises PlanNotAvailable: it is no public enterprise plan, or staff decide on all plans.
    """
    found = Plan.objects.filter(
        code=plan,
        retired_at__isnull=True,
        version__public=True,
        version__kind=PlanVersion.Kind.ENTERPRISE,
    ).first()
    if found is None or not may_choose(organization):
        raise PlanNotAvailable(field="plan")
    request, created = DemoRequest.objects.get_or_create(
        organization=organization, plan=found, defaults={"actor": actor, "at": now}
    )
    if created:
        summary = f"Demo of {found} requested"
        record_act(organization, verb="request_demo", summary=summary, actor=actor, now=now)
    return request
