"""What an organization has, at the moment of the question: the one balance function."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

import orjson

from accounts.models import Organization
from accounts.prepared import ask_alone
from wallet.credits import Credits
from wallet.models import Wallet

# One row in any case: a wallet that is not there is a NULL. What is live is said by
# ``CreditGrantQuerySet.live`` as well.
LOOK = """
SELECT (
    SELECT json_build_array(
        w.balance::text, coalesce(g.plan, 0)::text, coalesce(g.bonus, 0)::text,
        w.overdraft::text, w.pause_when, w.paused)::text
    FROM wallet_wallet w CROSS JOIN LATERAL (
        SELECT sum(g.remaining) FILTER (WHERE g.kind = 'plan') AS plan,
               sum(g.remaining) FILTER (WHERE g.kind = 'bonus') AS bonus
        FROM wallet_creditgrant g
        WHERE g.organization_id = w.organization_id AND g.has_rest
          AND g.effective_at <= at.now AND g.expires_at > at.now) g
    WHERE w.organization_id = %s)
FROM (SELECT %s::timestamptz AS now) at
"""


@dataclass(frozen=True, slots=True)
class Balances:
    """Credits in the wallet, and those of live grants by kind."""

    wallet: Credits
    plan_credits: Credits
    bonus: Credits
    overdraft: Credits
    pause_when: str
    paused: bool


def balances(organization: Organization, *, now: dt.datetime) -> Balances:
    """Answer wallet and live grants of an organization, in one statement."""
    found = ask_alone(LOOK, [str(organization.pk), now.isoformat()])
    if found is None:
        raise Wallet.DoesNotExist(f"{organization} has no wallet")
    *credits, pause_when, paused = orjson.loads(found)
    wallet, plan, bonus, overdraft = (Credits(Decimal(text)) for text in credits)
    return Balances(wallet, plan, bonus, overdraft, pause_when, paused)
