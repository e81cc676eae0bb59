"""A plan is paid by card before it takes effect: agreed, paid, begun; nothing begins unpaid."""

from __future__ import annotations

import datetime as dt
from typing import Any

import structlog
from django.db import transaction
from django.db.models import F, Q

from accounts.acting import record_act
from accounts.models import Organization, User
from invoices.issuing import issue_invoice
from invoices.totals import Line
from payments.asking import FOR_THE_DOOR
from payments.models import Card, Payment
from payments.settling import give_receipt
from payments.unwanted import send_back
from plans.applying import tell_plan_applied
from plans.beginning import Beginning, begin_period, lock_subscription
from plans.changes import ChangeSet
from plans.models import Period, PlanVersion, Purchase, Rental, Subscription
from plans.periods import Window, last_day_of, window_from, window_until
from plans.refusals import PreviewOutdated
from wallet.ledger import lock_wallet
from wallet.money import Money

logger = structlog.get_logger(__name__)

# A page of Stripe's can be paid for a day, and the reconciliation hears of it for three more.
ABANDONED_AFTER = dt.timedelta(days=7)
BY_STAFF = (Period.Source.APPLIED, Period.Source.RENEWED)


@transaction.atomic
def agree(
    change: ChangeSet,
    *,
    key: str,
    card: Card | None,
    now: dt.datetime,
    days: int | None = None,
    last_day: dt.date | None = None,
    reason: str = "",
    actor: User | None = None,
) -> Payment:
    """Write down that a plan is bought for what a change-set says; once per key.

    With a card the payment is pending, to be asked for; without one it is a checkout. While the
    answer to an earlier one is lost, that one is the answer: nothing else is charged meanwhile.

    :raises PreviewOutdated: under the lock another period runs, or one that is paid is to begin.
    """
    organization = change.organization
    lock_wallet(organization.pk)
    unknown = _unknown(organization)
    if unknown is not None:
        return unknown
    _require_unmoved(change)
    payment, created = _payment(change, key=key, card=card, actor=actor, now=now)
    if payment.amount_minor != change.totals.total.minor:
        # The same form, for another price: somebody looks at the new one first.
        raise PreviewOutdated
    if created:
        Purchase.objects.create(
            payment=payment,
            organization=organization,
            version=change.version,
            source=change.source,
            lines=[_stored(line) for line in change.lines],
            replaces=change.previous,
            days=days,
            last_day=last_day,
            reason=reason,
            created_at=now,
        )
    return payment


def _payment(
    change: ChangeSet, *, key: str, card: Card | None, actor: User | None, now: dt.datetime
) -> tuple[Payment, bool]:
    """Intend the payment of a change-set, once per key; answers whether it is new."""
    total = change.totals
    return Payment.objects.get_or_create(
        organization=change.organization,
        key=f"plan:{key}",
        defaults={
            "purpose": Payment.Purpose.PLAN,
            "method": Payment.Method.CARD,
            "status": Payment.Status.PENDING if card else Payment.Status.CHECKOUT,
            "currency": total.total.currency,
            "amount_minor": total.total.minor,
            "net_minor": total.net.minor,
            "card": card,
            "actor": actor,
            "created_at": now,
            "look_at": now + FOR_THE_DOOR if card else None,
        },
    )


def _require_unmoved(change: ChangeSet) -> None:
    organization = change.organization
    current = Subscription.objects.filter(organization=organization).first()
    agreed = change.previous.pk if change.previous else None
    paid = Purchase.objects.filter(
        organization=organization,
        period=None,
        closed_at=None,
        payment__status=Payment.Status.PAID,
    )
    if (current.period_id if current else None) != agreed or paid.exists():
        raise PreviewOutdated


def _unknown(organization: Organization) -> Payment | None:
    """Answer the payment for a plan of which nobody knows yet whether it was made."""
    pending = Payment.objects.select_related("organization", "card", "invoice").filter(
        organization=organization, purpose=Payment.Purpose.PLAN, status=Payment.Status.PENDING
    )
    # Who must confirm on a page is known; that page is opened again.
    return pending.filter(intent_id=None, session_id=None).first()


def begin_bought(
    *, now: dt.datetime, limit: int = 1000, organization: Organization | None = None
) -> int:
    """Let the plans begin that are paid, of all or of one; answers how many began.

    What was given up is looked at again where its payment has come after all.
    """
    paid = Purchase.objects.filter(period__isnull=True, payment__status=Payment.Status.PAID)
    if organization is not None:
        paid = paid.filter(organization=organization)
    else:
        close_abandoned(now=now)
        came_after_all = Q(payment__settled_at__gt=F("closed_at"))
        paid = paid.filter(Q(closed_at__isnull=True) | came_after_all)
    begun = 0
    for pk in list(paid.order_by("payment__settled_at").values_list("pk", flat=True)[:limit]):
        try:
            begun += begin_purchase(pk, now=now) is not None
        except Exception:  # a bad row is logged and looked at again, the others go on
            logger.exception("purchase_not_begun", payment=pk)
    return begun


