"""Stripe's account of the last days is held against ours; what never came here is taken in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from payments.answers import StripeRefused, StripeSilent
from payments.asking import look
from payments.event_kinds import concerns_us, find_payment
from payments.facts import Intent
from payments.gateway import Gateway
from payments.inbox import keep, replay
from payments.models import Card, Customer, Payment, StripeEvent
from payments.settling import record
from payments.syncing import OFF_FILE

logger = structlog.get_logger(__name__)

DAYS = 3
HOLD_LASTS = dt.timedelta(hours=1)
Say = Callable[[str], object]


@dataclass(slots=True)
class Report:
    """What a reconciliation found; the lists name what somebody should look at."""

    days: int
    dry_run: bool = False
    events: int = 0
    taken_in: int = 0
    set_waiting: int = 0
    intents: int = 0
    settled: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    not_there: list[str] = field(default_factory=list)
    holds_voided: int = 0
    cards_detached: int = 0
    errors: list[str] = field(default_factory=list)
    stripe_silent: bool = False

    @property
    def agrees(self) -> bool:
        """Answer whether nobody has to look at anything."""
        return not (self.unknown or self.not_there or self.errors or self.stripe_silent)

    def lines(self) -> list[str]:
        """Say what was found, in words."""
        would = "would be " if self.dry_run else ""
        return [
            f"{self.events} events at Stripe, {self.taken_in} never came and {would}taken in",
            *([f"{self.set_waiting} events {would}handled again"] if self.set_waiting else []),
            f"{self.intents} attempts at Stripe, {len(self.settled)} settled there and not here",
            f"{self.holds_voided} holds {would}voided, {self.cards_detached} cards {would}detached",
            *(f"paid at Stripe, unknown here: {name}" for name in self.unknown),
            *(f"paid here, not at Stripe: {name}" for name in self.not_there),
            *(f"not written down: {error}" for error in self.errors),
            *(["Stripe did not answer; the rest was not looked at"] if self.stripe_silent else []),
        ]


def reconcile(
    *,
    gateway: Gateway,
    now: dt.datetime,
    days: int = DAYS,
    dry_run: bool = False,
    again: bool = False,
    say: Say = str,
) -> Report:
    """Hold the last days at Stripe against ours, and mend what differs; answers what was found.

    ``again`` lets also the events that came be acted on once more. ``dry_run`` changes nothing.
    ``say`` is told of the progress.
    """
    report = Report(days, dry_run)
    since = now - dt.timedelta(days=days)
    try:
        say(f"Events since {since:%Y-%m-%d %H:%M} UTC")
        _take_in_events(report, gateway=gateway, since=since, again=again, now=now)
        say("Attempts to pay")
        _match_intents(report, gateway=gateway, since=since, now=now)
        say("Cards that were taken off file")
        _detach_cards(report, gateway=gateway)
    except StripeSilent:
        report.stripe_silent = True
    log = logger.info if report.agrees else logger.error
    log("reconciled", days=days, dry_run=dry_run, found=report.lines())
    return report


def _take_in_events(
    report: Report, *, gateway: Gateway, since: dt.datetime, again: bool, now: dt.datetime
) -> None:
    for event in gateway.events_since(int(since.timestamp())):
        if not concerns_us(event["type"]):
            continue
        report.events += 1
        known = StripeEvent.objects.filter(stripe_id=event["id"]).first()
        if known is None:
            report.taken_in += 1
            if not report.dry_run:
                keep(event, now=now)
        elif again:
            report.set_waiting += 1
            if not report.dry_run:
                replay([known], now=now)


def _match_intents(
    report: Report, *, gateway: Gateway, since: dt.datetime, now: dt.datetime
) -> None:
    paid_there: set[str] = set()
    for intent in gateway.intents_since(int(since.timestamp())):
        report.intents += 1
        paid_there |= {intent.id} if intent.is_paid else set()
        try:
            if intent.hold:
                _void(intent, report, gateway=gateway, now=now)
            else:
                _match(intent, report, gateway=gateway, now=now)
        except StripeSilent:
            raise
        except Exception as error:  # one that cannot be written down does not stop the others
            logger.exception("intent_not_reconciled", intent=intent.id)
            report.errors.append(f"{intent.id}: {type(error).__name__}: {error}")
    report.not_there = _not_there(paid_there, since=since)


def _match(intent: Intent, report: Report, *, gateway: Gateway, now: dt.datetime) -> None:
    payment = Payment.objects.filter(intent_id=intent.id).first() or find_payment(intent.payment)
    if payment is None:
        if intent.is_paid:
            report.unknown.append(f"{intent.id} {intent.amount.display()}")
        return
    settled = intent.is_paid and payment.status not in Payment.MONEY_CAME
    failed = intent.is_over and payment.status == Payment.Status.PENDING
    if not settled and not failed:
        return
    if not report.dry_run:
        if payment.session_id or payment.intent_id:
            look(payment, gateway=gateway, now=now)
        else:
            record(payment, intent, now=now)
    report.settled.append(f"{intent.id} {intent.amount.display()}")


def _void(intent: Intent, report: Report, *, gateway: Gateway, now: dt.datetime) -> None:
    """Give up a hold that was left open; only of cards of ours, and not while one is verified."""
    card = Card.objects.filter(stripe_id=intent.hold).first()
    left = card is not None and card.created_at <= now - HOLD_LASTS
    if intent.status == "requires_capture" and left:
        report.holds_voided += 1
        if not report.dry_run:
            gateway.cancel(intent.id)


def _not_there(paid_there: set[str], *, since: dt.datetime) -> list[str]:
    """Name payments that were paid by card here and are not at Stripe, within the same days."""
    ours = Payment.objects.filter(
        method=Payment.Method.CARD,
        status__in=Payment.MONEY_CAME,
        # The intent is made after the payment, so that it is within what was listed.
        created_at__gte=since,
    ).exclude(intent_id__in=paid_there)
    return [f"payment {payment.pk} {payment}" for payment in ours.order_by("id")]


def _detach_cards(report: Report, *, gateway: Gateway) -> None:
    """Take cards off their customer at Stripe that are off file here."""
    off = dict(Card.objects.filter(status__in=OFF_FILE).values_list("stripe_id", "organization"))
    for customer in Customer.objects.filter(organization__in=set(off.values())):
        try:
            attached = [card.id for card in gateway.cards_of(customer.stripe_id)]
        except StripeRefused as refused:
            report.errors.append(f"{customer.stripe_id}: {refused}")
            continue
        for card in set(attached) & set(off):
            report.cards_detached += 1
            if not report.dry_run:
                gateway.detach_card(card)
