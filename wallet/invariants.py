"""What is always true of wallets, grants and the ledger."""

from __future__ import annotations

from accounts.invariants import Invariant

# Doors read the clock before they wait for a wallet, so of two that meet the one that came
# later may be the first to write. A minute is longer than anyone waits.

INVARIANTS = (
    Invariant(
        "I1",
        "every wallet's balance is the sum of its entries",
        """
        SELECT CASE WHEN w.organization_id IS NULL THEN 'has no wallet'
               ELSE 'balance ' || w.balance || ', entries ' || coalesce(e.credits, 0) END,
               'organization ' || coalesce(o.id, e.organization_id)
        FROM accounts_organization o
        LEFT JOIN wallet_wallet w ON w.organization_id = o.id
        FULL JOIN (SELECT organization_id, sum(credits) AS credits FROM wallet_ledgerentry
                   WHERE grant_id IS NULL GROUP BY organization_id) e ON e.organization_id = o.id
        WHERE w.balance IS DISTINCT FROM coalesce(e.credits, 0)
        ORDER BY coalesce(o.id, e.organization_id)
        """,
    ),
    Invariant(
        "I2",
        "what remains of a grant is the sum of its entries, from 0 to what was granted",
        """
        SELECT 'granted ' || g.credits || ', remains ' || g.remaining
               || ', entries ' || coalesce(e.credits, 0)
               || ', granted by entries ' || coalesce(e.granted, 0),
               'grant ' || g.id
        FROM wallet_creditgrant g
        LEFT JOIN (SELECT grant_id, sum(credits) AS credits,
                          sum(credits) FILTER (WHERE kind IN ('plan_credits', 'bonus')) AS granted
                   FROM wallet_ledgerentry WHERE grant_id IS NOT NULL GROUP BY grant_id) e
               ON e.grant_id = g.id
        WHERE g.remaining IS DISTINCT FROM coalesce(e.credits, 0)
           OR g.credits IS DISTINCT FROM coalesce(e.granted, 0)
           OR g.remaining NOT BETWEEN 0 AND g.credits
        ORDER BY g.id
        """,
    ),
    Invariant(
        "I2b",
        "every entry carries the balance of its pot after it",
        """
        SELECT 'balance before ' || before || ', credits ' || credits
               || ', balance after ' || balance_after, 'entry ' || id
        FROM (SELECT id, credits, balance_after, coalesce(lag(balance_after) OVER (
                  PARTITION BY organization_id, grant_id ORDER BY id), 0) AS before
              FROM wallet_ledgerentry) chain
        WHERE before + credits <> balance_after
        ORDER BY id
        """,
    ),
    Invariant(
        "I3",
        "no grant is drawn on before it is effective, or after it expired",
        """
        SELECT 'drawn at ' || e.at || ', lives ' || g.effective_at || ' - ' || g.expires_at,
               'entry ' || e.id
        FROM wallet_ledgerentry e JOIN wallet_creditgrant g ON g.id = e.grant_id
        WHERE e.kind = 'usage'
          AND (e.at < g.effective_at - interval '1 minute'
               OR e.at > g.expires_at + interval '1 minute')
        ORDER BY e.id
        """,
    ),
    Invariant(
        "I16b",
        "what is left of a grant is written off soon after its end",
        """
        SELECT remaining || ' left since ' || expires_at, 'grant ' || id
        FROM wallet_creditgrant
        WHERE remaining > 0 AND expires_at < %(now)s - interval '30 minutes'
        ORDER BY id
        """,
    ),
)