def close_abandoned(*, now: dt.datetime) -> int:
    """Give up the purchases whose payment was left, failed or refunded too long ago to come.

    Answers how many.
    """
    waiting = Purchase.objects.filter(
        period__isnull=True, closed_at__isnull=True, created_at__lte=now - ABANDONED_AFTER
    )
    left = (Payment.Status.CHECKOUT, Payment.Status.FAILED, Payment.Status.REFUNDED)
    return waiting.filter(payment__status__in=left).update(closed_at=now)


@transaction.atomic
def begin_purchase(pk: int, *, now: dt.datetime) -> Period | None:
    """Let a bought plan take effect on the day it was paid, with invoice and receipt; once."""
    organization_id = Purchase.objects.values_list("organization_id", flat=True).get(pk=pk)
    wallet = lock_wallet(organization_id)
    organization = Organization.objects.get(pk=organization_id)
    subscription = lock_subscription(organization)
    purchase = (
        Purchase.objects.select_for_update(of=("self",))
        .select_related("payment__organization", "version__plan")
        .get(pk=pk)
    )
    payment = purchase.payment
    if purchase.period_id is not None or payment.status != Payment.Status.PAID:
        return None
    if _is_stale(purchase, subscription):
        send_back(payment, reason="Another plan had begun before this one was paid", now=now)
        purchase.closed_at = now
        purchase.save(update_fields=["closed_at"])
        return None
    paid_at = payment.settled_at or now
    if subscription is not None:
        # Something else may have begun between the payment and now.
        paid_at = max(paid_at, subscription.period.starts_at)
    window, anchor_day = _window(purchase, paid_at=paid_at)
    beginning = Beginning(
        organization=organization,
        wallet=wallet,
        subscription=subscription,
        version=purchase.version,
        window=window,
        source=Period.Source(purchase.source),
        anchor_day=anchor_day,
    )
    period = begin_period(beginning, now=now)
    _invoice(purchase, period, now=now)
    if purchase.source in BY_STAFF:
        tell_plan_applied(period, None, now=now)
    purchase.period = period
    purchase.save(update_fields=["period"])
    summary = f"{purchase.version.name} bought: {window.first_day} - {window.last_day}"
    record_act(
        organization,
        verb="buy_plan",
        summary=summary,
        reason=purchase.reason,
        actor=payment.actor,
        now=now,
    )
    return period


def _is_stale(purchase: Purchase, subscription: Subscription | None) -> bool:
    """Answer whether another plan began since it was agreed.

    Its price may take off days of a period that runs no more, and nobody pays for two plans.
    """
    if subscription is None or subscription.period_id == purchase.replaces_id:
        return False
    credits_unused = any(line["code"] == "unused_days" for line in purchase.lines)
    period = subscription.period
    paid_plan = period.version.kind != PlanVersion.Kind.TRIAL
    return credits_unused or (paid_plan and not period.is_over(purchase.created_at))


def _window(purchase: Purchase, *, paid_at: dt.datetime) -> tuple[Window, int]:
    zone = purchase.organization.zone
    first = purchase.organization.today(paid_at)
    last_day = purchase.last_day
    if purchase.days is not None:
        last_day = last_day_of(first, purchase.days)
    if last_day is None:
        return window_from(paid_at, zone, purchase.version.terms.period), first.day
    window = window_until(paid_at, zone, max(last_day, first))
    return window, (window.last_day + dt.timedelta(days=1)).day


def _invoice(purchase: Purchase, period: Period, *, now: dt.datetime) -> None:
    """Write the invoice with the lines that were agreed, settle it, and mail the receipt."""
    payment = purchase.payment
    payment.invoice = issue_invoice(
        purchase.organization,
        key=f"period:{period.pk}",
        lines=[_line(stored, payment.currency) for stored in purchase.lines],
        service=(period.first_day, period.last_day),
        paid=payment.amount,
        now=now,
    )
    payment.save(update_fields=["invoice"])
    give_receipt(payment, now=now)
    period.invoice = payment.invoice
    period.save(update_fields=["invoice"])
    # What was rented after the lines were agreed waits for the next invoice.
    Rental.objects.filter(
        organization=purchase.organization, began_at__lte=purchase.created_at
    ).update(prorata_period=None)


def _stored(line: Line) -> dict[str, Any]:
    return {
        "code": line.code,
        "description": line.description,
        "minor": line.amount.minor,
        "quantity": line.quantity,
        "unit_minor": line.unit.minor if line.unit else None,
    }


def _line(stored: dict[str, Any], currency: str) -> Line:
    unit = stored["unit_minor"]
    return Line(
        stored["code"],
        stored["description"],
        Money(stored["minor"], currency),
        stored["quantity"],
        None if unit is None else Money(unit, currency),
    )
