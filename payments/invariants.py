"""What is always true of payments and the invoices they pay."""

from __future__ import annotations

from accounts.invariants import Invariant

INVARIANTS = (
    Invariant(
        "I5",
        "a paid invoice has one payment that succeeded, of its amount; and the reverse",
        """
        WITH moved AS (
            SELECT * FROM payments_payment WHERE status IN ('paid', 'disputed', 'refunded'))
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
        WHERE i.status IS DISTINCT FROM 'paid'
        """,
    ),
)
