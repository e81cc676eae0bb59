"""An agent is added or changed: its name, and how far it may spend."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.db import transaction

from accounts.acting import record_act
from accounts.models import Agent, Organization, User
from accounts.refusals import Invalid

CHANGED = "change_agent"


@transaction.atomic
def put_agent(
    organization: Organization,
    *,
    external_id: str,
    name: str,
    now: dt.datetime,
    when_exhausted: str = Agent.WhenExhausted.USE_BALANCE,
    monthly_limit: Decimal | None = None,
    actor: User | None = None,
) -> Agent:
    """Add an agent, or change the one under this id; a change of its settings is an act.

    :raises Invalid: an unknown setting, or a limit that is not above zero.
    """
    if when_exhausted not in Agent.WhenExhausted.values:
        words = f"Choose one of {', '.join(Agent.WhenExhausted.values)}."
        raise Invalid(words, field="when_exhausted")
    if monthly_limit is not None and monthly_limit <= 0:
        raise Invalid("A monthly limit is above zero.", field="monthly_limit")
    settings = {"when_exhausted": when_exhausted, "monthly_limit": monthly_limit}
    agents = Agent.objects.select_for_update().filter(organization=organization)
    known = agents.filter(external_id=external_id).first()
    if known and (known.when_exhausted, known.monthly_limit) == tuple(settings.values()):
        settings = {}
    limited = {**settings, "limited_at": now} if settings else {}
    agent, _ = Agent.objects.update_or_create(
        organization=organization,
        external_id=external_id,
        defaults={"name": name, **limited},
        create_defaults={"name": name, **settings, "limited_at": now, "created_at": now},
    )
    if known and settings:
        _record_change(known, agent, now=now, actor=actor)
    return agent


def _record_change(was: Agent, agent: Agent, *, now: dt.datetime, actor: User | None) -> None:
    limit = agent.monthly_limit
    most = "no monthly limit" if limit is None else f"at most {limit.normalize():f} credits a month"
    setting = f"{Agent.WhenExhausted(agent.when_exhausted).label} when plan credits run out"
    record_act(
        agent.organization,
        verb=CHANGED,
        summary=f"{agent.name}: {setting}, {most}",
        now=now,
        actor=actor,
        before=_settings(was),
        after=_settings(agent),
    )


def _settings(agent: Agent) -> dict[str, str | None]:
    """Answer what the gate asks of an agent, so that it can be asked again about that day."""
    limit, limited_at = agent.monthly_limit, agent.limited_at
    return {
        "agent": agent.external_id,
        "when_exhausted": agent.when_exhausted,
        "monthly_limit": None if limit is None else f"{limit:f}",
        "limited_at": limited_at.isoformat() if limited_at else None,
    }
