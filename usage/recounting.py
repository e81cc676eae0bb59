"""What usage had come to at an instant that has passed: its events, read until then.

They are found by their organization: it is what every index of theirs begins with.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from accounts.models import Organization
from accounts.prepared import ask
from accounts.rewinding import AgentThen
from plans.periods import day_starts_at
from plans.rewinding import PeriodThen, extensions
from plans.terms import SESSIONS
from wallet.credits import ZERO

COUNTED = """
SELECT CASE WHEN kind = 'call' THEN 'outbound_calls' ELSE meter END, count(*)::numeric
FROM usage_usageevent
WHERE organization_id = %(organization)s AND period_id = %(period)s AND recorded_at <= %(at)s
  AND (trace -> 'quantity' ->> 0) <> '0'
  AND (kind = 'call' AND channel = 'outbound' OR kind = 'session')
GROUP BY 1
UNION ALL
SELECT meter, sum((trace ->> 'allowance')::numeric)
FROM usage_usageevent
WHERE organization_id = %(organization)s AND period_id = %(period)s AND recorded_at <= %(at)s
  AND kind <> 'session'
GROUP BY 1
"""
OPENED = """
SELECT recorded_at FROM usage_usageevent
WHERE organization_id = %(organization)s AND period_id = %(period)s AND recorded_at <= %(at)s
  AND kind = 'session' AND (trace -> 'quantity' ->> 0) <> '0'
ORDER BY id
"""
SPENT = """
SELECT coalesce(sum(credits), 0) FROM usage_usageevent
WHERE organization_id = %(organization)s AND agent_id = %(agent)s AND recorded_at <= %(at)s
  AND started_at >= %(since)s
"""
CROSSED = """
SELECT max(recorded_at) FROM (
    SELECT recorded_at, credits, sum(credits) OVER (
        PARTITION BY date_trunc('month', started_at AT TIME ZONE %(zone)s) ORDER BY id) AS spent
    FROM usage_usageevent WHERE organization_id = %(organization)s AND agent_id = %(agent)s
                            AND recorded_at <= %(at)s) charged
WHERE spent >= %(limit)s AND spent - credits < %(limit)s
"""


@dataclass(frozen=True, slots=True)
class SessionsThen:
    """The sessions that a period had counted, and when they used up a trial."""

    counted: Decimal = ZERO
    used_up_at: dt.datetime | None = None


def counters_then(
    period: PeriodThen, sessions: SessionsThen, *, at: dt.datetime
) -> dict[str, Decimal]:
    """Answer what a period had counted, by quota and meter."""
    counted: dict[str, Decimal] = dict(ask(COUNTED, _of(period, at=at)))
    return {**counted, SESSIONS: sessions.counted}


def sessions_then(period: PeriodThen, *, at: dt.datetime) -> SessionsThen:
    """Count sessions in their order: the last of a trial's quota ends it, an extension resets."""
    version, counted, used_up_at = period.period.version, 0, None
    quota = version.terms.session_limit(None) if version.is_trial else None
    extended = [one for one in extensions(period.period) if one.at <= at]
    opened = ask(OPENED, _of(period, at=at))
    for instant in [*(recorded_at for (recorded_at,) in opened), None]:
        while extended and (instant is None or extended[0].at < instant):
            extended.pop(0)
            counted, used_up_at = (0, None) if used_up_at else (counted, None)
        if instant is None:
            break
        counted += 1
        ends_at = extended[0].ended_at if extended else period.ends_at
        if quota is not None and counted >= quota and not used_up_at and instant < ends_at:
            used_up_at = instant
    return SessionsThen(Decimal(counted), used_up_at)


def spent_then(organization: Organization, agent: AgentThen, *, at: dt.datetime) -> Decimal:
    """Answer what was charged for an agent by then, of what started in the month of then."""
    first = organization.today(at).replace(day=1)
    since = day_starts_at(first, organization.zone)
    asked = {"organization": organization.pk, "agent": agent.id, "at": at, "since": since}
    [(spent,)] = ask(SPENT, asked)
    return Decimal(spent)


def crossed_then(
    organization: Organization, agent: AgentThen, limit: Decimal, *, at: dt.datetime
) -> dt.datetime | None:
    """Answer when what was charged for an agent last crossed a limit of its month."""
    mine = {"organization": organization.pk, "agent": agent.id, "zone": organization.time_zone}
    [(crossed_at,)] = ask(CROSSED, {**mine, "at": at, "limit": limit})
    found: dt.datetime | None = crossed_at
    return found


def _of(period: PeriodThen, *, at: dt.datetime) -> dict[str, Any]:
    found = period.period
    return {"organization": found.organization_id, "period": found.pk, "at": at}
