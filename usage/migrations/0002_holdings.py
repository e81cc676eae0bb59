"""The function with which a charge locks and loads the organizations of its reports.

It is a function because of its two snapshots: what is read after the lock was waited for must
be what the transaction before left behind, and that takes a second statement.
"""

from django.db import migrations

CREATE = """
CREATE FUNCTION usage_holdings(
    names text[], events text[], agent_names text[], earliest timestamptz, at timestamptz,
    only_id bigint
) RETURNS TABLE (external_id text, holding json) LANGUAGE plpgsql AS $$
DECLARE ids bigint[];
BEGIN
    ids := ARRAY(SELECT o.id FROM accounts_organization o
                 WHERE o.external_id = ANY(names) AND (only_id IS NULL OR o.id = only_id));
    PERFORM FROM wallet_wallet w WHERE w.organization_id = ANY(ids)
        ORDER BY w.organization_id FOR UPDATE;
    RETURN QUERY
    SELECT o.external_id::text, json_build_object(
        'id', o.id, 'zone', o.time_zone,
        'balance', w.balance::text, 'overdraft', w.overdraft::text,
        'pause_when', w.pause_when, 'paused', w.paused, 'recharge_below', w.recharge_below::text,
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
            WHERE a.organization_id = o.id AND a.external_id = ANY(agent_names)),
        'known', (
            SELECT json_object_agg(e.event_id, json_build_object(
                'facts', e.facts, 'trace', e.trace))
            FROM usage_usageevent e
            WHERE e.organization_id = o.id AND e.event_id = ANY(events)))
    FROM accounts_organization o JOIN wallet_wallet w ON w.organization_id = o.id
    WHERE o.id = ANY(ids);
END $$
"""


class Migration(migrations.Migration):
    dependencies = [
        ("usage", "0001_initial"),
        ("plans", "0001_initial"),
        ("wallet", "0001_initial"),
        ("accounts", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL(CREATE, reverse_sql="DROP FUNCTION usage_holdings"),
    ]
