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
# Of an agent with a limit alone: a function of its own costs nothing where it is not called.
SPENT = """
CREATE FUNCTION usage_spent(org bigint, agent bigint, since date)
RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT array_agg(ARRAY[s.month, s.spent]) FROM (
        SELECT to_char(d.day, 'YYYY-MM') AS month, sum(d.credits)::text AS spent
        FROM usage_usageday d
        WHERE d.organization_id = org AND d.agent_id = agent AND d.day >= since
        GROUP BY 1) s
$$
"""
HOLD = f"""
CREATE FUNCTION usage_holdings(names text[], asked jsonb, now timestamptz, only_id bigint)
RETURNS TABLE (external_id text, holding text) LANGUAGE plpgsql {BY_KEY} AS $$
DECLARE ids bigint[];
BEGIN
    ids := ARRAY(
        SELECT w.organization_id
        FROM accounts_organization o JOIN wallet_wallet w ON w.organization_id = o.id
        WHERE o.external_id = ANY(names)
          AND (only_id IS NULL OR o.id = only_id)
        ORDER BY w.organization_id FOR UPDATE OF w);
    RETURN QUERY
    SELECT o.external_id::text, json_build_object(
        'id', o.id, 'zone', o.time_zone,
        'balance', w.balance::text, 'overdraft', w.overdraft::text,
        'pause_when', w.pause_when, 'paused', w.paused, 'recharge_below', w.recharge_below::text,
        'periods', ARRAY(
            SELECT json_build_object(
                'id', p.id, 'version', p.version_id, 'starts_at', p.starts_at,
                'renewal_due', coalesce(
                    p.replaced_at IS NULL AND p.ends_at <= now AND p.renews_until > now, false),
                'counters', ARRAY(SELECT ARRAY[c.meter, c.used::text]
                                  FROM plans_counter c
                                  WHERE c.organization_id = o.id AND c.period_id = p.id))
            FROM plans_period p
            WHERE p.organization_id = o.id AND p.starts_at >= coalesce(
                (SELECT max(q.starts_at) FROM plans_period q
                 WHERE q.organization_id = o.id AND q.starts_at <= a.earliest), '-infinity')
            ORDER BY p.starts_at DESC, p.number DESC),
        'grants', ARRAY(
            SELECT json_build_array(g.id, g.kind, g.remaining::text)
            FROM wallet_creditgrant g
            WHERE g.organization_id = o.id AND g.has_rest
              AND g.effective_at <= now AND g.expires_at > now
            ORDER BY g.kind = 'bonus', g.expires_at, g.id),
        'agents', ARRAY(
            SELECT json_build_array(
                n.external_id, n.id, n.monthly_limit::text,
                CASE WHEN n.monthly_limit IS NOT NULL THEN usage_spent(
                    o.id, n.id,
                    date_trunc('month', a.earliest AT TIME ZONE o.time_zone)::date) END)
            FROM accounts_agent n
            WHERE n.organization_id = o.id AND n.external_id = ANY(a.agents)),
        'known', ARRAY(
            SELECT json_build_array(told.event_id, e.facts, e.trace)
            -- Each by itself: all of them would be looked for among all that there is.
            FROM unnest(a.events) AS told (event_id) CROSS JOIN LATERAL (
                SELECT e.facts, e.trace FROM usage_usageevent e
                WHERE e.organization_id = o.id AND e.event_id = told.event_id LIMIT 1) e),
        'awaited', EXISTS (SELECT FROM usage_hold h WHERE h.organization_id = o.id)
            OR EXISTS (SELECT FROM usage_refusedreport r
                       WHERE r.organization_id = o.id AND r.ended_at IS NULL))::text
    FROM unnest(ids) AS held (id)
    JOIN accounts_organization o ON o.id = held.id
    JOIN wallet_wallet w ON w.organization_id = o.id
    CROSS JOIN jsonb_to_record(asked->o.external_id) AS a (
        events text[], agents text[], earliest timestamptz);
END $$
"""
RECORD = f"""
CREATE FUNCTION usage_record(charged jsonb, now timestamptz)
RETURNS void LANGUAGE plpgsql {BY_KEY} AS $$
BEGIN
    IF charged ? 'entries' THEN
        PERFORM wallet_move(charged, now);
    END IF;
    INSERT INTO usage_usageevent (
        organization_id, event_id, kind, agent_id, period_id, channel, meter,
        started_at, recorded_at, credits, facts, trace)
    SELECT organization_id, event_id, kind, agent_id, period_id, channel, meter,
           started_at, now, credits, facts, trace
    FROM jsonb_to_recordset(charged->'events') AS (
        organization_id bigint, event_id text, kind text, agent_id bigint, period_id bigint,
        channel text, meter text, started_at timestamptz, credits numeric,
        facts jsonb, trace jsonb);
    IF charged ? 'awaited' THEN
        PERFORM usage_follow(charged->'awaited', now);
    END IF;
    IF charged ? 'counters' THEN
        INSERT INTO plans_counter AS c (organization_id, period_id, meter, used)
        SELECT organization_id, period_id, meter, used
        FROM jsonb_to_recordset(charged->'counters') AS (
            organization_id bigint, period_id bigint, meter text, used numeric)
        ON CONFLICT (organization_id, period_id, meter) DO UPDATE
        SET used = c.used + excluded.used;
    END IF;
    INSERT INTO usage_usageday AS d (
        organization_id, period_id, day, agent_id, channel, meter,
        events, quantity, allowance, credits)
    SELECT organization_id, period_id, day, agent_id, channel, meter,
           events, quantity, allowance, credits
    FROM jsonb_to_recordset(charged->'days') AS (
        organization_id bigint, period_id bigint, day date, agent_id bigint, channel text,
        meter text, events int, quantity numeric, allowance numeric, credits numeric)
    ON CONFLICT (organization_id, period_id, day, agent_id, channel, meter) DO UPDATE
    SET events = d.events + excluded.events,
        quantity = d.quantity + excluded.quantity,
        allowance = d.allowance + excluded.allowance,
        credits = d.credits + excluded.credits;
END $$
"""


class Migration(migrations.Migration):
    dependencies = [
        ("usage", "0001_initial"),
        ("plans", "0001_initial"),
        ("wallet", "0002_posting"),
        ("accounts", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL(SPENT, reverse_sql="DROP FUNCTION usage_spent"),
        migrations.RunSQL(HOLD, reverse_sql="DROP FUNCTION usage_holdings"),
        migrations.RunSQL(RECORD, reverse_sql="DROP FUNCTION usage_record"),
    ]
