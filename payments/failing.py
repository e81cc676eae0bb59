"""A recharge that failed waits before the next one, and the third in a row pauses it."""

from __future__ import annotations

import datetime as dt

from accounts.letters import owe_letter
from accounts.models import Organization
from payments.models import AutoRecharge, Payment

MOST_FAILURES = 3
PAUSES = (dt.timedelta(hours=1), dt.timedelta(days=1))
# The card will never be good again; trying it twice only makes the bank suspicious.
HARD_DECLINES = frozenset(
    {
        "stolen_card",
        "lost_card",
        "pickup_card",
        "restricted_card",
        "revocation_of_all_authorizations",
        "revocation_of_authorization",
        "invalid_account",
        "account_closed",
        "closed_account",
        "no_account",
    }
)


def note_failure(payment: Payment, *, now: dt.datetime) -> None:
    """Count a failed recharge; within the transaction that records it."""
    consent = AutoRecharge.objects.select_for_update().get(organization=payment.organization)
    consent.failures += 1
    hard = payment.decline_code in HARD_DECLINES
    if hard or consent.failures >= MOST_FAILURES:
        consent.paused_at, consent.retry_at = now, None
    else:
        consent.retry_at = now + PAUSES[consent.failures - 1]
    consent.save(update_fields=["failures", "paused_at", "retry_at"])
    if consent.paused_at:
        _tell("recharge_paused", payment, now=now)
    elif consent.failures == 1:
        _tell("recharge_failed", payment, now=now)


def note_success(payment: Payment) -> None:
    """Forget earlier failures; a pause stays until somebody looks at it."""
    AutoRecharge.objects.filter(organization=payment.organization).update(failures=0, retry_at=None)


def start_afresh(organization: Organization) -> None:
    """Forget failures and pause: the setting was saved, or the default card is another one."""
    AutoRecharge.objects.filter(organization=organization).update(
        failures=0, retry_at=None, paused_at=None
    )


def _tell(code: str, payment: Payment, *, now: dt.datetime) -> None:
    owe_letter(
        payment.organization,
        code=code,
        key=f"{code}:{payment.token}",
        context={
            "amount": payment.amount.display(),
            "card": str(payment.card) if payment.card else "",
            "failure": payment.failure,
        },
        now=now,
    )
