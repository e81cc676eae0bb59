"""For each invariant, faults that break it and nothing else, and the row the doctor must name."""

from __future__ import annotations

from dataclasses import dataclass

ACME = "(SELECT id FROM accounts_organization WHERE name = 'Acme')"
OTHER = "(SELECT id FROM accounts_organization WHERE name = 'Other')"
NEWEST = f"(SELECT period_id FROM plans_subscription WHERE organization_id = {ACME})"
OTHERS = f"(SELECT period_id FROM plans_subscription WHERE organization_id = {OTHER})"
PLAN_GRANT = f"""(SELECT grant_id FROM wallet_ledgerentry
    WHERE kind = 'usage' AND key = 'usage:on-starter:1' AND organization_id = {ACME})"""
BANK = "(SELECT invoice_id FROM payments_payment WHERE method = 'bank')"
BONUS = f"(SELECT id FROM wallet_creditgrant WHERE kind = 'bonus' AND organization_id = {OTHER})"


@dataclass(frozen=True, slots=True)
class Planted:
    """A fault: what is done to which books, and a query for the places that are found."""

    code: str
    fault: str
    sql: str
    places: str
    unguarded: tuple[tuple[str, str], ...] = ()


PLANTED = (
    Planted(
        "I1",
        "a balance that was typed over",
        f"UPDATE wallet_wallet SET balance = balance + 0.000001 WHERE organization_id = {ACME}",
        f"SELECT 'organization ' || {ACME}",
    ),
    Planted(
        "I1",
        "an entry of an organization that is not there",
        """INSERT INTO wallet_ledgerentry
               (organization_id, kind, credits, balance_after, key, description, at)
           VALUES (0, 'adjustment', 1, 1, 'nobody', '', now())""",
        "SELECT 'organization 0'",
    ),
    Planted(
        "I2",
        "a grant that was topped up",
        f"UPDATE wallet_creditgrant SET remaining = remaining - 1 WHERE id = {BONUS}",
        f"SELECT 'grant ' || {BONUS}",
    ),
    Planted(
        "I2",
        "a grant of more than its entry says",
        f"UPDATE wallet_creditgrant SET credits = credits + 1 WHERE id = {BONUS}",
        f"SELECT 'grant ' || {BONUS}",
    ),
    Planted(
        "I2b",
        "a balance in the ledger that does not follow",
        f"""UPDATE wallet_ledgerentry SET balance_after = balance_after + 1 WHERE id = (
            SELECT max(id) FROM wallet_ledgerentry
            WHERE grant_id IS NULL AND organization_id = {OTHER})""",
        f"""SELECT 'entry ' || max(id) FROM wallet_ledgerentry
            WHERE grant_id IS NULL AND organization_id = {OTHER}""",
    ),
    Planted(
        "I3",
        "a grant drawn after it expired",
        f"UPDATE wallet_creditgrant SET expires_at = effective_at + interval '1 minute'"
        f" WHERE id = {PLAN_GRANT}",
        "SELECT 'entry ' || id FROM wallet_ledgerentry"
        f" WHERE kind = 'usage' AND grant_id = {PLAN_GRANT}",
    ),
    Planted(
        "I3",
        "a grant drawn before it was effective",
        f"UPDATE wallet_creditgrant SET effective_at = effective_at + interval '1 hour'"
        f" WHERE id = {PLAN_GRANT}",
        "SELECT 'entry ' || id FROM wallet_ledgerentry"
        f" WHERE kind = 'usage' AND grant_id = {PLAN_GRANT}",
    ),
    Planted(
        "I4",
        "entries of an event that nobody reported",
        "UPDATE wallet_ledgerentry SET key = 'usage:ghost:1' WHERE key = 'usage:on-trial:1'",
        f"SELECT 'organization ' || {ACME} || ', event ' || event"
        " FROM unnest(ARRAY['ghost', 'on-trial']) event",
    ),
    Planted(
        "I5",
        "a paid invoice without its payment",
        "DELETE FROM payments_payment WHERE method = 'bank'",
        "SELECT 'INV-000002'",
    ),
    Planted(
        "I5",
        "a payment of another amount",
        "UPDATE payments_payment SET amount_minor = amount_minor - 1 WHERE method = 'bank'",
        f"SELECT number FROM invoices_invoice WHERE id = {BANK}",
    ),
    Planted(
        "I5",
        "a payment that paid nothing",
        """INSERT INTO payments_payment (organization_id, key, token, purpose, method, status,
               currency, amount_minor, refunded_minor, reference, decline_code, failure, looks,
               created_at, settled_at)
           SELECT organization_id, 'twice', gen_random_uuid(), purpose, method, status,
                  currency, amount_minor, 0, reference, '', '', 0,
                  created_at, settled_at FROM payments_payment WHERE method = 'bank'""",
        "SELECT 'payment ' || id FROM payments_payment WHERE key = 'twice'",
    ),
    Planted(
        "I8",
        "a number that was skipped",
        "UPDATE invoices_invoice SET number = 'INV-000009' WHERE number = 'INV-000008'",
        "SELECT 'series INV'",
    ),
    Planted(
        "I8",
        "a next number that is taken",
        "UPDATE invoices_series SET next_number = 1 WHERE code = 'RCP'",
        "SELECT 'series RCP'",
    ),
    Planted(
        "I8b",
        "a number that was issued too early",
        "UPDATE invoices_invoice SET issued_at = issued_at - interval '5 days'"
        " WHERE number = 'INV-000003'",
        "SELECT 'INV-000003'",
    ),
    Planted(
        "I8c",
        "a draft with a number",
        "UPDATE invoices_invoice SET status = 'draft' WHERE number = 'INV-000003'",
        "SELECT 'invoice ' || id FROM invoices_invoice WHERE number = 'INV-000003'",
        (("invoices_invoice", "invoice_numbered_iff_issued"),),
    ),
    Planted(
        "I9",
        "a line too many",
        """INSERT INTO invoices_invoiceline
               (invoice_id, position, code, description, quantity, amount_minor)
           SELECT id, 99, 'plan', 'forged', 1, 1 FROM invoices_invoice
           WHERE number = 'INV-000003'""",
        "SELECT 'INV-000003'",
    ),
    Planted(
        "I9",
        "a tax that was not added",
        "UPDATE invoices_invoice SET tax_percent = 20 WHERE number = 'INV-000003'",
        "SELECT 'INV-000003'",
    ),
    Planted(
        "I9b",
        "a PDF with other bytes",
        "UPDATE invoices_document SET pdf = 'forged' WHERE number = 'INV-000001'",
        "SELECT 'INV-000001'",
    ),
    Planted(
        "I9b",
        "a document of another total",
        "UPDATE invoices_document SET facts = jsonb_set(facts, '{total_minor}', '1')"
        " WHERE number = 'INV-000003'",
        "SELECT 'INV-000003'",
    ),
    Planted(
        "I9c",
        "a receipt for an invoice that is open",
        """UPDATE invoices_document SET invoice_id = (
               SELECT id FROM invoices_invoice WHERE number = 'INV-000003')
           WHERE number = 'RCP-000001'""",
        f"SELECT number FROM invoices_invoice WHERE id = {BANK} OR number = 'INV-000003'",
    ),
    Planted(
        "I10",
        "two periods at once",
        f"""UPDATE plans_period SET ends_at = ends_at + interval '2 hours'
            WHERE organization_id = {ACME} AND number = 2""",
        f"SELECT 'period ' || {NEWEST}",
        (("plans_period", "periods_do_not_overlap"),),
    ),
    Planted(
        "I10b",
        "a subscription in a period that was replaced",
        f"""UPDATE plans_subscription SET period_id = (
                SELECT id FROM plans_period WHERE organization_id = {ACME} AND number = 2)
            WHERE organization_id = {ACME}""",
        f"SELECT 'organization ' || {ACME}",
    ),
    Planted(
        "I11",
        "a second trial",
        "UPDATE plans_planversion SET kind = 'trial'",
        f"SELECT 'organization ' || {ACME}",
    ),
    Planted(
        "I12",
        "a period that ends a day before its end",
        f"UPDATE plans_period SET last_day = last_day + 1 WHERE id = {NEWEST}",
        f"SELECT 'period ' || {NEWEST}",
    ),
    Planted(
        "I12",
        "a period that begins on another day",
        f"UPDATE plans_period SET first_day = first_day - 1 WHERE id = {NEWEST}",
        f"SELECT 'period ' || {NEWEST}",
    ),
    Planted(
        "I13",
        "a counter that lost a unit",
        f"UPDATE plans_counter SET used = used - 1 WHERE period_id = {OTHERS}"
        " AND meter = 'outbound_calls'",
        f"SELECT 'period ' || {OTHERS}",
    ),
    Planted(
        "I13",
        "an allowance that nobody used",
        "INSERT INTO plans_counter (organization_id, period_id, meter, used)"
        f" VALUES ({ACME}, {NEWEST}, 'messages', 1)",
        f"SELECT 'period ' || {NEWEST}",
    ),
    Planted(
        "I13b",
        "a day that sums up wrongly",
        f"UPDATE usage_usageday SET credits = credits + 1 WHERE period_id = {OTHERS}"
        " AND channel = 'outbound'",
        f"""SELECT 'organization ' || {OTHER} || ', period ' || {OTHERS} || ', agent ' || id
                || ', outbound call_minutes'
            FROM accounts_agent WHERE organization_id = {OTHER}""",
    ),
    Planted(
        "I13c",
        "usage in a period that was over when it started",
        "UPDATE usage_usageevent SET started_at = started_at + interval '2 days',"
        " recorded_at = recorded_at + interval '2 days' WHERE event_id = 'on-starter'",
        f"SELECT 'organization ' || {ACME} || ', event on-starter'",
    ),
    Planted(
        "I16a",
        "a letter that nobody sent",
        f"""UPDATE accounts_letter SET status = 'waiting', sent_at = NULL
            WHERE organization_id = {OTHER} AND code = 'plan_applied'""",
        f"SELECT 'letter ' || id FROM accounts_letter WHERE organization_id = {OTHER}"
        " AND code = 'plan_applied'",
    ),
    Planted(
        "I16b",
        "a bonus past its end",
        f"UPDATE wallet_creditgrant SET expires_at = '2026-03-04 08:00Z' WHERE id = {BONUS}",
        f"SELECT 'grant ' || {BONUS}",
    ),
    Planted(
        "I16c",
        "a document that nobody rendered",
        "UPDATE invoices_document SET created_at = created_at - interval '1 day'"
        " WHERE number = 'INV-000003'",
        "SELECT 'INV-000003'",
    ),
    Planted(
        "I16d",
        "a period that nobody looked at",
        f"UPDATE plans_period SET look_at = '2026-03-04 08:00Z' WHERE id = {NEWEST}",
        f"SELECT 'period ' || {NEWEST}",
    ),
    Planted(
        "I18",
        "a letter that is owed twice",
        f"UPDATE accounts_letter SET key = 'same' WHERE organization_id = {ACME}",
        f"SELECT 'organization ' || {ACME}",
        (("accounts_letter", "letter_owed_once"),),
    ),
    Planted(
        "I19",
        "a rental begun in somebody else's period",
        f"UPDATE plans_rental SET prorata_period_id = {OTHERS}",
        "SELECT 'rental ' || id FROM plans_rental",
    ),
    Planted(
        "I19",
        "a payment of somebody else's invoice",
        f"UPDATE payments_payment SET organization_id = {OTHER} WHERE method = 'bank'",
        "SELECT 'payment ' || id FROM payments_payment WHERE method = 'bank'",
    ),
    Planted(
        "I19",
        "usage of an agent that does not exist",
        f"""WITH of_events AS (
                UPDATE usage_usageevent SET agent_id = 0 WHERE organization_id = {OTHER})
            UPDATE usage_usageday SET agent_id = 0 WHERE organization_id = {OTHER}""",
        f"""SELECT 'usageevent ' || id FROM usage_usageevent WHERE organization_id = {OTHER}
            UNION ALL
            SELECT 'usageday ' || id FROM usage_usageday WHERE organization_id = {OTHER}""",
    ),
    Planted(
        "I21",
        "a plan on terms that were replaced",
        """UPDATE plans_plan SET version_id = (SELECT min(id) FROM plans_planversion
               WHERE plan_id = plans_plan.id) WHERE code = 'starter'""",
        "SELECT 'plan starter'",
    ),
)
