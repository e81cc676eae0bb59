"""How an organization and its agents stood at an instant that has passed, from what is kept."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from accounts.agents import CHANGED
from accounts.models import Act, Agent, Organization


@dataclass(frozen=True, slots=True)
class AgentThen:
    """An agent's settings at an instant; ``is_known`` where what is told is what they were."""

    id: int
    when_exhausted: str
    monthly_limit: Decimal | None
    limited_at: dt.datetime | None
    created_at: dt.datetime
    is_known: bool


def was_suspended(organization: Organization, *, at: dt.datetime) -> bool:
    """Answer whether an organization was suspended."""
    acts = Act.objects.filter(
        organization=organization, verb__in=("suspend", "unsuspend"), at__lte=at
    )
    last = acts.first()
    return last is not None and last.verb == "suspend"


def agent_then(
    organization: Organization, external_id: str, *, at: dt.datetime
) -> AgentThen | None:
    """Answer how an agent was set, none where there was no such agent yet."""
    agent = Agent.objects.filter(organization=organization, external_id=external_id).first()
    if agent is None or agent.created_at > at:
        return None
    mine = {"organization": organization, "verb": CHANGED}
    later = Act.objects.filter(**mine, before__agent=external_id, at__gt=at).last()
    if later is None:
        # Before changes were written down as acts, only the last one's instant was kept.
        known = agent.limited_at is None or agent.limited_at <= at
        return AgentThen(
            agent.pk,
            agent.when_exhausted,
            agent.monthly_limit,
            agent.limited_at if known else agent.created_at,
            agent.created_at,
            known,
        )
    before = later.before
    limit, limited_at = before["monthly_limit"], before["limited_at"]
    return AgentThen(
        agent.pk,
        before["when_exhausted"],
        None if limit is None else Decimal(limit),
        dt.datetime.fromisoformat(limited_at) if limited_at else None,
        agent.created_at,
        is_known=True,
    )
