"""An unpaid renewal is charged, charged again, told of, and settled whenever its money comes."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress

import structlog
from django.db import transaction
from django.db.models import Count, F, Q, QuerySet

from accounts.callbacks import Event
from accounts.letters import owe_letter
from accounts.models import Organization
from accounts.sweeping import for_a_while
from invoices.models import Invoice
from payments.collecting import NothingToPay, collect
from payments.failing import HARD_DECLINES
from payments.gateway import Gateway
from payments.models import Payment
from plans.announcing import announce, announce_begun, subscription_of
from plans.beginning import Beginning, begin_period, lock_subscription
from plans.models import Period, Site
from plans.periods import DAY, day_starts_at, window_from
from plans.renewing import keep_running
from wallet.ledger import lock_wallet

logger = structlog.get_logger(__name__)

# Longer than Stripe may take to answer; a worker that dies meanwhile leaves it to the next one.
LEASE = dt.timedelta(minutes=10)


def unpaid(organization: Organization | None = None) -> QuerySet[Period]:
    """Answer the current periods, of all or of one, that run, or ran, on grace."""
    periods = Period.objects.select_related("organization", "version__plan", "invoice")
    periods = periods.filter(grace_ends_at__isnull=False, replaced_at__isnull=True)
    return periods if organization is None else periods.filter(organization=organization)


def collect_due(
    *,
    gateway: Gateway,
    now: dt.datetime,
    limit: int = 1000,
    organization: Organization | None = None,
) -> int:
    """Charge the periods, of all or of one, that are due or have another default card.

    Answers how many were charged or declined.
    """
    due = unpaid(organization).filter(_to_charge(now)).order_by("charge_at", "pk")
    done = 0
    ids = list(due.values_list("pk", flat=True).distinct()[:limit])
    for pk in for_a_while(ids, span=LEASE / 2):
        try:
            payment = _collect(pk, gateway=gateway, now=now)
            done += follow(pk, now=now)
            if payment is not None and payment.is_unknown:
                # Stripe is silent; the others would each wait for it as long.
                break
        except Exception:  # a bad row is logged and tried again, the others go on
            logger.exception("period_not_collected", period=pk)
    return done


def _to_charge(now: dt.datetime) -> Q:
    """Answer which unpaid periods are to be charged: on their day, or another default card."""
    another_card = Q(
        organization__cards__is_default=True,
        organization__cards__default_since__gt=F("attempted_at"),
    )
    return Q(charge_at__lte=now) | another_card


def _collect(pk: int, *, gateway: Gateway, now: dt.datetime) -> Payment | None:
    claimed = _claim(pk, now=now)
    invoice = claimed[0].invoice if claimed else None
    if claimed is None or invoice is None:
        return None
    with suppress(NothingToPay):
        return collect(invoice, key=f"period:{pk}:{claimed[1]}", gateway=gateway, now=now)
    return None


@transaction.atomic
def _claim(pk: int, *, now: dt.datetime) -> tuple[Period, int] | None:
    """Take a period for one attempt; the number of failed ones is part of the attempt's key.

    Another worker may have made the attempt since it was found due.
    """
    rows = unpaid().select_for_update(skip_locked=True, of=("self",))
    period = rows.filter(_to_charge(now), pk=pk).first()
    if period is None:
        return None
    period.attempted_at, period.charge_at = now, now + LEASE
    period.save(update_fields=["attempted_at", "charge_at"])
    failures = Payment.objects.filter(invoice=period.invoice, status=Payment.Status.FAILED)
    return period, failures.count()


def follow_payments(
    *, now: dt.datetime, limit: int = 1000, organization: Organization | None = None
) -> int:
    """Let what became of payments, of all or of one, have its consequences; answers how many."""
    failed = Count("invoice__payments", Q(invoice__payments__status=Payment.Status.FAILED))
    settled = Q(invoice__status=Invoice.Status.PAID)
    moved = unpaid(organization).alias(failed=failed).filter(settled | Q(failed__gt=F("failures")))
    moved = moved.order_by("pk")
    done = 0
    for pk in list(moved.values_list("pk", flat=True)[:limit]):
        try:
            done += follow(pk, now=now)
        except Exception:  # a bad row is logged and looked at again, the others go on
            logger.exception("payment_not_followed", period=pk)
    return done


@transaction.atomic
def follow(pk: int, *, now: dt.datetime) -> bool:
    """Settle an unpaid period whose invoice is paid, or note that its charge failed."""
    organization_id = Period.objects.values_list("organization_id", flat=True).get(pk=pk)
    lock_wallet(organization_id)
    period = unpaid().select_for_update(of=("self",)).filter(pk=pk).first()
    if period is None or period.invoice is None:
        return False
    payments = Payment.objects.filter(invoice=period.invoice)
    if period.invoice.status == Invoice.Status.PAID:
        paid = payments.filter(status__in=Payment.MONEY_CAME).order_by("settled_at").first()
        _settle(period, paid_at=(paid.settled_at if paid else None) or now, now=now)
        return True
    failed = payments.filter(status=Payment.Status.FAILED).order_by("-settled_at", "-id")
    count, last = failed.count(), failed.first()
    if last is None or count <= period.failures:
        return False
    _note_failure(period, last, count, now=now)
    return True


def _note_failure(period: Period, last: Payment, count: int, *, now: dt.datetime) -> None:
    period.failures = count
    if period.failed_at is None:
        period.failed_at = now
        period.save(update_fields=["failed_at"])
        _tell_failed(period, last, now=now)
    hard = last.decline_code in HARD_DECLINES
    period.charge_at = None if hard else _next_charge(period, now)
    # Not when it was last looked at: a card that came while the answer was lost is still to try.
    period.attempted_at = last.created_at
    period.save(update_fields=["failures", "charge_at", "attempted_at"])


def _next_charge(period: Period, now: dt.datetime) -> dt.datetime | None:
    """Answer the first of the catalogue's days after the failure that is still to come."""
    site = Site.objects.first()
    failed_on = period.organization.today(period.failed_at or now)
    days = sorted(site.retry_days) if site else []
    instants = [day_starts_at(failed_on + DAY * day, period.organization.zone) for day in days]
    return next((instant for instant in instants if instant > now), None)


