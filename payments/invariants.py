"""What is always true of payments, the invoices they pay, and what became of their money."""

from __future__ import annotations

from accounts.invariants import Invariant

_MOVED = """
    SELECT p.*, EXISTS (SELECT FROM payments_refund r WHERE r.payment_id = p.id
                        AND r.key = 'unwanted' AND r.status <> 'failed') AS unwanted
    FROM payments_payment p WHERE p.status IN ('paid', 'disputed', 'refunded')
"""
# What of a payment has gone: refunds that were made, disputes that were not won.
_GONE = """
    SELECT p.id, p.status, p.amount_minor, p.refunded_minor,
           coalesce(r.amount, 0) AS refunded, coalesce(d.lost, 0) AS lost,
           coalesce(d.open, 0) AS open
    FROM payments_payment p
    LEFT JOIN (SELECT payment_id, sum(amount_minor) AS amount FROM payments_refund
               WHERE status = 'done' GROUP BY payment_id) r ON r.payment_id = p.id
    LEFT JOIN (SELECT payment_id, sum(amount_minor) FILTER (WHERE status = 'lost') AS lost,
                      sum(amount_minor) FILTER (WHERE status = 'open') AS open
               FROM payments_dispute GROUP BY payment_id) d ON d.payment_id = p.id
"""
# Every posting that payments must have made: its key, its credits, and whose it is.
_POSTED = """
    SELECT organization_id, 'top_up:' || token AS key, credits, 'payment ' || id AS place
    FROM payments_payment
    WHERE status IN ('paid', 'disputed', 'refunded') AND credits IS NOT NULL
    UNION ALL
    SELECT p.organization_id, 'refund:' || r.token, -r.credits, 'refund ' || r.id
    FROM payments_refund r JOIN payments_payment p ON p.id = r.payment_id
    WHERE r.credits <> 0
    UNION ALL
    SELECT p.organization_id, 'refund_failed:' || r.token, r.credits, 'refund ' || r.id
    FROM payments_refund r JOIN payments_payment p ON p.id = r.payment_id
    WHERE r.credits <> 0 AND r.status = 'failed'
    UNION ALL
    SELECT p.organization_id, 'dispute:' || d.stripe_id, -d.credits, 'dispute ' || d.id
    FROM payments_dispute d JOIN payments_payment p ON p.id = d.payment_id
    WHERE d.credits <> 0
    UNION ALL
    SELECT p.organization_id, 'dispute_won:' || d.stripe_id, d.credits, 'dispute ' || d.id
    FROM payments_dispute d JOIN payments_payment p ON p.id = d.payment_id
    WHERE d.credits <> 0 AND d.status = 'won'
"""

INVARIANTS = (
    Invariant(
        "I5",
        "a paid invoice has one payment that succeeded, of its amount; and the reverse, but for "
        "money that nobody asked for any more and that goes back",
        f"""
        WITH moved AS ({_MOVED})
        SELECT 'paid ' || i.total_minor || ' ' || i.currency || ' by ' || count(p.id)
               || ' payments' || coalesce(' of ' || sum(p.amount_minor), ''),
               coalesce(i.number, 'invoice ' || i.id)
        FROM invoices_invoice i LEFT JOIN moved p ON p.invoice_id = i.id
        WHERE i.status = 'paid' GROUP BY i.id
        HAVING count(p.id) <> 1 OR min(p.amount_minor) <> i.total_minor
            OR min(p.currency) <> i.currency
        UNION ALL
        SELECT 'is ' || p.status || ', its invoice '
               || coalesce(i.number || ' is ' || i.status, 'is none'), 'payment ' || p.id
        FROM moved p LEFT JOIN invoices_invoice i ON i.id = p.invoice_id
        WHERE i.status IS DISTINCT FROM 'paid' AND NOT (i.id IS NULL AND p.unwanted)
        """,  # noqa: S608 - our own text
    ),
    Invariant(
        "I6",
        "what was bought, refunded and disputed moved its credits once; and the reverse",
        f"""
        SELECT 'posted ' || coalesce(e.credits::text, 'nothing') || ', must be '
               || coalesce(m.credits::text, 'nothing'), coalesce(m.place, 'entry ' || e.id)
        FROM ({_POSTED}) m
        FULL JOIN (SELECT * FROM wallet_ledgerentry
                   WHERE kind IN ('top_up', 'refund') AND grant_id IS NULL) e
             ON e.organization_id = m.organization_id AND e.key = m.key
        WHERE e.credits IS DISTINCT FROM m.credits
        """,  # noqa: S608 - our own text
    ),
    Invariant(
        "I7",
        "what is refunded and disputed of a payment is never more than was paid",
        f"""
        SELECT 'paid ' || amount_minor || ', refunded ' || refunded || ', disputed '
               || lost + open, 'payment ' || id
        FROM ({_GONE}) gone WHERE refunded + lost + open > amount_minor
        """,  # noqa: S608 - our own text
    ),
    Invariant(
        "I7b",
        "a payment says what went back of it, and is refunded or disputed if, and only if, it is",
        f"""
        SELECT 'is ' || status || ', says ' || refunded_minor || ' of ' || amount_minor
               || ', refunded ' || refunded || ', lost ' || lost || ', disputed ' || open,
               'payment ' || id
        FROM ({_GONE}) gone
        WHERE refunded_minor <> least(refunded + lost, amount_minor)
           OR (status = 'refunded') <> (refunded_minor = amount_minor)
           OR (status = 'disputed') <> (open > 0 AND refunded_minor < amount_minor)
        """,  # noqa: S608 - our own text
    ),
    Invariant(
        "I7c",
        "what went back of a payment is credited on its invoice",
        """
        SELECT 'refunded ' || p.refunded_minor || ', ' || i.number || ' is credited with '
               || i.credited_minor, 'payment ' || p.id
        FROM payments_payment p JOIN invoices_invoice i ON i.id = p.invoice_id
        WHERE p.refunded_minor > i.credited_minor
        """,
    ),
    Invariant(
        "I15",
        "an organization with cards on file has one default card among them",
        """
        SELECT count(*) || ' cards on file, ' || count(*) FILTER (WHERE is_default)
               || ' of them the default', 'organization ' || organization_id
        FROM payments_card WHERE status = 'on_file' GROUP BY organization_id
        HAVING count(*) FILTER (WHERE is_default) <> 1
        """,
    ),
    Invariant(
        "I16",
        "no payment or refund waits for a day without being looked at",
        """
        SELECT 'is to be looked at since ' || at, place
        FROM (SELECT 'payment ' || id AS place, coalesce(look_at, created_at) AS at
              FROM payments_payment WHERE status = 'pending'
              UNION ALL
              SELECT 'refund ' || id, coalesce(look_at, created_at)
              FROM payments_refund WHERE status = 'pending') waiting
        WHERE at < %(now)s - interval '1 day'
        """,
    ),
    Invariant(
        "I17",
        "what Stripe told us is handled within an hour, or set aside with the reason",
        """
        SELECT CASE status WHEN 'waiting' THEN 'waits since ' || received_at
                           WHEN 'handled' THEN 'is handled without a time'
                           ELSE 'is set aside without a reason' END, 'event ' || stripe_id
        FROM payments_stripeevent
        WHERE status = 'waiting' AND attempts = 0 AND due_at < %(now)s - interval '1 hour'
           OR status = 'handled' AND handled_at IS NULL
           OR status = 'set_aside' AND last_error = ''
        """,
    ),
)
