"""Auto-recharge: the consent to it, and one recharge after a charge that leaves too little."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import structlog
from django.db import transaction
from django.db.models import Sum

from accounts.acting import record_act
from accounts.letters import owe_letter
from accounts.models import Organization, User
from accounts.refusals import Invalid, Refusal
from accounts.sweeping import for_a_while
from invoices.issuing import totals_now
from invoices.totals import Line
from payments.asking import ask
from payments.failing import start_afresh
from payments.gateway import Gateway
from payments.models import AutoRecharge, Card, Consent, Payment
from payments.topping_up import price_of_credits, quote
from wallet.credits import Credits, display, plain
from wallet.ledger import lock_wallet
from wallet.money import Money

logger = structlog.get_logger(__name__)

FOR_THE_HINT = dt.timedelta(minutes=1)
SPAN = dt.timedelta(minutes=5)


@transaction.atomic
def save_auto_recharge(
    organization: Organization,
    *,
    enabled: bool,
    threshold: Credits,
    amount: Money,
    now: dt.datetime,
    actor: User | None = None,
) -> AutoRecharge:
    """Write down what somebody agreed to; saving takes back a pause.

    Without a card it may be switched on; then every recharge is a visible failure.

    :raises BelowMinimum: the amount is below the catalogue's minimum.
    :raises Invalid: a negative threshold, or an amount that is not above zero.
    """
    wallet = lock_wallet(organization.pk)
    if enabled:
        require_fit(organization, threshold=threshold, amount=amount)
    elif threshold < 0 or amount.minor <= 0:
        raise Invalid("A threshold is not negative, and an amount above zero.", field="threshold")
    saved, _ = AutoRecharge.objects.update_or_create(
        organization=organization,
        defaults={
            "enabled": enabled,
            "threshold": threshold,
            "currency": amount.currency,
            "amount_minor": amount.minor,
            "saved_at": now,
        },
    )
    start_afresh(organization)
    wallet.recharge_below = threshold if enabled else None
    wallet.save(update_fields=["recharge_below"])
    words = consent_words(saved, ceiling_of(organization) if enabled else None)
    Consent.objects.create(
        organization=organization, actor=actor, enabled=enabled, words=words, at=now
    )
    after = {"enabled": enabled, "threshold": plain(threshold), "amount": str(amount)}
    record_act(organization, verb="auto_recharge", summary=words, now=now, actor=actor, after=after)
    saved.refresh_from_db()
    return saved


def require_fit(organization: Organization, *, threshold: Credits, amount: Money) -> None:
    """Refuse a setting under which nothing could be recharged.

    :raises BelowMinimum: the amount is below the catalogue's minimum.
    :raises Invalid: a negative threshold, or an amount that is not above zero.
    """
    if threshold < 0:
        raise Invalid("The threshold cannot be below zero.", field="threshold")
    quote(organization, amount)


def ceiling_of(organization: Organization) -> Money | None:
    """Answer how much may be recharged in a calendar month, if the catalogue says."""
    minor = price_of_credits(organization).monthly_recharge_ceiling_minor
    return None if minor is None else Money(minor, organization.currency)


def consent_words(saved: AutoRecharge, ceiling: Money | None) -> str:
    """Say what somebody agrees to, as it is shown before and kept after."""
    if not saved.enabled:
        return "Auto-recharge switched off"
    within = f", at most {ceiling.display()} in a month" if ceiling else ""
    charged = totals_now([Line("top_up", "Auto-recharge", saved.amount)], saved.currency)
    taxed = f" ({charged.tax.display()} of it tax)" if charged.tax else ""
    return (
        f"Auto-recharge: below {display(saved.threshold)} credits the default card is charged "
        f"{charged.total.display()}{taxed}{within}"
    )


def want_recharges(organizations: Iterable[int], *, now: dt.datetime) -> set[int]:
    """Intend one recharge for each organization whose wallet a charge left below its threshold.

    Within the charge's transaction, under the wallets' locks, so that it is never forgotten;
    one in flight, a pause, or a month that is used up intends none. Answers those that have one
    in flight now.
    """
    consents = AutoRecharge.objects.select_related("organization").filter(
        organization_id__in=list(organizations), enabled=True, paused_at__isnull=True
    )
    consents = consents.order_by("organization_id")
    return {consent.organization_id for consent in consents if _want(consent, now=now)}


def _want(consent: AutoRecharge, *, now: dt.datetime) -> bool:
    organization = consent.organization
    recharges = Payment.objects.filter(organization=organization, purpose=Payment.Purpose.RECHARGE)
    if recharges.filter(status=Payment.Status.PENDING).exists():
        return True
    if consent.retry_at is not None and now < consent.retry_at:
        return False
    try:
        credits, totals = quote(organization, consent.amount)
    except Refusal as refused:
        # The catalogue has moved on; a charge must never fail for it.
        logger.warning("recharge_not_sold", organization=organization.pk, words=refused.words)
        return False
    if not _within_ceiling(consent, totals.total, now=now):
        return False
    payment = Payment(
        organization=organization,
        purpose=Payment.Purpose.RECHARGE,
        method=Payment.Method.CARD,
        status=Payment.Status.PENDING,
        currency=consent.currency,
        amount_minor=totals.total.minor,
        net_minor=totals.net.minor,
        credits=credits,
        created_at=now,
        look_at=now + FOR_THE_HINT,
    )
    payment.key = f"recharge:{payment.token}"
    payment.save(force_insert=True)
    return True


def _within_ceiling(consent: AutoRecharge, asked: Money, *, now: dt.datetime) -> bool:
    organization = consent.organization
    ceiling = ceiling_of(organization)
    if ceiling is None:
        return True
    if (recharged_this_month(organization, now=now) + asked).minor <= ceiling.minor:
        return True
    month = _month(organization, now)
    owe_letter(
        organization,
        code="recharge_paused",
        key=f"recharge_ceiling:{month:%Y-%m}",
        context={
            "amount": asked.display(),
            "ceiling": ceiling.display(),
            "month": f"{month:%B %Y}",
        },
        now=now,
    )
    return False


def recharged_this_month(organization: Organization, *, now: dt.datetime) -> Money:
    """Answer what the recharges of a calendar month come to, one in flight included."""
    taken = Payment.objects.filter(
        organization=organization,
        purpose=Payment.Purpose.RECHARGE,
        status__in=[Payment.Status.PENDING, *Payment.MONEY_CAME],
        created_at__gte=_month(organization, now),
    ).aggregate(sum=Sum("amount_minor"))["sum"]
    return Money(taken or 0, organization.currency)


def _month(organization: Organization, now: dt.datetime) -> dt.datetime:
    """Answer the first instant of the month in the organization's zone."""
    return now.astimezone(organization.zone).replace(
        day=1, hour=0, minute=0, second=0, microsecond=0
    )