def _settle(period: Period, *, paid_at: dt.datetime, now: dt.datetime) -> None:
    """Let a paid period run on; one that was paid too late begins afresh on that day."""
    if period.grace_ends_at is None or paid_at < period.grace_ends_at:
        ran, failed = not period.is_over(now), period.failed_at is not None
        keep_running(period, now=now)
        if failed or not ran:
            paid = subscription_of(period.organization)
            announce_begun(paid, ran=ran, why=":paid", now=now)
        return
    _begin_afresh(period, paid_at=paid_at, now=now)


def _begin_afresh(old: Period, *, paid_at: dt.datetime, now: dt.datetime) -> None:
    organization = old.organization
    wallet, subscription = lock_wallet(organization.pk), lock_subscription(organization)
    invoice, old.invoice = old.invoice, None
    old.charge_at = None
    old.save(update_fields=["invoice", "charge_at"])
    window = window_from(max(paid_at, old.starts_at), organization.zone, old.version.terms.period)
    beginning = Beginning(
        organization=organization,
        wallet=wallet,
        subscription=subscription,
        version=old.version,
        window=window,
        source=Period.Source(old.source),
        anchor_day=window.first_day.day,
    )
    period = begin_period(beginning, now=now)
    period.invoice = invoice
    period.save(update_fields=["invoice"])


def _tell_failed(period: Period, payment: Payment, *, now: dt.datetime) -> None:
    invoice, ends = period.invoice, period.grace_ends_at
    if invoice is None or ends is None:
        return
    owe_letter(
        period.organization,
        code="payment_failed",
        key=f"payment_failed:{period.pk}",
        context={
            "plan": period.version.name,
            "total": invoice.total.display(),
            "invoice_number": invoice.number,
            "failure": payment.failure,
            "access_ends_on": f"{period.organization.today(ends):%-d %B %Y}",
        },
        document_number=invoice.number or "",
        now=now,
    )
    if not period.is_over(now):
        issue = Event.SUBSCRIPTION_PAYMENT_ISSUE
        announce(subscription_of(period.organization), issue, key=str(period.pk), now=now)


def current_unpaid(organization: Organization) -> Period | None:
    """Answer the organization's period that is to be settled first, if there is one."""
    return unpaid(organization).first()
