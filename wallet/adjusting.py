"""Staff add or take credits with a reason; with a last day they are a bonus that expires."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from accounts.acting import record_act, require_reason
from accounts.models import Organization, User
from accounts.refusals import Invalid
from wallet.credits import Credits, display, plain
from wallet.granting import grant_credits
from wallet.ledger import Posting, lock_wallet, post
from wallet.models import CreditGrant, LedgerEntry


@transaction.atomic
def adjust_credits(
    organization: Organization,
    *,
    credits: Credits,
    reason: str,
    key: str,
    now: dt.datetime,
    expires_at: dt.datetime | None = None,
    actor: User | None = None,
) -> None:
    """Change the wallet by an amount, or grant a bonus that ends at ``expires_at``; once per key.

    :raises Invalid: zero credits, a bonus that takes, one that ended already, no reason.
    """
    reason = require_reason(reason)
    if not credits:
        raise Invalid("Zero credits change nothing.", field="credits")
    wallet = lock_wallet(organization.pk)
    before = wallet.balance
    if organization.ledger_entries.filter(key__in=[f"adjust:{key}", f"grant:{key}"]).exists():
        return
    if expires_at is None:
        entry = Posting(
            organization.pk, LedgerEntry.Kind.ADJUSTMENT, credits, f"adjust:{key}", reason
        )
        post([entry], now=now)
    else:
        _bonus(organization, credits, reason, key, expires_at, now)
    wallet.refresh_from_db()
    record_act(
        organization,
        verb="adjust",
        summary=f"{'Bonus of' if expires_at else 'Wallet adjusted by'} {display(credits)} credits",
        reason=reason,
        now=now,
        actor=actor,
        before={"wallet": plain(before)},
        after={"wallet": plain(wallet.balance)},
    )


def _bonus(
    organization: Organization,
    credits: Credits,
    reason: str,
    key: str,
    expires_at: dt.datetime,
    now: dt.datetime,
) -> None:
    if credits < 0:
        raise Invalid("A bonus gives credits; take them from the wallet instead.", field="credits")
    if expires_at <= now:
        raise Invalid("This day is over already.", field="expires_on")
    grant_credits(
        organization,
        kind=CreditGrant.Kind.BONUS,
        credits=credits,
        key=key,
        expires_at=expires_at,
        description=reason,
        now=now,
    )
