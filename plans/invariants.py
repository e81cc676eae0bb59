"""What is always true of subscriptions and their periods."""

from __future__ import annotations

from accounts.invariants import Invariant

INVARIANTS = (
    Invariant(
        "I10",
        "the periods of an organization follow each other and never overlap",
        """
        SELECT 'number ' || number || ' from ' || starts_at || ', after number ' || before
               || ' until ' || ended_at, 'period ' || id
        FROM (SELECT id, number, starts_at, lag(number) OVER one_by_one AS before,
                     lag(ends_at) OVER one_by_one AS ended_at
              FROM plans_period
              WINDOW one_by_one AS (PARTITION BY organization_id ORDER BY starts_at, number)
             ) following
        WHERE ended_at > starts_at OR before >= number
        ORDER BY id
        """,
    ),
    Invariant(
        "I10b",
        "a subscription runs in its organization's newest period, and no other is current",
        """
        SELECT CASE WHEN s.organization_id IS NULL THEN 'has periods and no subscription'
               ELSE 'current period ' || s.period_id || ', newest ' || p.newest || ', '
                    || p.current || ' not replaced' END,
               'organization ' || p.organization_id
        FROM (SELECT organization_id, (array_agg(id ORDER BY number DESC))[1] AS newest,
                     (array_agg(version_id ORDER BY number DESC))[1] AS version_id,
                     count(*) FILTER (WHERE replaced_at IS NULL) AS current
              FROM plans_period GROUP BY organization_id) p
        LEFT JOIN plans_subscription s ON s.organization_id = p.organization_id
        WHERE s.period_id IS DISTINCT FROM p.newest OR p.current <> 1
           OR s.version_id IS DISTINCT FROM p.version_id
        ORDER BY p.organization_id
        """,
    ),
    Invariant(
        "I10c",
        "what is due first is the invoice of a current period that runs on grace, so one at most",
        """
        SELECT 'is open and due first, its period '
               || CASE WHEN p.id IS NULL THEN 'is none'
                       WHEN p.replaced_at IS NOT NULL THEN p.id || ' was replaced'
                       ELSE p.id || ' runs on no grace' END,
               coalesce(i.number, 'invoice ' || i.id)
        FROM invoices_invoice i LEFT JOIN plans_period p ON p.invoice_id = i.id
        WHERE i.status = 'open' AND i.due_first
          AND (p.id IS NULL OR p.replaced_at IS NOT NULL OR p.grace_ends_at IS NULL)
        ORDER BY i.id
        """,
    ),
    Invariant(
        "I10d",
        "a current period that runs on grace has its invoice open, or paid within the hour",
        """
        SELECT 'runs on grace until ' || p.grace_ends_at || ', its invoice '
               || coalesce(i.number || ' is ' || i.status, 'is none'), 'period ' || p.id
        FROM plans_period p LEFT JOIN invoices_invoice i ON i.id = p.invoice_id
        WHERE p.grace_ends_at IS NOT NULL AND p.replaced_at IS NULL
          AND i.status IS DISTINCT FROM 'open'
          AND NOT coalesce(i.status = 'paid'
                           AND i.settled_at > %(now)s - interval '1 hour', false)
        ORDER BY p.id
        """,
    ),
    Invariant(
        "I11",
        "an organization has at most one trial, ever",
        """
        SELECT count(*) || ' trials', 'organization ' || p.organization_id
        FROM plans_period p JOIN plans_planversion v ON v.id = p.version_id
        WHERE v.kind = 'trial' GROUP BY p.organization_id HAVING count(*) > 1
        ORDER BY p.organization_id
        """,
    ),
    Invariant(
        "I12",
        "a period begins on its first day and lasts through its last, in its own zone",
        """
        SELECT first_day || ' - ' || last_day || ' in ' || time_zone || ' is ' || starts_at
               || ' - ' || ends_at, 'period ' || id
        FROM (SELECT *, (starts_at AT TIME ZONE time_zone)::date AS begins,
                     (ends_at AT TIME ZONE time_zone)::date AS over,
                     ((ends_at - interval '1 microsecond') AT TIME ZONE time_zone)::date AS lasts
              FROM plans_period) local
        WHERE begins <> first_day OR lasts > last_day
           OR replaced_at IS NULL AND over <= last_day AND NOT EXISTS (
               SELECT FROM plans_subscription s
               WHERE s.period_id = local.id AND s.canceled_at IS NOT NULL)
        ORDER BY id
        """,
    ),
    Invariant(
        "I16d",
        "every period that is due is looked at soon",
        """
        SELECT 'was due ' || look_at, 'period ' || id FROM plans_period
        WHERE look_at < %(now)s - interval '30 minutes'
        ORDER BY id
        """,
    ),
    Invariant(
        "I16e",
        "a plan that is paid begins within the hour",
        """
        SELECT 'is paid since ' || m.settled_at || ' and its plan has not begun', 'payment ' || m.id
        FROM plans_purchase p JOIN payments_payment m ON m.id = p.payment_id
        WHERE p.period_id IS NULL AND m.status = 'paid'
          AND m.settled_at < %(now)s - interval '1 hour'
        ORDER BY m.id
        """,
    ),
    Invariant(
        "I16f",
        "a period that another one follows by itself is followed within the hour",
        """
        SELECT 'ended at ' || ends_at || ' and waits for the next one', 'period ' || id
        FROM plans_period
        WHERE renews_until IS NOT NULL AND replaced_at IS NULL
          AND ends_at < %(now)s - interval '1 hour'
        ORDER BY id
        """,
    ),
    Invariant(
        "I21",
        "a plan's terms are its own newest version",
        """
        SELECT 'is on version ' || v.number || ', newest ' || n.number, 'plan ' || p.code
        FROM plans_plan p JOIN plans_planversion v ON v.id = p.version_id
        JOIN (SELECT plan_id, max(number) AS number FROM plans_planversion GROUP BY plan_id) n
             ON n.plan_id = p.id
        WHERE v.plan_id <> p.id OR v.number <> n.number
        ORDER BY p.code
        """,
    ),
)
