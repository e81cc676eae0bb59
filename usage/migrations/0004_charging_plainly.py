"""The plain charge in one statement: one report, from which nothing follows but its charge.

Whatever is not plain is left to ``usage.charging``: then nothing is written, and the answer is
none. What is plain is rated as ``usage.rating`` does and written as ``usage.recording`` does: the
two are held equal by ``tests/usage/test_plain_charging.py``, and every night by the doctor.

Rows are found by their keys, however few there seem to be when a plan is made: hence the setting.
One is enough where no statement looks for more than one row, and each costs with every charge.
"""

from django.db import migrations

BY_KEY = "SET enable_seqscan = off"
# Whether a letter may be due: 80 % or 100 % of what is included lie between two figures.
PASSES_MARK = """
CREATE FUNCTION usage_passes_mark(before numeric, after numeric, included numeric)
RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT before * 100 < included * 80 AND after * 100 >= included * 80
        OR before < included AND after >= included
$$
"""
# No variable is a record: what goes through one costs twice as much. Nor has any the name of a
# column that it is compared with: hence ``metered`` and ``on_channel``.
CHARGE = f"""
CREATE FUNCTION usage_charge(
    named text, only_id bigint, event text, kind text, agent text, metered text, on_channel text,
    voice_tier text, started_at timestamptz, connected boolean, seconds bigint, reported numeric,
    facts jsonb, now timestamptz)
RETURNS text LANGUAGE plpgsql {BY_KEY} AS $$
DECLARE
    org bigint; balance numeric; recharge_below numeric;
    period bigint; version bigint; is_newest boolean; terms jsonb;
    own bigint; monthly_limit numeric; local_day date;
    pot bigint; pot_kind text; rest numeric;
    step bigint; quantity bigint := 0; parts bigint := 1; common bigint; units numeric := 0;
    included numeric; used numeric; taken numeric := 0; calls numeric := 0;
    rates jsonb; price numeric; cost numeric := 0;
    draws jsonb := '[]'; trace jsonb;
BEGIN
    SELECT w.organization_id, w.balance, w.recharge_below INTO org, balance, recharge_below
    FROM accounts_organization o JOIN wallet_wallet w ON w.organization_id = o.id
    WHERE o.external_id = named AND (only_id IS NULL OR o.id = only_id) FOR UPDATE OF w;

    -- Most reports are of the newest period. One that is due to be followed is not plain.
    SELECT p.id, p.version_id, p.starts_at <= started_at AND NOT coalesce(
               p.replaced_at IS NULL AND p.ends_at <= now AND p.renews_until > now, false)
    INTO period, version, is_newest
    FROM plans_period p WHERE p.organization_id = org ORDER BY p.number DESC LIMIT 1;
    -- The zone only now: what was read before the lock was waited for may be of yesterday.
    SELECT n.id, n.monthly_limit, (started_at AT TIME ZONE o.time_zone)::date
    INTO own, monthly_limit, local_day
    FROM accounts_agent n JOIN accounts_organization o ON o.id = n.organization_id
    WHERE n.organization_id = org AND n.external_id = agent;
    IF own IS NULL OR is_newest IS NOT TRUE THEN
        RETURN NULL;
    END IF;
    SELECT v.terms_json INTO terms FROM plans_planversion v WHERE v.id = version;

    -- How much, exactly: quantity / parts.
    IF connected AND kind = 'call' THEN
        voice_tier := coalesce(voice_tier, terms -> 'voice_tiers' ->> 0, 'standard');
        step := coalesce((terms ->> 'call_increment_seconds')::bigint, 1);
        quantity := (seconds + step - 1) / step * step;
        parts := 60;
        units := round(quantity / 60.0, 6);
    ELSIF connected THEN
        quantity := reported * 1000000;
        parts := 1000000;
        units := reported;
    END IF;

    -- All of it from the allowance, or all of it at the rate.
    IF units > 0 AND terms -> 'allowances' ? metered THEN
        included := (terms -> 'allowances' ->> metered)::numeric;
        used := coalesce((SELECT c.used FROM plans_counter c WHERE c.organization_id = org
                          AND c.period_id = period AND c.meter = metered), 0);
        IF usage_passes_mark(used, used + units, included) THEN
            RETURN NULL;
        END IF;
        taken := CASE WHEN used < included THEN units ELSE 0 END;
    END IF;
    IF units > 0 THEN
        rates := terms -> 'rates' -> metered;
        IF kind = 'call' AND jsonb_typeof(rates) = 'object' THEN
            rates := rates -> on_channel;
        END IF;
        IF kind = 'call' AND jsonb_typeof(rates) = 'object' THEN
            rates := rates -> voice_tier;
        END IF;
        price := CASE jsonb_typeof(rates) WHEN 'string' THEN rates #>> '{{}}' END;
    END IF;
    IF taken < units THEN
        IF price IS NULL THEN
            RETURN NULL;
        END IF;
        -- Exact until here: rounded half up to micro credits, once. The price comes first, for
        -- a product of whole numbers alone would be too large for one.
        cost := div(price * quantity * 2000000 + parts, 2 * parts) * 0.000001;
    END IF;
    IF units > 0 AND on_channel = 'outbound' THEN
        calls := 1;
        IF terms -> 'quotas' ? 'outbound_calls' THEN
            included := (terms -> 'quotas' ->> 'outbound_calls')::numeric;
            used := coalesce((SELECT c.used FROM plans_counter c WHERE c.organization_id = org
                              AND c.period_id = period AND c.meter = 'outbound_calls'), 0);
            IF usage_passes_mark(used, used + 1, included) THEN
                RETURN NULL;
            END IF;
        END IF;
    END IF;
    IF monthly_limit IS NOT NULL AND monthly_limit <= cost + coalesce((
            SELECT sum(d.credits) FROM usage_usageday d
            WHERE d.organization_id = org AND d.agent_id = own
              AND d.day >= date_trunc('month', local_day)
              AND d.day < date_trunc('month', local_day) + interval '1 month'), 0) THEN
        RETURN NULL;
    END IF;

    -- All of it from one source, of which something is left.
    IF cost > 0 THEN
        SELECT g.id, g.kind, g.remaining INTO pot, pot_kind, rest
        FROM wallet_creditgrant g WHERE g.organization_id = org AND g.has_rest
        AND g.effective_at <= now AND g.expires_at > now
        ORDER BY g.kind = 'bonus', g.expires_at, g.id LIMIT 1;
        rest := coalesce(rest, balance) - cost;
        IF rest <= 0 OR pot IS NULL AND rest < recharge_below THEN
            RETURN NULL;
        END IF;
        draws := jsonb_build_array(jsonb_build_array(
            coalesce(pot_kind, 'wallet'), pot, trim_scale(cost)::text));
    END IF;
    common := gcd(quantity, parts);
    trace := jsonb_build_object(
        'version', version, 'meter', metered, 'channel', on_channel,
        'voice_tier', CASE WHEN kind = 'call' AND connected THEN voice_tier END,
        'quantity', jsonb_build_array(quantity / common, parts / common),
        'allowance', trim_scale(taken)::text, 'rate', trim_scale(price)::text,
        'credits', trim_scale(cost)::text, 'draws', draws);
    INSERT INTO usage_usageevent (
        organization_id, event_id, kind, agent_id, period_id, channel, meter,
        started_at, recorded_at, credits, facts, trace)
    VALUES (org, event, kind, own, period, on_channel, metered, started_at, now, cost, facts, trace)
    ON CONFLICT (organization_id, event_id) DO NOTHING;
    IF NOT FOUND THEN
        -- Reported before: again, or with other facts.
        RETURN NULL;
    END IF;
    IF cost > 0 THEN
        IF pot IS NULL THEN
            UPDATE wallet_wallet SET balance = rest WHERE organization_id = org;
        ELSE
            UPDATE wallet_creditgrant SET remaining = rest WHERE id = pot;
        END IF;
        INSERT INTO wallet_ledgerentry (
            organization_id, grant_id, kind, credits, balance_after, key, description, at)
        VALUES (org, pot, 'usage', -cost, rest, 'usage:' || event || ':1',
                coalesce(nullif(on_channel, ''), metered) || ' ' || kind, now);
    END IF;
    IF calls > 0 OR taken > 0 THEN
        INSERT INTO plans_counter AS c (organization_id, period_id, meter, used)
        SELECT org, period, counted.meter, counted.units
        FROM (VALUES ('outbound_calls', calls), (metered, taken)) AS counted (meter, units)
        WHERE counted.units > 0
        ON CONFLICT (organization_id, period_id, meter) DO UPDATE SET used = c.used + excluded.used;
    END IF;
    UPDATE usage_usageday d
    SET events = d.events + 1, quantity = d.quantity + units,
        allowance = d.allowance + taken, credits = d.credits + cost
    WHERE d.organization_id = org AND d.period_id = period AND d.day = local_day
      AND d.agent_id = own AND d.channel = on_channel AND d.meter = metered;
    IF NOT FOUND THEN
        INSERT INTO usage_usageday (
            organization_id, period_id, day, agent_id, channel, meter,
            events, quantity, allowance, credits)
        VALUES (org, period, local_day, own, on_channel, metered, 1, units, taken, cost);
    END IF;
    IF EXISTS (SELECT FROM usage_hold h WHERE h.organization_id = org)
       OR EXISTS (SELECT FROM usage_refusedreport r
                  WHERE r.organization_id = org AND r.ended_at IS NULL) THEN
        PERFORM usage_follow(jsonb_build_array(jsonb_build_object(
            'organization_id', org, 'event_id', event, 'agent_id', own, 'channel', on_channel,
            'kind', kind, 'meter', metered, 'quantity', units)), now);
    END IF;
    RETURN trace;
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("usage", "0003_following")]

    operations = [
        migrations.RunSQL(PASSES_MARK, reverse_sql="DROP FUNCTION usage_passes_mark"),
        migrations.RunSQL(CHARGE, reverse_sql="DROP FUNCTION usage_charge"),
    ]
