"""An owner chooses a plan: now, at the end of the period, or later; and takes it back."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import transaction

from accounts.acting import record_act
from accounts.callbacks import Event
from accounts.letters import owe_letter
from accounts.models import Organization, User
from accounts.refusals import Invalid
from payments.asking import ask, describe
from payments.customers import customer_of
from payments.facts import Charge
from payments.gateway import Gateway
from payments.models import Card, Payment
from plans.announcing import announce
from plans.applying import PlanRequest, apply_plan, propose
from plans.beginning import lock_subscription
from plans.buying import agree, begin_purchase
from plans.changes import ChangeSet
from plans.choosing_plan import (
    choosable,
    require_no_paid_plan,
    require_paid_plan,
    require_settled,
)
from plans.following import note_what_follows, scheduled_change
from plans.models import Period, PlanVersion, ScheduledChange, Site, Subscription
from plans.periods import DAY, LONGEST_YEARS, day_starts_at
from plans.refusals import NothingScheduled, PreviewOutdated
from wallet.ledger import lock_wallet

Urls = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What came of a choice: a plan that began, a payment on its way, or a page to pay on."""

    payment: Payment | None = None
    period: Period | None = None
    checkout_url: str = ""


def preview_choice(
    organization: Organization, *, plan: str, now: dt.datetime, changing: bool
) -> ChangeSet:
    """Answer what would happen if an owner's choice took effect now; nothing is written.

    ``changing``: a running paid plan is changed, otherwise one is subscribed to.

    :raises TrialUsed: it is the trial, and that was used.
    :raises PlanNotAvailable: owners cannot choose it.
    :raises PaymentDue: a renewal is unpaid.
    :raises AlreadySubscribed: a paid plan runs, and one is subscribed to.
    :raises PaidPlanOnly: no paid plan runs, and one is changed.
    """
    version = choosable(organization, plan)
    require_settled(organization)
    subscription = _subscription(organization)
    if changing:
        require_paid_plan(subscription, now=now)
    else:
        require_no_paid_plan(subscription, now=now)
    request = PlanRequest(
        plan=version.plan.code, credit_unused=changing and _credits_unused(), chosen=True
    )
    return propose(organization, request, now=now)


def choose_now(
    organization: Organization,
    *,
    plan: str,
    changing: bool,
    key: str,
    urls: Urls,
    gateway: Gateway,
    now: dt.datetime,
    digest: str | None = None,
    actor: User | None = None,
) -> Chosen:
    """Let an owner have a plan now: begun once it is paid, at once where nothing is to pay.

    A change is charged to the default card; a subscription, and a change without a card, are
    paid on Stripe's page, which keeps the card.

    :raises Refusal: as :func:`preview_choice`; ``PreviewOutdated`` where ``digest`` differs.
    """
    change = preview_choice(organization, plan=plan, now=now, changing=changing)
    if digest is not None and digest != change.digest:
        raise PreviewOutdated
    if change.totals.total.minor <= 0:
        return Chosen(period=_begin_free(organization, change, actor=actor, now=now))
    card = Card.objects.default_of(organization) if changing else None
    payment = agree(change, key=key, card=card, now=now, actor=actor)
    if payment.card is None:
        return _open_checkout(payment, urls=urls, gateway=gateway, now=now)
    if payment.status == Payment.Status.PENDING and payment.asked_at is None:
        payment = ask(payment, gateway=gateway, now=now, present=True, return_url=urls[0])
    return Chosen(payment=payment, period=begin_purchase(payment.pk, now=now))


def _begin_free(
    organization: Organization, change: ChangeSet, *, actor: User | None, now: dt.datetime
) -> Period:
    code = change.version.plan.code
    request = PlanRequest(plan=code, credit_unused=_credits_unused(), chosen=True)
    return apply_plan(
        organization,
        request,
        reason="Chosen by the owner",
        digest=change.digest,
        announce=False,
        actor=actor,
        now=now,
    )


def _open_checkout(payment: Payment, *, urls: Urls, gateway: Gateway, now: dt.datetime) -> Chosen:
    if payment.session_id:
        return Chosen(payment, checkout_url=gateway.session(payment.session_id).url)
    _close_others(payment, gateway=gateway)
    charge = Charge(
        amount=payment.amount,
        customer=customer_of(payment.organization, gateway=gateway, now=now),
        card="",
        payment=str(payment.token),
        description=describe(payment),
        present=True,
    )
    session = gateway.open_checkout(charge, urls=urls, keep=True, key=str(payment.token))
    payment.session_id, payment.look_at = session.id, payment.next_look(now)
    payment.save(update_fields=["session_id", "look_at"])
    return Chosen(payment, checkout_url=session.url)


