"""Usage of the past, written set-based: what a year of reports would have left behind."""

from __future__ import annotations

import datetime as dt

from django.db import connection, transaction

from billing_portal.benchmarks.population import AGENTS
from usage.charging import charge

PATTERN = "pattern"

EVENTS = """
WITH places AS MATERIALIZED (
    SELECT id, organization_id, starts_at, row_number() OVER (ORDER BY id) - 1 AS place
    FROM plans_period
), agents AS MATERIALIZED (
    SELECT id, organization_id,
           row_number() OVER (PARTITION BY organization_id ORDER BY id) - 1 AS place
    FROM accounts_agent
)
INSERT INTO usage_usageevent (
    organization_id, event_id, kind, agent_id, period_id, channel, meter,
    started_at, recorded_at, credits, facts, trace)
SELECT p.organization_id, 'past-' || n, e.kind, a.id, p.id, e.channel, e.meter,
       p.starts_at + (n %% 200) * interval '1 hour', p.starts_at + (n %% 200) * interval '1 hour',
       e.credits, e.facts, e.trace
FROM generate_series(1, %(events)s) n
JOIN places p ON p.place = (n::bigint * 7919) %% (SELECT count(*) FROM places)
JOIN agents a ON a.organization_id = p.organization_id AND a.place = n %% %(agents)s
CROSS JOIN (SELECT * FROM usage_usageevent WHERE event_id = %(pattern)s LIMIT 1) e
"""
ENTRIES = """
INSERT INTO wallet_ledgerentry (
    organization_id, kind, credits, balance_after, key, description, at)
SELECT organization_id, 'usage', -credits, 0, 'usage:' || event_id || ':1', 'web call', recorded_at
FROM usage_usageevent WHERE event_id LIKE 'past-%'
"""
DAYS = """
INSERT INTO usage_usageday (
    organization_id, period_id, day, agent_id, channel, meter,
    events, quantity, allowance, credits)
SELECT organization_id, period_id, (started_at AT TIME ZONE 'UTC')::date, agent_id, channel, meter,
       count(*), count(*), 0, sum(credits)
FROM usage_usageevent WHERE event_id LIKE 'past-%'
GROUP BY 1, 2, 3, 4, 5, 6
"""
TABLES = "usage_usageevent, usage_usageday, wallet_ledgerentry"


def remember(events: int, *, organization: str, now: dt.datetime) -> None:
    """Replace the usage that is known by so many events of the past, with entries and rollups."""
    with transaction.atomic(), connection.cursor() as cursor:
        # Without the checks of foreign keys, and without waiting for the disk.
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("SET LOCAL synchronous_commit = off")
        cursor.execute(f"TRUNCATE {TABLES}")
        charge([_call(organization, now)], now=now)
        cursor.execute(EVENTS, {"events": events, "agents": len(AGENTS), "pattern": PATTERN})
        cursor.execute(ENTRIES)
        cursor.execute(DAYS)
    with connection.cursor() as cursor:
        for table in TABLES.split(", "):
            cursor.execute(f"VACUUM ANALYZE {table}")


def _call(organization: str, now: dt.datetime) -> dict[str, object]:
    return {
        "organization": organization,
        "id": PATTERN,
        "agent": AGENTS[0],
        "kind": "call",
        "channel": "web",
        "started_at": now.isoformat(),
        "seconds": 60,
    }
