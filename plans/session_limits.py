"""An owner caps the sessions of the running period below what the plan allows."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import transaction

from accounts.acting import record_act
from accounts.models import Organization, User
from accounts.refusals import Invalid
from plans.beginning import lock_subscription
from plans.choosing_plan import require_paid_plan
from plans.models import Period
from plans.terms import SESSIONS
from wallet.ledger import lock_wallet

ALMOST_PERCENT = 80


def session_limit(period: Period) -> int | None:
    """Answer how many sessions may start in a period: the owner's limit, or the plan's quota."""
    return period.version.terms.session_limit(period.session_limit)


@dataclass(frozen=True, slots=True)
class LimitStanding:
    """The limit of a running period as its owner sees it: the own one, and the plan's."""

    limit: int | None
    own: int | None
    quota: int | None
    used: int

    @property
    def is_reached(self) -> bool:
        return self.limit is not None and self.used >= self.limit

    @property
    def is_almost_reached(self) -> bool:
        """Answer whether 80 % are used, and some are left."""
        if self.limit is None or self.is_reached:
            return False
        return self.used * 100 >= self.limit * ALMOST_PERCENT


def limit_standing(period: Period, *, used: int, now: dt.datetime) -> LimitStanding | None:
    """Answer how the limit stands; none on a trial, after the end, or where no session counts."""
    version = period.version
    counts = SESSIONS in version.terms.quotas or version.terms.knows(SESSIONS)
    if version.is_trial or period.is_over(now) or not counts:
        return None
    return LimitStanding(
        limit=session_limit(period),
        own=period.session_limit,
        quota=version.terms.quotas.get(SESSIONS),
        used=used,
    )


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
