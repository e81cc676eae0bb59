"""Faults in renewals, their invoices and what was bought, and the row that must be named."""

from __future__ import annotations

from tests.billing_portal.faults_planted import ACME, BANK, NEWEST, OTHERS, Planted

OTHERS_INVOICE = f"(SELECT invoice_id FROM plans_period WHERE id = {OTHERS})"

PLANTED = (
    Planted(
        "I10c",
        "an invoice due first of a period that runs on no grace",
        f"UPDATE invoices_invoice SET due_first = true WHERE id = {OTHERS_INVOICE}",
        f"SELECT number FROM invoices_invoice WHERE id = {OTHERS_INVOICE}",
    ),
    Planted(
        "I10d",
        "a period on grace that has no invoice",
        "UPDATE plans_period SET grace_ends_at = '2026-03-20Z', invoice_id = NULL"
        f" WHERE id = {NEWEST}",
        f"SELECT 'period ' || {NEWEST}",
    ),
    Planted(
        "I10d",
        "a period on grace whose invoice was paid long ago",
        f"""UPDATE plans_period SET invoice_id = NULL WHERE invoice_id = {BANK};
            UPDATE plans_period SET grace_ends_at = '2026-03-20Z', invoice_id = {BANK}
            WHERE id = {NEWEST}""",
        f"SELECT 'period ' || {NEWEST}",
    ),
    Planted(
        "I16e",
        "a plan that was paid and never began",
        f"""INSERT INTO plans_purchase
                (payment_id, organization_id, version_id, source, lines, reason, created_at)
            SELECT p.id, p.organization_id, s.version_id, 'chosen', '[]', '', p.created_at
            FROM payments_payment p JOIN plans_subscription s USING (organization_id)
            WHERE p.method = 'bank' AND p.organization_id = {ACME}""",
        "SELECT 'payment ' || payment_id FROM plans_purchase",
    ),
    Planted(
        "I16f",
        "a period that was not renewed",
        f"""UPDATE plans_period SET last_day = first_day, renews_until = '2026-03-20Z',
                ends_at = (first_day + 1)::timestamp AT TIME ZONE 'UTC'
            WHERE id = {NEWEST}""",
        f"SELECT 'period ' || {NEWEST}",
    ),
)
