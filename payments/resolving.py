"""The sweep that finds what became of payments whose answer, or whose webhook, was lost."""

from __future__ import annotations

import datetime as dt

import structlog

from accounts.sweeping import for_a_while
from payments.answers import StripeSilent
from payments.asking import look, look_later
from payments.gateway import Gateway
from payments.models import Payment

logger = structlog.get_logger(__name__)

SPAN = dt.timedelta(minutes=5)


def resolve_due(*, gateway: Gateway, now: dt.datetime, limit: int = 200) -> int:
    """Ask Stripe about the payments that are to be looked at; answers how many were asked about."""
    due = Payment.objects.filter(look_at__lte=now).order_by("look_at", "id")
    # A recharge that was not asked for yet is the recharges' own, which chooses its card.
    due = due.exclude(purpose=Payment.Purpose.RECHARGE, asked_at=None)
    ids = list(due.values_list("id", flat=True)[:limit])
    asked = 0
    for pk in for_a_while(ids, span=SPAN):
        payment = (
            Payment.objects.select_related("organization", "card", "invoice")
            .filter(pk=pk, look_at__lte=now)
            .first()
        )
        if payment is None:
            continue
        # The next look is noted first: a payment that cannot be read waits like the others.
        look_later(payment, now=now)
        try:
            look(payment, gateway=gateway, now=now)
        except StripeSilent:
            break
        except Exception:  # a bad row is logged, shown to staff, and does not stop the sweep
            logger.exception("payment_not_resolved", payment=pk)
        asked += 1
    return asked
