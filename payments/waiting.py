"""What of payments waits for somebody: each worklist is one named question about payments."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet

from payments.models import Dispute, Payment, Refund

LONG = dt.timedelta(minutes=15)
Payments = QuerySet[Payment]


@dataclass(frozen=True, slots=True)
class Waiting:
    """One kind of work, under the name that filters the list of payments."""

    code: str
    title: str
    words: str
    icon: str
    find: Callable[[Payments, dt.datetime], Payments]


def unanswered(payments: Payments, now: dt.datetime) -> Payments:
    """Answer those that are pending, or being refunded, for more than 15 minutes."""
    asked = Refund.objects.filter(payment=OuterRef("pk"), status=Refund.Status.PENDING)
    long_ago = Q(status=Payment.Status.PENDING, created_at__lte=now - LONG)
    return payments.filter(long_ago | Exists(asked.filter(created_at__lte=now - LONG)))


def needing_action(payments: Payments, now: dt.datetime) -> Payments:
    """Answer those that Stripe knows and that wait for their owner to confirm."""
    return payments.filter(status=Payment.Status.PENDING, intent_id__isnull=False)


def disputed(payments: Payments, now: dt.datetime) -> Payments:
    """Answer those with an open dispute."""
    disputes = Dispute.objects.filter(payment=OuterRef("pk"), status=Dispute.Status.OPEN)
    return payments.filter(Exists(disputes))


def not_refunded(payments: Payments, now: dt.datetime) -> Payments:
    """Answer those of which a refund failed, and none was made since."""
    of = Refund.objects.filter(payment=OuterRef("payment"), status=Refund.Status.DONE)
    failed = Refund.objects.filter(payment=OuterRef("pk"), status=Refund.Status.FAILED)
    return payments.filter(Exists(failed.exclude(Exists(of.filter(pk__gt=OuterRef("pk"))))))


WAITING = (
    Waiting(
        "unanswered",
        "Without an answer",
        "Pending, or being refunded, for more than 15 minutes; the sweep goes on asking Stripe.",
        "hourglass_empty",
        unanswered,
    ),
    Waiting(
        "action",
        "Waiting for the owner",
        "The bank wants the card's holder to confirm.",
        "touch_app",
        needing_action,
    ),
    Waiting(
        "disputed",
        "Disputed payments",
        "Contested by the card's holder: hand in evidence at Stripe.",
        "gavel",
        disputed,
    ),
    Waiting(
        "not_refunded",
        "Failed refunds",
        "The money did not go back: refund again, or send it by bank.",
        "assignment_return",
        not_refunded,
    ),
)