def recharge_due(*, gateway: Gateway, now: dt.datetime, limit: int = 200) -> int:
    """Make the recharges that charges intended, and those that a crash left; answers how many."""
    due = Payment.objects.filter(
        purpose=Payment.Purpose.RECHARGE, status=Payment.Status.PENDING, asked_at__isnull=True
    )
    made = 0
    ids = list(due.order_by("id").values_list("id", flat=True)[:limit])
    for pk in for_a_while(ids, span=SPAN):
        payment = _claim(pk, now=now)
        if payment is None:
            continue
        try:
            made += 1
            if ask(payment, gateway=gateway, now=now).is_unknown:
                # Stripe is silent; the others would each wait for it as long.
                break
        except Exception:  # a bad row is logged and does not stop the sweep
            logger.exception("recharge_not_made", payment=pk)
    return made


@transaction.atomic
def _claim(pk: int, *, now: dt.datetime) -> Payment | None:
    """Take one for this worker: from now on it was asked for, and only looking resolves it."""
    payment = (
        Payment.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("organization")
        .filter(pk=pk, status=Payment.Status.PENDING, asked_at__isnull=True)
        .first()
    )
    if payment is None:
        return None
    payment.card = Card.objects.default_of(payment.organization)
    payment.asked_at = now
    payment.save(update_fields=["card", "asked_at"])
    return payment
