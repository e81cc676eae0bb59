"""What is always true of usage: what was counted, what was charged, what the days add up to."""

from __future__ import annotations

from accounts.invariants import Invariant

# A usage entry's key is usage:EVENT:PLACE, and the event's own id may hold colons too.

INVARIANTS = (
    Invariant(
        "I4",
        "every usage event is charged by exactly its ledger entries, and each entry has its event",
        """
        SELECT CASE WHEN sum(events) = 0 THEN 'entries of ' || -sum(entries) || ' and no event'
               ELSE 'costs ' || sum(costs) || ', entries ' || -sum(entries) END,
               'organization ' || organization_id || ', event ' || event_id
        FROM (SELECT organization_id, event_id, 1 AS events, credits AS costs, 0 AS entries
              FROM usage_usageevent
              UNION ALL
              SELECT organization_id,
                     substr(key, 7, length(key) - 6 - strpos(reverse(key), ':')), 0, 0, credits
              FROM wallet_ledgerentry WHERE kind = 'usage') told
        GROUP BY organization_id, event_id
        HAVING sum(costs) + sum(entries) <> 0 OR sum(events) <> 1
        """,
    ),
    Invariant(
        "I4b",
        "every charge can be computed again from its facts, its plan version and its allowance",
        """
        WITH told AS (
            SELECT e.id, e.event_id, e.organization_id, e.kind, e.credits, e.facts, e.trace,
                   (e.trace -> 'quantity' ->> 0)::numeric AS units,
                   (e.trace -> 'quantity' ->> 1)::numeric AS parts,
                   (e.trace ->> 'allowance')::numeric AS allowance,
                   (e.trace ->> 'rate')::numeric AS rate,
                   coalesce((v.terms_json ->> 'call_increment_seconds')::int, 1) AS step,
                   v.terms_json -> 'rates' -> e.meter AS rates,
                   (SELECT coalesce(sum((drawn ->> 2)::numeric), 0)
                    FROM jsonb_array_elements(e.trace -> 'draws') drawn) AS drawn
            FROM usage_usageevent e
            JOIN plans_period p ON p.id = e.period_id
            JOIN plans_planversion v ON v.id = p.version_id
        ), priced AS (
            SELECT *, CASE jsonb_typeof(by_channel) WHEN 'object'
                           THEN by_channel -> (trace ->> 'voice_tier') ELSE by_channel END AS price
            FROM (SELECT *, CASE jsonb_typeof(rates) WHEN 'object'
                                 THEN rates -> (trace ->> 'channel') ELSE rates END AS by_channel
                  FROM told) channels
        )
        SELECT 'charged ' || credits || ', traced ' || (trace ->> 'credits') || ', drawn ' || drawn
               || ' for ' || units || '/' || parts || ' less ' || allowance || ' at '
               || coalesce(rate::text, 'no rate'),
               'organization ' || organization_id || ', event ' || event_id
        FROM priced
        WHERE (trace ->> 'credits')::numeric <> credits OR drawn <> credits
           OR credits <> CASE WHEN allowance = round(units / parts, 6) THEN 0
                ELSE round((units - allowance * parts) * coalesce(rate, 0) / parts, 6) END
           OR units > 0 AND (
                coalesce(rate, 0) <> coalesce((price #>> '{}')::numeric, 0)
                OR kind = 'call'
                   AND units * 60 <> parts * step * ceil((facts ->> 'seconds')::numeric / step)
                OR kind IN ('message', 'meter')
                   AND units <> parts * (facts ->> 'quantity')::numeric)
        ORDER BY id
        """,
    ),
    Invariant(
        "I13",
        "the counters of a period say what its events say",
        """
        WITH told AS (
            SELECT organization_id, period_id, 'outbound_calls' AS meter, count(*)::numeric AS used
            FROM usage_usageevent
            WHERE kind = 'call' AND channel = 'outbound' AND (facts ->> 'connected')::boolean
            GROUP BY 1, 2
            UNION ALL
            SELECT organization_id, period_id, meter, sum((trace ->> 'allowance')::numeric)
            FROM usage_usageevent WHERE meter NOT IN ('outbound_calls', 'sessions')
            GROUP BY 1, 2, 3)
        SELECT meter || ' counted ' || coalesce(c.used, 0) || ', events ' || coalesce(t.used, 0),
               'period ' || period_id
        FROM plans_counter c FULL JOIN told t USING (organization_id, period_id, meter)
        WHERE meter <> 'sessions' AND coalesce(c.used, 0) <> coalesce(t.used, 0)
        ORDER BY period_id, meter
        """,
    ),
    Invariant(
        "I13b",
        "the daily sums are the sums of the events",
        """
        WITH told AS (
            SELECT organization_id, period_id, agent_id, channel, meter, count(*) AS events,
                   sum(round((trace -> 'quantity' ->> 0)::numeric
                             / (trace -> 'quantity' ->> 1)::numeric, 6)) AS quantity,
                   sum((trace ->> 'allowance')::numeric) AS allowance, sum(credits) AS credits
            FROM usage_usageevent GROUP BY 1, 2, 3, 4, 5
        ), daily AS (
            SELECT organization_id, period_id, agent_id, channel, meter, sum(events) AS events,
                   sum(quantity) AS quantity, sum(allowance) AS allowance, sum(credits) AS credits
            FROM usage_usageday GROUP BY 1, 2, 3, 4, 5)
        SELECT 'days ' || coalesce(d.events, 0) || ' events, ' || coalesce(d.credits, 0)
               || ' credits; events ' || coalesce(t.events, 0) || ', ' || coalesce(t.credits, 0),
               'organization ' || organization_id || ', period ' || period_id || ', agent '
               || agent_id || ', ' || concat_ws(' ', channel, meter)
        FROM told t FULL JOIN daily d USING (organization_id, period_id, agent_id, channel, meter)
        WHERE (t.events, t.quantity, t.allowance, t.credits)
              IS DISTINCT FROM (d.events, d.quantity, d.allowance, d.credits)
        ORDER BY 2
        """,
    ),
    Invariant(
        "I13c",
        "usage counts in the period in which it started, or the nearest one",
        """
        SELECT 'started ' || e.started_at || ', period ' || p.id || ' is ' || p.starts_at || ' - '
               || p.ends_at, 'organization ' || e.organization_id || ', event ' || e.event_id
        FROM usage_usageevent e JOIN plans_period p ON p.id = e.period_id
        LEFT JOIN plans_period n ON n.organization_id = p.organization_id
                                AND n.number = p.number + 1
        WHERE p.number > 1 AND e.started_at < p.starts_at - interval '1 minute'
           OR e.started_at > n.starts_at + interval '1 minute'
              AND e.recorded_at > n.starts_at + interval '1 minute'
        ORDER BY e.id
        """,
    ),
    Invariant(
        "I22",
        "no call that was reported reserves credit any more",
        """
        SELECT h.credits || ' credits and ' || h.units || ' minutes until ' || h.expires_at,
               'organization ' || h.organization_id || ', call ' || h.call
        FROM usage_hold h
        JOIN usage_usageevent e ON e.organization_id = h.organization_id AND e.event_id = h.call
        WHERE h.held_at < e.recorded_at AND h.call <> ''
        ORDER BY h.id
        """,
    ),
)
