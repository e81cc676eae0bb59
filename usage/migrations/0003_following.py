"""What follows from reports within their transaction: holds are settled, refused meters are known.

Under a wallet's lock, so that a call that asks to start sees either the hold or the charge.
"""

from django.db import migrations

FOLLOW = """
CREATE FUNCTION usage_follow(events jsonb, now timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE told record;
BEGIN
    FOR told IN
        SELECT organization_id, event_id, agent_id, channel
        FROM jsonb_to_recordset(events) AS (
            organization_id bigint, event_id text, agent_id bigint, channel text, kind text)
        WHERE kind = 'call'
    LOOP
        -- Its own hold; else the oldest of its agent and channel that names no call.
        DELETE FROM usage_hold WHERE id = (
            SELECT h.id FROM usage_hold h
            WHERE h.organization_id = told.organization_id
              AND (h.call = told.event_id
                   OR h.call = '' AND h.channel = told.channel AND h.expires_at > now
                      AND (h.agent_id = told.agent_id OR h.agent_id IS NULL))
            ORDER BY h.call = '', h.agent_id IS NULL, h.id LIMIT 1);
    END LOOP;
    UPDATE usage_refusedreport r SET ended_at = now
    FROM jsonb_to_recordset(events) AS e (organization_id bigint, meter text, quantity numeric)
    WHERE r.organization_id = e.organization_id AND r.meter = e.meter
      AND r.ended_at IS NULL AND e.quantity > 0;
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("usage", "0002_charging")]

    operations = [
        migrations.RunSQL(FOLLOW, reverse_sql="DROP FUNCTION usage_follow(jsonb, timestamptz)"),
    ]
