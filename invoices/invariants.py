"""What is always true of invoices, their numbers and their documents."""

from __future__ import annotations

from accounts.invariants import Invariant

_NUMBERS = """
    SELECT number, substring(number FROM '^(.+)-[0-9]+$') AS series,
           substring(number FROM '-([0-9]+)$')::bigint AS n, issued_at AS at
    FROM invoices_invoice WHERE number IS NOT NULL
    UNION ALL
    SELECT number, substring(number FROM '^(.+)-[0-9]+$'),
           substring(number FROM '-([0-9]+)$')::bigint, created_at
    FROM invoices_document WHERE kind = 'receipt'
    UNION ALL
    SELECT number, substring(number FROM '^(.+)-[0-9]+$'),
           substring(number FROM '-([0-9]+)$')::bigint, issued_at
    FROM invoices_creditnote
"""

# Of two who issue at once the one who read the clock first may be the second to take a number;
# staff who renew many at once read it once for all of them.
LATEST = "1 hour"

INVARIANTS = (
    Invariant(
        "I8",
        "the numbers of a series run from 1 without gap or double, and the next one is free",
        f"""
        SELECT coalesce(t.taken, 0) || ' numbers, ' || coalesce(t.different, 0)
               || ' different, up to ' || coalesce(t.newest, 0)
               || ', next ' || coalesce(s.next_number, 0),
               'series ' || coalesce(t.series, s.code, 'unknown')
        FROM (SELECT series, count(*) AS taken, count(DISTINCT n) AS different,
                     min(n) AS oldest, max(n) AS newest
              FROM ({_NUMBERS}) numbers GROUP BY series) t
        FULL JOIN invoices_series s ON s.code = t.series
        WHERE s.next_number IS DISTINCT FROM coalesce(t.taken, 0) + 1
           OR t.different <> t.taken OR t.oldest <> 1 OR t.newest <> t.taken
        """,  # noqa: S608 - our own text
    ),
    Invariant(
        "I8b",
        "numbers ascend with the time of issue",
        f"""
        SELECT 'issued ' || at || ', the number before it ' || before, number
        FROM (SELECT number, at, lag(at) OVER (PARTITION BY series ORDER BY n) AS before
              FROM ({_NUMBERS}) numbers) ordered
        WHERE at < before - interval '{LATEST}'
        ORDER BY number
        """,  # noqa: S608 - our own text
    ),
    Invariant(
        "I8c",
        "no draft has a number, everything issued has one, and its document carries it; what was "
        "paid before there was an invoice has no document that asks for money",
        """
        SELECT 'is ' || i.status || ', number ' || coalesce(i.number, 'none')
               || ', document ' || coalesce(d.number, 'none'), 'invoice ' || i.id
        FROM invoices_invoice i
        LEFT JOIN invoices_document d ON d.invoice_id = i.id AND d.kind = 'invoice'
        WHERE (i.status = 'draft') <> (i.number IS NULL)
           OR i.number IS DISTINCT FROM d.number
              AND NOT (d.id IS NULL AND i.status = 'paid' AND i.settled_at = i.issued_at)
        ORDER BY i.id
        """,
    ),
    Invariant(
        "I9",
        "an invoice's total is the sum of its lines and the tax on it",
        """
        SELECT 'lines ' || coalesce(l.amount, 0) || ', net ' || i.net_minor || ', tax '
               || i.tax_minor || ', total ' || i.total_minor,
               coalesce(i.number, 'invoice ' || i.id)
        FROM invoices_invoice i
        LEFT JOIN (SELECT invoice_id, sum(amount_minor) AS amount
                   FROM invoices_invoiceline GROUP BY invoice_id) l ON l.invoice_id = i.id
        WHERE i.net_minor <> coalesce(l.amount, 0)
           OR i.total_minor <> i.net_minor + i.tax_minor
           OR i.tax_minor <> round(i.net_minor * coalesce(i.tax_percent, 0) / 100)
        ORDER BY i.id
        """,
    ),
    Invariant(
        "I9b",
        "a document says what its invoice says, and its bytes are the ones that were rendered",
        """
        SELECT CASE WHEN d.total IS DISTINCT FROM d.said
                    THEN 'says ' || coalesce(d.said::text, 'nothing')
                         || ', its invoice or credit note ' || d.total
                    ELSE 'its bytes or its currency are others' END,
               d.number
        FROM (SELECT d.*, i.currency, coalesce(n.amount_minor, i.total_minor) AS total,
                     (d.facts ->> 'total_minor')::bigint AS said
              FROM invoices_document d
              JOIN invoices_invoice i ON i.id = d.invoice_id
              LEFT JOIN invoices_creditnote n ON n.id = d.credit_note_id) d
        WHERE d.said IS DISTINCT FROM d.total
           OR d.facts ->> 'currency' IS DISTINCT FROM d.currency
           OR d.pdf IS NOT NULL AND encode(sha256(d.pdf), 'hex') <> d.sha256
        ORDER BY d.number
        """,
    ),
    Invariant(
        "I9c",
        "an invoice has a receipt if, and only if, it is paid",
        """
        SELECT 'is ' || i.status || ', receipt ' || coalesce(d.number, 'none'),
               coalesce(i.number, 'invoice ' || i.id)
        FROM invoices_invoice i
        LEFT JOIN invoices_document d ON d.invoice_id = i.id AND d.kind = 'receipt'
        WHERE (i.status = 'paid') <> (d.id IS NOT NULL)
        ORDER BY i.id
        """,
    ),
    Invariant(
        "I9d",
        "what is credited of an invoice is the sum of its credit notes, each with its document",
        """
        SELECT 'credited ' || i.credited_minor || ', credit notes ' || coalesce(n.amount, 0)
               || ', documents ' || coalesce(n.documents, 0), coalesce(i.number, 'invoice ' || i.id)
        FROM invoices_invoice i
        LEFT JOIN (SELECT n.invoice_id, sum(n.amount_minor) AS amount, count(*) AS notes,
                          count(d.id) AS documents
                   FROM invoices_creditnote n
                   LEFT JOIN invoices_document d ON d.credit_note_id = n.id
                        AND d.invoice_id = n.invoice_id AND d.number = n.number
                   GROUP BY n.invoice_id) n ON n.invoice_id = i.id
        WHERE i.credited_minor <> coalesce(n.amount, 0)
           OR n.notes IS DISTINCT FROM n.documents OR i.credited_minor > 0 AND i.status <> 'paid'
        ORDER BY i.id
        """,
    ),
    Invariant(
        "I16c",
        "no document waits for its bytes for longer than a day",
        """
        SELECT 'waits since ' || created_at, number FROM invoices_document
        WHERE status = 'waiting' AND created_at < %(now)s - interval '1 day'
        ORDER BY number
        """,
    ),
)
