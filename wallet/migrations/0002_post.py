"""The function that writes ledger entries: the plans of its statements are made once a session.

Rows are found by their keys, however few there seem to be when a plan is made: hence the settings.
"""

from django.db import migrations

# Pots move first; each entry then carries the balance after it, counted back from the pot's new
# balance. What is posted a second time finds its key in the books and moves nothing. The caller
# holds the wallet's lock, so the keys and balances that are read here are the newest.
POST = """
CREATE FUNCTION wallet_post(postings json, now timestamptz) RETURNS void LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    IF EXISTS (
        SELECT FROM json_to_recordset(postings) AS p (organization_id bigint, key text)
        JOIN wallet_ledgerentry e ON e.organization_id = p.organization_id AND e.key = p.key
    ) THEN
        postings := (
            SELECT coalesce(json_agg(p.posting ORDER BY p.place), '[]')
            FROM json_array_elements(postings) WITH ORDINALITY AS p (posting, place)
            WHERE NOT EXISTS (
                SELECT FROM wallet_ledgerentry e
                WHERE e.organization_id = (p.posting->>'organization_id')::bigint
                  AND e.key = p.posting->>'key'));
    END IF;
    UPDATE wallet_wallet w
    SET balance = w.balance + m.credits,
        paused = CASE
            WHEN w.balance + m.credits > 0 THEN false
            WHEN w.pause_when = 'negative' AND w.balance + m.credits < -w.overdraft THEN true
            ELSE w.paused END
    FROM (SELECT organization_id, sum(credits) AS credits
          FROM json_to_recordset(postings) AS (
              organization_id bigint, grant_id bigint, credits numeric)
          WHERE grant_id IS NULL GROUP BY organization_id) m
    WHERE w.organization_id = m.organization_id;
    UPDATE wallet_creditgrant g
    SET remaining = g.remaining + m.credits
    FROM (SELECT grant_id, sum(credits) AS credits
          FROM json_to_recordset(postings) AS (grant_id bigint, credits numeric)
          WHERE grant_id IS NOT NULL GROUP BY grant_id) m
    WHERE g.id = m.grant_id;
    INSERT INTO wallet_ledgerentry
        (organization_id, grant_id, kind, credits, balance_after, key, description, at)
    SELECT p.organization_id, p.grant_id, p.kind, p.credits,
           coalesce(g.remaining, w.balance) + p.credits
               - sum(p.credits) OVER (
                   PARTITION BY p.organization_id, p.grant_id ORDER BY p.place DESC),
           p.key, p.description, now
    FROM ROWS FROM (
        json_to_recordset(postings) AS (
            organization_id bigint, grant_id bigint, kind text, credits numeric,
            key text, description text)
    ) WITH ORDINALITY
        AS p (organization_id, grant_id, kind, credits, key, description, place)
    LEFT JOIN wallet_creditgrant g ON g.id = p.grant_id
    LEFT JOIN wallet_wallet w ON p.grant_id IS NULL AND w.organization_id = p.organization_id
    ORDER BY p.place;
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("wallet", "0001_initial")]

    operations = [migrations.RunSQL(POST, reverse_sql="DROP FUNCTION wallet_post")]
