"""An owner asks to be shown an enterprise plan; staff are told, and say what became of it."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from accounts.acting import record_act, require_reason
from accounts.letters import owe_letter
from accounts.models import Organization, User
from accounts.refusals import Invalid
from plans.choosing_plan import may_choose, plans_on_offer
from plans.models import DemoRequest, Plan, PlanVersion
from plans.refusals import PlanNotAvailable


@transaction.atomic
def request_demo(
    organization: Organization, *, plan: str, now: dt.datetime, actor: User | None = None
) -> DemoRequest:
    """Note that an owner wants to be shown an enterprise plan, and tell staff.

    Asked again before staff have handled it is noted, and told, once.

    :raises PlanNotAvailable: it is no public enterprise plan, or staff decide on all plans.
    """
    found = Plan.objects.filter(
        code=plan,
        retired_at__isnull=True,
        version__public=True,
        version__kind=PlanVersion.Kind.ENTERPRISE,
    ).first()
    if found is None or not may_choose(organization, plans_on_offer()):
        raise PlanNotAvailable(field="plan")
    request, created = DemoRequest.objects.get_or_create(
        organization=organization,
        plan=found,
        handled_at=None,
        defaults={"actor": actor, "at": now},
    )
    if created:
        summary = f"Demo of {found} requested"
        record_act(organization, verb="request_demo", summary=summary, actor=actor, now=now)
        owe_letter(
            organization,
            code="demo_requested",
            key=f"demo_requested:{request.pk}",
            context={"plan": str(found), "asked_by": str(actor or "")},
            now=now,
        )
    return request


@transaction.atomic
def handle_demo(
    request: DemoRequest, *, note: str, now: dt.datetime, actor: User | None = None
) -> DemoRequest:
    """Write down what staff made of a request, once; the owner may ask again after that.

    :raises Invalid: without a note, or somebody has handled it already.
    """
    note = require_reason(note)
    rows = DemoRequest.objects.select_for_update(of=("self",))
    request = rows.select_related("organization", "plan__version").get(pk=request.pk)
    if request.handled_at is not None:
        raise Invalid("Somebody has handled this request already.", field="request")
    request.handled_at, request.handled_by, request.note = now, actor, note
    request.save(update_fields=["handled_at", "handled_by", "note"])
    record_act(
        request.organization,
        verb="handle_demo",
        summary=f"Demo of {request.plan} handled",
        reason=note,
        actor=actor,
        now=now,
    )
    return request
