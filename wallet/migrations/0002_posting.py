"""The functions that write ledger entries: the plans of their statements are made once a session.

Rows are found by their keys, however few there seem to be when a plan is made: hence the settings.
"""

from django.db import migrations

BY_KEY = """
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
"""
# The caller holds the locks of the wallets, knows the balance after each entry, and has added up
# what each wallet and each grant loses or gets.
MOVE = f"""
CREATE FUNCTION wallet_move(moved jsonb, at timestamptz) RETURNS void
LANGUAGE plpgsql {BY_KEY} AS $$
BEGIN
    IF moved ? 'wallets' THEN
        UPDATE wallet_wallet w
        SET balance = w.balance + m.credits,
            paused = CASE
                WHEN w.balance + m.credits > 0 THEN false
                WHEN w.pause_when = 'negative' AND w.balance + m.credits < -w.overdraft THEN true
                ELSE w.paused END,
            topped_up_at = CASE WHEN m.filled THEN at ELSE w.topped_up_at END
        FROM jsonb_to_recordset(moved->'wallets') AS m (
            organization_id bigint, credits numeric, filled boolean)
        WHERE w.organization_id = m.organization_id;
    END IF;
    IF moved ? 'grants' THEN
        UPDATE wallet_creditgrant g
        SET remaining = g.remaining + m.credits
        FROM jsonb_to_recordset(moved->'grants') AS m (grant_id bigint, credits numeric)
        WHERE g.id = m.grant_id;
    END IF;
    INSERT INTO wallet_ledgerentry
        (organization_id, grant_id, kind, credits, balance_after, key, description, at)
    SELECT organization_id, grant_id, kind, credits, balance_after, key, description, at
    FROM jsonb_to_recordset(moved->'entries') AS (
        organization_id bigint, grant_id bigint, kind text, credits numeric,
        balance_after numeric, key text, description text);
END $$
"""
# What is posted a second time finds its key in the books and moves nothing.
POST = f"""
CREATE FUNCTION wallet_post(postings jsonb, at timestamptz) RETURNS void
LANGUAGE plpgsql {BY_KEY} AS $$
DECLARE entries jsonb;
BEGIN
    entries := (
        SELECT jsonb_agg(to_jsonb(n) ORDER BY n.place) FROM (
            SELECT p.*, coalesce(g.remaining, w.balance) + sum(p.credits) OVER (
                PARTITION BY p.organization_id, p.grant_id ORDER BY p.place) AS balance_after
            FROM ROWS FROM (
                jsonb_to_recordset(postings) AS (
                    organization_id bigint, grant_id bigint, kind text, credits numeric,
                    key text, description text)
            ) WITH ORDINALITY
                AS p (organization_id, grant_id, kind, credits, key, description, place)
            LEFT JOIN wallet_creditgrant g ON g.id = p.grant_id
            LEFT JOIN wallet_wallet w ON w.organization_id = p.organization_id
            WHERE NOT EXISTS (
                SELECT FROM wallet_ledgerentry e
                WHERE e.organization_id = p.organization_id AND e.key = p.key)) n);
    IF entries IS NOT NULL THEN
        PERFORM wallet_move(jsonb_strip_nulls(jsonb_build_object(
            'entries', entries,
            'wallets', (SELECT jsonb_agg(to_jsonb(m)) FROM (
                SELECT organization_id, sum(credits) AS credits,
                       bool_or(credits > 0 AND kind IN ('top_up', 'adjustment')) AS filled
                FROM jsonb_to_recordset(entries) AS (
                    organization_id bigint, grant_id bigint, kind text, credits numeric)
                WHERE grant_id IS NULL GROUP BY organization_id) m),
            'grants', (SELECT jsonb_agg(to_jsonb(m)) FROM (
                SELECT grant_id, sum(credits) AS credits
                FROM jsonb_to_recordset(entries) AS (grant_id bigint, credits numeric)
                WHERE grant_id IS NOT NULL GROUP BY grant_id) m))), at);
    END IF;
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("wallet", "0001_initial")]

    operations = [
        migrations.RunSQL(MOVE, reverse_sql="DROP FUNCTION wallet_move"),
        migrations.RunSQL(POST, reverse_sql="DROP FUNCTION wallet_post"),
    ]
