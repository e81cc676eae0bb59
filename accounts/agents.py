"""An agent is added or changed: its name, and how far it may spend."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.db import transaction

from accounts.models import Agent, Organization
from accounts.refusals import Invalid


@transaction.atomic
def put_agent(
    organization: Organization,
    *,
    external_id: str,
    name: str,
    now: dt.datetime,
    when_exhausted: str = Agent.WhenExhausted.USE_BALANCE,
    monthly_limit: Decimal | None = None,
) -> Agent:
    """Add an agent, or change the one under this id.

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
    return agent
