"""Faults in payments, refunds, disputes, cards and credit notes, and the row that must be named."""

from __future__ import annotations

from tests.billing_portal.faults_planted import Planted

REFUND = "(SELECT id FROM payments_refund WHERE status = 'done')"
REFUNDED = "(SELECT payment_id FROM payments_refund WHERE status = 'done')"
OPEN = "(SELECT payment_id FROM payments_dispute WHERE status = 'open')"
NOTED = "(SELECT invoice_id FROM invoices_creditnote WHERE number = 'CN-000002')"
OTHER = "(SELECT id FROM accounts_organization WHERE name = 'Other')"
EVENT = (
    "('evt_{}', 'charge.succeeded', 'charge', 'ch_1', '{{}}', '{}', 0, '', '2026-03-01 09:00Z',"
    " '2026-03-01 09:00Z', '2026-03-01 09:00Z')"
)
EVENTS = (("waits", "waiting"), ("no_time", "handled"), ("no_reason", "set_aside"))

PLANTED = (
    Planted(
        "I5",
        "money that nobody asked for and that does not go back",
        """UPDATE payments_payment SET invoice_id = NULL
           WHERE id = (SELECT payment_id FROM payments_dispute WHERE status = 'won')""",
        """SELECT 'payment ' || payment_id FROM payments_dispute WHERE status = 'won'
           UNION SELECT number FROM invoices_invoice WHERE id NOT IN (
               SELECT invoice_id FROM payments_payment WHERE invoice_id IS NOT NULL)
               AND status = 'paid'""",
    ),
    Planted(
        "I6",
        "credits that came without a payment",
        "UPDATE wallet_ledgerentry SET key = 'top_up:ghost' WHERE id = "
        "(SELECT min(id) FROM wallet_ledgerentry WHERE kind = 'top_up')",
        """SELECT 'entry ' || id FROM wallet_ledgerentry WHERE key = 'top_up:ghost'
           UNION SELECT 'payment ' || min(id) FROM payments_payment WHERE purpose = 'top_up'""",
    ),
    Planted(
        "I6",
        "a refund that took other credits",
        f"UPDATE payments_refund SET credits = credits - 1 WHERE id = {REFUND}",
        f"SELECT 'refund ' || {REFUND}",
    ),
    Planted(
        "I6",
        "a dispute that was won and gave nothing back",
        """UPDATE wallet_ledgerentry SET key = 'dispute_won:ghost' WHERE key LIKE 'dispute_won:%%'
        """,
        """SELECT 'entry ' || id FROM wallet_ledgerentry WHERE key = 'dispute_won:ghost'
           UNION SELECT 'dispute ' || id FROM payments_dispute WHERE status = 'won'""",
    ),
    Planted(
        "I7",
        "a payment that was disputed when all of it was refunded",
        """UPDATE payments_dispute SET amount_minor = amount_minor + 1 WHERE status = 'lost'""",
        "SELECT 'payment ' || payment_id FROM payments_dispute WHERE status = 'lost'",
    ),
    Planted(
        "I7b",
        "a payment that forgot what went back",
        f"UPDATE payments_payment SET refunded_minor = 0 WHERE id = {REFUNDED}",
        f"SELECT 'payment ' || {REFUNDED}",
    ),
    Planted(
        "I7b",
        "a disputed payment that is called paid",
        f"UPDATE payments_payment SET status = 'paid' WHERE id = {OPEN}",
        f"SELECT 'payment ' || {OPEN}",
    ),
    Planted(
        "I7c",
        "a refund that was not credited",
        """WITH gone AS (DELETE FROM invoices_creditnote WHERE number = 'CN-000003'
                          RETURNING invoice_id),
                 document AS (DELETE FROM invoices_document WHERE number = 'CN-000003'),
                 series AS (UPDATE invoices_series SET next_number = 3 WHERE code = 'CN')
            UPDATE invoices_invoice SET credited_minor = 0
            WHERE id = (SELECT invoice_id FROM gone)""",
        """SELECT 'payment ' || id FROM payments_payment
           WHERE refunded_minor > 0 AND invoice_id NOT IN (
               SELECT invoice_id FROM invoices_creditnote)""",
    ),
    Planted(
        "I9d",
        "an invoice that forgot what was credited",
        f"UPDATE invoices_invoice SET credited_minor = credited_minor + 1 WHERE id = {NOTED}",
        f"SELECT number FROM invoices_invoice WHERE id = {NOTED}",
    ),
    Planted(
        "I9d",
        "a credit note without its document",
        "DELETE FROM invoices_document WHERE number = 'CN-000002'",
        f"SELECT number FROM invoices_invoice WHERE id = {NOTED}",
    ),
    Planted(
        "I9b",
        "a credit note's document of another amount",
        "UPDATE invoices_document SET facts = jsonb_set(facts, '{total_minor}', '1')"
        " WHERE number = 'CN-000002'",
        "SELECT 'CN-000002'",
    ),
    Planted(
        "I8",
        "a credit note's number that was skipped",
        """WITH skipped AS (UPDATE invoices_document SET number = 'CN-000009'
                            WHERE number = 'CN-000003')
           UPDATE invoices_creditnote SET number = 'CN-000009' WHERE number = 'CN-000003'""",
        "SELECT 'series CN'",
    ),
    Planted(
        "I15",
        "cards of which none is the default",
        "UPDATE payments_card SET is_default = false",
        f"SELECT 'organization ' || {OTHER}",
    ),
    Planted(
        "I16",
        "a payment that nobody looks at",
        """INSERT INTO payments_payment (organization_id, key, token, purpose, method, status,
               currency, amount_minor, refunded_minor, reference, decline_code, failure, looks,
               created_at, look_at)
           SELECT organization_id, 'lost', gen_random_uuid(), purpose, method, 'pending', currency,
                  amount_minor, 0, '', '', '', 0, created_at, '2026-03-03 08:00Z'
           FROM payments_payment WHERE method = 'bank'""",
        "SELECT 'payment ' || id FROM payments_payment WHERE key = 'lost'",
    ),
    Planted(
        "I16",
        "a refund that nobody looks at",
        f"""INSERT INTO payments_refund (payment_id, key, token, status, amount_minor, reason,
                failure, looks, created_at)
            SELECT payment_id, 'lost', gen_random_uuid(), 'pending', 1, 'x', '', 0,
                   '2026-03-03 08:00Z' FROM payments_refund WHERE id = {REFUND}""",
        "SELECT 'refund ' || id FROM payments_refund WHERE key = 'lost'",
    ),
    Planted(
        "I17",
        "an event that nobody acted on",
        f"""INSERT INTO payments_stripeevent (stripe_id, kind, object_kind, object_id, payload,
                status, attempts, last_error, happened_at, received_at, due_at)
            VALUES {", ".join(EVENT.format(name, status) for name, status in EVENTS)}""",
        "SELECT 'event ' || stripe_id FROM payments_stripeevent",
    ),
)
