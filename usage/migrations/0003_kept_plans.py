"""The functions with which a charge reads and writes: their plans are made once a session.

Reading is a function also because of its two snapshots: what is read after the lock was waited
for must be what the transaction before left behind, and that takes a second statement.

Rows are found by their keys, however few there seem to be when a plan is made: hence the settings.
"""

from django.db import migrations

BY_KEY = """
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
"""
HOLD = f"""
CREATE FUNCTION usage_holdings(asked json)
RETURNS TABLE (external_id text, holding json) LANGUAGE plpgsql {BY_KEY} AS $$
DECLARE
    names text[]; events text[]; agent_names text[]; earliest timestamptz; at timestamptz;
    only_id bigint; ids bigint[];
BEGIN
    SELECT * INTO names, events, agent_names, earliest, at, only_id
    FROM json_to_record(asked) AS a (
        organizations text[], events text[], agents text[],
        earliest timestamptz, now timestamptz, "only" bigint);
    ids := ARRAY(
        SELECT w.organization_id
        FROM accounts_organization o JOIN wallet_wallet w ON w.organization_id = o.id
        WHERE o.external_id = ANY(names) AND (only_id IS NULL OR o.id = only_id)
        ORDER BY w.organization_id FOR UPDATE OF w);
    RETURN QUERY
    SELECT o.external_id::text, json_build_object(
        'id', o.id, 'zone', o.time_zone,
        'balance', w.balance::text, 'overdraft', w.overdraft::text,
        'pause_when', w.pause_when, 'paused', w.paused,
        'periods', (
            SELECT json_agg(json_build_object(
                'id', p.id, 'version', p.version_id, 'starts_at', p.starts_at,
                'counters', (SELECT json_object_agg(c.meter, c.used::text)
                             FROM plans_counter c WHERE c.period_id = p.id)
            ) ORDER BY p.starts_at DESC, p.number DESC)
            FROM plans_period p
            WHERE p.organization_id = o.id AND p.starts_at >= coalesce(
                (SELECT max(q.starts_at) FROM plans_period q
                 WHERE q.organization_id = o.id AND q.starts_at <= earliest), '-infinity')),
        'grants', (
            SELECT json_agg(json_build_object(
                'id', g.id, 'kind', g.kind, 'remaining', g.remaining::text
            ) ORDER BY g.kind = 'bonus', g.expires_at, g.id)
            FROM wallet_creditgrant g
            WHERE g.organization_id = o.id AND g.remaining > 0
              AND g.expires_at > at),
        'agents', (
            SELECT json_object_agg(a.external_id, a.id) FROM accounts_agent a
            WHERE a.organization_id = o.id AND a.external_id = ANY(agent_names)))
    FROM accounts_organization o JOIN wallet_wallet w ON w.organization_id = o.id
    WHERE o.id = ANY(ids);
    RETURN QUERY
    SELECT r.name, json_build_object('known', e.event_id, 'facts', e.facts, 'trace', e.trace)
    FROM unnest(names, events) AS r (name, event_id)
    JOIN accounts_organization o ON o.external_id = r.name AND o.id = ANY(ids)
    JOIN usage_usageevent e ON e.organization_id = o.id AND e.event_id = r.event_id;
END $$
"""
RECORD = f"""
CREATE FUNCTION usage_record(made json) RETURNS void LANGUAGE plpgsql {BY_KEY} AS $$
DECLARE at timestamptz := made->>'now';
BEGIN
    PERFORM wallet_post(made->'postings', at);
    INSERT INTO usage_usageevent (
        organization_id, event_id, kind, agent_id, period_id, channel, meter,
        started_at, recorded_at, credits, facts, trace)
    SELECT organization_id, event_id, kind, agent_id, period_id, channel, meter,
           started_at, at, credits, facts, trace
    FROM json_to_recordset(made->'events') AS (
        organization_id bigint, event_id text, kind text, agent_id bigint, period_id bigint,
        channel text, meter text, started_at timestamptz, credits numeric,
        facts jsonb, trace jsonb);
    INSERT INTO plans_counter AS c (period_id, meter, used)
    SELECT period_id, meter, used
    FROM json_to_recordset(made->'counters') AS (period_id bigint, meter text, used numeric)
    ON CONFLICT (period_id, meter) DO UPDATE SET used = c.used + excluded.used;
    INSERT INTO usage_usageday AS d (
        organization_id, period_id, day, agent_id, channel, meter,
        events, quantity, allowance, credits)
    SELECT organization_id, period_id, day, agent_id, channel, meter,
           n, quantity, allowance, credits
    FROM json_to_recordset(made->'days') AS (
        organization_id bigint, period_id bigint, day date, agent_id bigint, channel text,
        meter text, n int, quantity numeric, allowance numeric, credits numeric)
    ON CONFLICT (organization_id, period_id, day, agent_id, channel, meter) DO UPDATE
    SET events = d.events + excluded.events,
        quantity = d.quantity + excluded.quantity,
        allowance = d.allowance + excluded.allowance,
        credits = d.credits + excluded.credits;
END $$
"""


class Migration(migrations.Migration):
    dependencies = [
        ("usage", "0002_holdings"),
        ("wallet", "0002_post"),
    ]

    operations = [
        migrations.RunSQL("DROP FUNCTION usage_holdings", migrations.RunSQL.noop),
        migrations.RunSQL(HOLD, reverse_sql="DROP FUNCTION usage_holdings"),
        migrations.RunSQL(RECORD, reverse_sql="DROP FUNCTION usage_record"),
    ]
