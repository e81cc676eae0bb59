"""What the gate would have looked at, at an instant that has passed; rebuilt from what is kept.

The books keep movements, periods, events and acts with their instants, so most of it is exactly
as it was. What they do not keep is told in words, beside the rule that it concerns.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from accounts.models import Agent, Organization
from accounts.rewinding import AgentThen, agent_then, was_suspended
from plans.models import Site
from plans.rewinding import (
    CountThen,
    PeriodThen,
    count_then,
    had_number,
    period_then,
    periods_begun,
)
from usage.models import BatchPass
from usage.questions import Question
from usage.recounting import (
    SessionsThen,
    counters_then,
    crossed_then,
    sessions_then,
    spent_then,
)
from usage.situation import Situation
from wallet.credits import ZERO
from wallet.pausing import pauses
from wallet.rewinding import (
    GrantThen,
    PauseTerms,
    balance_then,
    credits_gone_then,
    filled_then,
    grants_then,
    paused_then,
)

NOT_KEPT = "is not kept: it is told as it is today."
UNTOLD_GRACE = f"It was paid since, and how many days it had for that {NOT_KEPT}"
UNTOLD_NUMBERS = f"How many numbers the platform had reported by then {NOT_KEPT}"
UNTOLD_COUNT = f"How many the platform had reported by then {NOT_KEPT}"
UNTOLD_AGENT = f"The agent was changed since, and how it was set {NOT_KEPT}"
UNTOLD_HOLDS = "What was reserved for calls that ran then is not kept: it is left out."


@dataclass(frozen=True, slots=True)
class Then:
    """The situation of a past instant, and by rule what of it is not known."""

    situation: Situation
    untold: Mapping[str, str]


def look_back(organization: Organization, question: Question, *, at: dt.datetime) -> Then:
    """Rebuild what the gate looked at when it was asked a question at an instant."""
    period = period_then(organization, at=at)
    agent = agent_then(organization, question.agent, at=at) if question.agent else None
    numbers = had_number(organization, at=at)
    resource = count_then(organization, question.resource or "", at=at)
    situation = _with_agent(
        replace(
            _situation(organization, period, at=at),
            has_number=numbers.used > 0,
            resource_used=resource.used,
            batch_passed=_had_passed(organization, question, at=at),
        ),
        organization,
        period,
        agent,
        at=at,
    )
    return Then(situation, dict(_untold(period, agent, numbers, resource)))


def _situation(
    organization: Organization, period: PeriodThen | None, *, at: dt.datetime
) -> Situation:
    terms = period.period.version.terms if period else None
    overdraft, pause_when = (terms.overdraft, terms.pause_when) if terms else (ZERO, "dry")
    balance = balance_then(organization, at=at)
    paused = paused_then(organization, _pause_terms(organization), at=at)
    sessions = sessions_then(period, at=at) if period else SessionsThen()
    over_at = _over_at(period, sessions, at=at) if period else None
    return Situation(
        organization_id=organization.pk,
        suspended=was_suspended(organization, at=at),
        balance=balance,
        wallet_pauses=pauses(
            balance=balance, overdraft=overdraft, pause_when=pause_when, paused=paused
        ),
        terms=terms,
        over=over_at is None or at >= over_at,
        overdue=bool(period and period.grace_ends_at and at >= period.grace_ends_at),
        session_limit=period.session_limit if period else None,
        counters=counters_then(period, sessions, at=at) if period else {},
        credits_left=_left(grants_then(organization, at=at), at=at),
        has_number=False,
        resource_used=0,
        batch_passed=False,
        agent_known=False,
        agent_over_limit=False,
        agent_limited=False,
        agent_stops=False,
        overdraft=overdraft,
        over_at=over_at,
        grace_ends_at=period.grace_ends_at if period else None,
        pause_when=pause_when,
        paused=paused,
    )


def _with_agent(
    situation: Situation,
    organization: Organization,
    period: PeriodThen | None,
    agent: AgentThen | None,
    *,
    at: dt.datetime,
) -> Situation:
    """Add what holds for an agent: its limit, and whether it stops for want of plan credits."""
    if agent is None:
        return situation
    stop = agent.when_exhausted == Agent.WhenExhausted.STOP
    filled_at, limit = filled_then(organization, at=at), agent.monthly_limit
    spent = spent_then(organization, agent, at=at) if limit is not None else ZERO
    reached = limit is not None and spent >= limit
    crossed_at = crossed_then(organization, agent, limit, at=at) if limit is not None else None
    lifted = _is_after(filled_at, crossed_at, agent.limited_at, agent.created_at)
    may_stop, used_up = False, False
    if stop and period:
        may_stop, used_up = _exhausted(organization, period, agent, filled_at, at=at)
    return replace(
        situation,
        agent_known=True,
        agent_id=agent.id,
        agent_over_limit=reached,
        agent_limited=stop and reached and not lifted,
        agent_may_stop=may_stop,
        agent_stops=may_stop and (used_up or not situation.credits_left),
        agent_is_set_to_stop=stop,
        agent_spent=spent,
        agent_limit=limit,
    )


def _exhausted(
    organization: Organization,
    period: PeriodThen,
    agent: AgentThen,
    filled_at: dt.datetime | None,
    *,
    at: dt.datetime,
) -> tuple[bool, bool]:
    """Answer whether an agent may stop for want of credits, and whether the last were used up."""
    starts_at, grants = period.period.starts_at, grants_then(organization, at=at)
    given = [g for g in grants if g.expires_at > starts_at and g.effective_at < period.ends_at]
    if not given:
        return False, False
    gone_at = credits_gone_then(organization, since=starts_at, at=at)
    lapsed = [grant.expires_at for grant in grants if grant.rest > 0 and grant.expires_at <= at]
    lifted = _is_after(filled_at, agent.limited_at, starts_at, gone_at, *lapsed)
    used_up = gone_at is not None and gone_at >= max(starts_at, agent.limited_at or starts_at)
    return not lifted, used_up


def _is_after(instant: dt.datetime | None, *others: dt.datetime | None) -> bool:
    """Answer whether something happened, and after all of the others that did."""
    known = [other for other in others if other is not None]
    return instant is not None and bool(known) and instant > max(known)


def _left(grants: Sequence[GrantThen], *, at: dt.datetime) -> Decimal:
    return sum((grant.rest for grant in grants if grant.expires_at > at), ZERO)


def _pause_terms(organization: Organization) -> list[PauseTerms]:
    begun = [(since, period.version.terms) for since, period in periods_begun(organization)]
    return [PauseTerms(since, terms.overdraft, terms.pause_when) for since, terms in begun]


def _over_at(period: PeriodThen, sessions: SessionsThen, *, at: dt.datetime) -> dt.datetime:
    """Answer its end; what another follows by itself goes on after that, until it begins."""
    waits_until = period.waits_until if at >= period.ends_at else None
    ends = (waits_until or period.ends_at, sessions.used_up_at, period.grace_ends_at)
    return min(end for end in ends if end is not None)


def _had_passed(organization: Organization, question: Question, *, at: dt.datetime) -> bool:
    passes = BatchPass.objects.filter(organization=organization, batch=question.batch or "")
    return passes.filter(passed_at__lt=at).exists()


def _untold(
    period: PeriodThen | None, agent: AgentThen | None, numbers: CountThen, resource: CountThen
) -> Iterator[tuple[str, str]]:
    if period is not None and not period.grace_is_known:
        yield "payment_overdue", UNTOLD_GRACE
    if not numbers.is_known:
        yield "no_phone_number", UNTOLD_NUMBERS
    if not resource.is_known:
        yield "resource_limit_reached", UNTOLD_COUNT
    if agent is not None and not agent.is_known:
        yield "agent_limit_reached", UNTOLD_AGENT
        yield "plan_credits_exhausted", UNTOLD_AGENT
    if Site.objects.filter(hold_minutes__isnull=False).exists():
        yield "balance_reserved", UNTOLD_HOLDS