def preview_schedule(
    organization: Organization, *, plan: str, starts_on: dt.date | None, now: dt.datetime
) -> ChangeSet:
    """Answer what would happen on a later day, as far as it is known; nothing is written.

    :raises Refusal: as :func:`preview_choice`.
    :raises Invalid: a day that is not later than today, or beyond ten years.
    """
    choosable(organization, plan)
    require_settled(organization)
    subscription = require_paid_plan(_subscription(organization), now=now)
    day = _day_of_change(subscription, starts_on, today=organization.today(now))
    return _proposed_on(day, organization, plan)


def _day_of_change(
    subscription: Subscription, starts_on: dt.date | None, *, today: dt.date
) -> dt.date:
    day = starts_on or subscription.period.last_day + DAY
    if day <= today:
        raise Invalid("Choose a day that is still to come.", field="when")
    if (day - today).days > LONGEST_YEARS * 366:
        raise Invalid(f"A change is at most {LONGEST_YEARS} years ahead.", field="when")
    return day


def _proposed_on(day: dt.date, organization: Organization, plan: str) -> ChangeSet:
    request = PlanRequest(plan=plan, chosen=True)
    return propose(organization, request, now=day_starts_at(day, organization.zone))


def _close_others(payment: Payment, *, gateway: Gateway) -> None:
    """Close the pages on which another plan could still be paid: nobody pays for two."""
    others = Payment.objects.filter(
        organization=payment.organization,
        purpose=Payment.Purpose.PLAN,
        status__in=[Payment.Status.CHECKOUT, Payment.Status.FAILED],
        session_id__isnull=False,
        look_at__isnull=False,
    )
    for other in others.exclude(pk=payment.pk):
        gateway.close_session(str(other.session_id))


@transaction.atomic
def schedule_change(
    organization: Organization,
    *,
    plan: str,
    starts_on: dt.date | None,
    now: dt.datetime,
    digest: str | None = None,
    actor: User | None = None,
) -> ScheduledChange:
    """Let another plan take effect on a later day, or after the period's last (none is given).

    A change that was scheduled is replaced; a cancellation is taken back.

    :raises Refusal: as :func:`preview_schedule`; ``PreviewOutdated`` where ``digest`` differs.
    """
    lock_wallet(organization.pk)
    version = choosable(organization, plan)
    require_settled(organization)
    subscription = require_paid_plan(lock_subscription(organization), now=now)
    day = _day_of_change(subscription, starts_on, today=organization.today(now))
    if digest is not None and digest != _proposed_on(day, organization, plan).digest:
        raise PreviewOutdated
    ScheduledChange.objects.filter(organization=organization).delete()
    change = ScheduledChange.objects.create(
        organization=organization,
        plan=version.plan,
        starts_on=day,
        starts_at=day_starts_at(day, organization.zone),
        actor=actor,
        made_at=now,
    )
    _take_back_cancellation(subscription, now=now)
    note_what_follows(subscription)
    _tell_scheduled(change, subscription, version, now=now)
    return change


def _take_back_cancellation(subscription: Subscription, *, now: dt.datetime) -> None:
    if subscription.canceled_at is None:
        return
    subscription.canceled_at = None
    subscription.save(update_fields=["canceled_at"])
    key = f"{subscription.period_id}:undone:{now.isoformat()}"
    announce(subscription, Event.SUBSCRIPTION_CHANGED, key=key, now=now)


def _tell_scheduled(
    change: ScheduledChange,
    subscription: Subscription,
    version: PlanVersion,
    *,
    now: dt.datetime,
) -> None:
    organization, day = change.organization, f"{change.starts_on:%-d %B %Y}"
    owe_letter(
        organization,
        code="plan_change_scheduled",
        key=f"plan_change_scheduled:{change.made_at.isoformat()}",
        context={
            "plan": version.name,
            "starts_on": day,
            "current_plan": subscription.version.name,
        },
        now=now,
    )
    record_act(
        organization,
        verb="schedule_change",
        summary=f"{version.name} scheduled for {day}",
        actor=change.actor,
        now=now,
    )


@transaction.atomic
def cancel_change(
    organization: Organization, *, now: dt.datetime, actor: User | None = None
) -> None:
    """Drop the change that is scheduled.

    :raises NothingScheduled: none is.
    """
    lock_wallet(organization.pk)
    subscription = lock_subscription(organization)
    change = scheduled_change(organization)
    if change is None:
        raise NothingScheduled
    change.delete()
    if subscription is not None:
        note_what_follows(subscription)
    summary = f"{change.plan} on {change.starts_on:%-d %b %Y} cancelled"
    record_act(organization, verb="cancel_change", summary=summary, actor=actor, now=now)


def _subscription(organization: Organization) -> Subscription | None:
    subscriptions = Subscription.objects.select_related("period__organization", "version__plan")
    return subscriptions.filter(organization=organization).first()


def _credits_unused() -> bool:
    site = Site.objects.first()
    return site is None or site.credit_unused_days
