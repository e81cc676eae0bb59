"""Credits move: the one place where ledger entries are written and balances change."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import connection

from wallet import credits
from wallet.models import LedgerEntry, Wallet


@dataclass(frozen=True, slots=True)
class Posting:
    """A movement to be written: credits with their sign, under a key that is unique for ever."""

    organization_id: int
    kind: str
    credits: Decimal
    key: str
    description: str
    grant_id: int | None = None


# Pots move first and say what they held before; each entry then carries the running balance
# after it. What is posted a second time finds its key in the books and moves nothing. The
# caller holds the wallet's lock, so the keys and balances that are read here are the newest.
POST = """
WITH posted AS MATERIALIZED (
    SELECT p.* FROM ROWS FROM (
        json_to_recordset(%s) AS (
            organization_id bigint, grant_id bigint, kind text, credits numeric,
            key text, description text)
    ) WITH ORDINALITY
        AS p (organization_id, grant_id, kind, credits, key, description, place)
    WHERE NOT EXISTS (
        SELECT FROM wallet_ledgerentry e
        WHERE e.organization_id = p.organization_id AND e.key = p.key)
), wallets AS (
    UPDATE wallet_wallet w
    SET balance = w.balance + m.credits,
        paused = CASE
            WHEN w.balance + m.credits > 0 THEN false
            WHEN w.pause_when = 'negative' AND w.balance + m.credits < -w.overdraft THEN true
            ELSE w.paused END
    FROM (SELECT organization_id, sum(credits) AS credits FROM posted
          WHERE grant_id IS NULL GROUP BY organization_id) m
    WHERE w.organization_id = m.organization_id
    RETURNING w.organization_id, w.balance - m.credits AS held
), grants AS (
    UPDATE wallet_creditgrant g
    SET remaining = g.remaining + m.credits
    FROM (SELECT grant_id, sum(credits) AS credits FROM posted
          WHERE grant_id IS NOT NULL GROUP BY grant_id) m
    WHERE g.id = m.grant_id
    RETURNING g.id, g.remaining - m.credits AS held
)
INSERT INTO wallet_ledgerentry
    (organization_id, grant_id, kind, credits, balance_after, key, description, at)
SELECT p.organization_id, p.grant_id, p.kind, p.credits,
       coalesce(g.held, w.held)
           + sum(p.credits) OVER (PARTITION BY p.organization_id, p.grant_id ORDER BY p.place),
       p.key, p.description, %s
FROM posted p
LEFT JOIN grants g ON g.id = p.grant_id
LEFT JOIN wallets w ON p.grant_id IS NULL AND w.organization_id = p.organization_id
ORDER BY p.place
"""


def lock_wallet(organization_id: int) -> Wallet:
    """Take the organization's wallet for this transaction: the first lock of every verb."""
    return Wallet.objects.select_for_update().get(organization_id=organization_id)


def post(postings: Sequence[Posting], *, now: dt.datetime) -> None:
    """Write postings in one statement; what was posted before is left as it is.

    Requires the locks of all their wallets. Postings of nothing are no entries.
    """
    rows = [_row(posting) for posting in postings if posting.credits]
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(POST, [json.dumps(rows), now])


def entries_under(organization_id: int, keys: Iterable[str]) -> list[LedgerEntry]:
    """Answer the entries posted under these keys, in the order in which they were written."""
    found = LedgerEntry.objects.filter(organization_id=organization_id, key__in=list(keys))
    return list(found.order_by("id"))


def _row(posting: Posting) -> dict[str, object]:
    return {
        "organization_id": posting.organization_id,
        "grant_id": posting.grant_id,
        "kind": posting.kind,
        "credits": credits.plain(posting.credits),
        "key": posting.key,
        "description": posting.description[:500],
    }
