"""An owner caps the sessions of the running period below what the plan allows."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from accounts.acting import record_act
from accounts.models import Organization, User
from accounts.refusals import Invalid
from plans.beginning import lock_subscription
from plans.choosing_plan import require_paid_plan
from plans.models import Period
from plans.terms import SESSIONS
from wallet.ledger import lock_wallet


def session_limit(period: Period) -> int | None:
    """Answer how many sessions may start in a period: the owner's limit, or the plan's quota."""
    quota = period.version.terms.quotas.get(SESSIONS)
    limits = [limit for limit in (quota, period.session_limit) if limit is not None]
    return min(limits, default=None)


@transaction.atomic
def set_session_limit(
    organization: Organization,
    *,
    sessions: int | None,
    now: dt.datetime,
    actor: User | None = None,
) -> Period:
    """Cap the sessions of the running period; none goes back to the plan's quota.

    :raises NoSubscription: there is no plan.
    :raises PaidPlanOnly: it is a trial, or has ended.
    :raises Invalid: below one, or above the plan's quota.
    """
    lock_wallet(organization.pk)
    subscription = require_paid_plan(lock_subscription(organization), now=now)
    quota = subscription.version.terms.quotas.get(SESSIONS)
    if sessions is not None and sessions < 1:
        raise Invalid("A limit is at least 1 session.", field="sessions")
    if sessions is not None and quota is not None and sessions > quota:
        raise Invalid(
            f"Your plan includes {quota} sessions; the limit is at most that.", field="sessions"
        )
    period = subscription.period
    before, period.session_limit = period.session_limit, sessions
    period.save(update_fields=["session_limit"])
    record_act(
        organization,
        verb="session_limit",
        summary=f"Session limit {'reset' if sessions is None else f'set to {sessions}'}",
        before={"session_limit": before},
        after={"session_limit": sessions},
        actor=actor,
        now=now,
    )
    return period
