"""Credit is reserved for a call that starts, so that many cannot start on the credit of one.

The rules stay as they are: the gate asks them as if every call that runs had cost all that it can.
So the last one may start on less than it comes to cost, as everywhere, and no other beside it.

A hold is no movement: it counts until its call is reported, or until the longest that the call
can last is over, whichever is first. No job ends it; what is over is cleared when it is in the way.
The report of a call settles it (see the migration of this app that follows charges).
"""

from __future__ import annotations

import datetime as dt

from django.db.models import DecimalField, Q, QuerySet, Subquery, Sum

from accounts.models import Organization
from plans.models import Site
from plans.terms import CALL_MINUTES
from usage.models import Hold, UsageEvent
from usage.questions import Question
from usage.rating import measure_call, rate
from usage.situation import Reserved, Situation
from wallet.credits import ZERO

CREDITS: DecimalField[str, str] = DecimalField(max_digits=20, decimal_places=6)


def hold(situation: Situation, question: Question, *, now: dt.datetime) -> Hold | None:
    """Reserve what a call may come to cost at its longest; under the wallet's lock.

    Nothing is reserved where the plan charges no credits for it, or where it was reported already.
    Asked again about the same call, it is reserved anew and once.
    """
    terms, channel = situation.terms, question.channel or ""
    if terms is None or not terms.rate(CALL_MINUTES, channel, question.voice_tier):
        return None
    _clear(situation.organization_id, question.call, now=now)
    if question.call and _is_reported(situation.organization_id, question.call):
        return None
    seconds = terms.max_seconds(channel) or situation.reserved.longest or 0
    longest = measure_call(
        terms, channel=channel, voice_tier=question.voice_tier, seconds=max(seconds, 1)
    )
    cost = rate(terms, longest, allowance_left=situation.once_charged().left(CALL_MINUTES))
    if not cost.allowance and not cost.credits:
        return None
    return Hold.objects.create(
        organization_id=situation.organization_id,
        agent_id=situation.agent_id,
        channel=channel,
        call=question.call or "",
        units=cost.allowance,
        credits=cost.credits,
        held_at=now,
        expires_at=now + dt.timedelta(seconds=max(seconds, 1)),
    )


def reserved(organization: Organization, *, now: dt.datetime) -> Reserved:
    """Answer what is reserved now, in one statement; nothing on a site that reserves nothing."""
    running = Hold.objects.filter(organization=organization, expires_at__gt=now)
    found = (
        Site.objects.filter(hold_minutes__isnull=False)
        .annotate(units=_sum_of(running, "units"), credits=_sum_of(running, "credits"))
        .values_list("units", "credits", "hold_minutes")
        .first()
    )
    if found is None:
        return Reserved()
    units, credits, minutes = found
    return Reserved(units or ZERO, credits or ZERO, (minutes or 0) * 60)


def _sum_of(holds: QuerySet[Hold], field: str) -> Subquery:
    sums = holds.order_by().values("organization").annotate(sum=Sum(field)).values("sum")
    return Subquery(sums, output_field=CREDITS)


def _clear(organization_id: int, call: str | None, *, now: dt.datetime) -> None:
    """Forget the holds that are over, and the one of a call that is asked about again."""
    gone = Q(expires_at__lte=now) | (Q(call=call) if call else Q())
    Hold.objects.filter(gone, organization_id=organization_id).delete()


def _is_reported(organization_id: int, call: str) -> bool:
    reports = UsageEvent.objects.filter(organization_id=organization_id, event_id=call)
    return reports.exists()
