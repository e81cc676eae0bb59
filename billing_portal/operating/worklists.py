"""What waits for staff: each worklist is one named question about organizations."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo, available_timezones

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from accounts.models import Organization
from billing_portal.operating.glances import glance, with_glances
from invoices.models import Invoice
from payments.models import Dispute, Payment
from plans.models import DemoRequest, Period, PlanVersion, Purchase
from plans.standing import Badge
from usage.bell import Bell
from wallet.models import CreditGrant, Wallet

SOON = dt.timedelta(days=7)
Organizations = QuerySet[Organization]
Find = Callable[[Organizations, dt.datetime], Organizations]


@dataclass(frozen=True, slots=True)
class Worklist:
    """One kind of work, under the name that filters the list of organizations."""

    code: str
    title: str
    words: str
    icon: str
    find: Find


def _running(now: dt.datetime) -> Q:
    """Write when a plan runs, as ``Period.is_over`` says it of one."""
    # Where a field is empty a comparison is neither true nor false, so it cannot be turned round.
    period = Period.objects.filter(current_of__organization=OuterRef("pk"))
    ended = Q(renews_until__isnull=True, ends_at__lte=now) | Q(renews_until__lte=now)
    ended |= Q(used_up_at__lte=now) | Q(grace_ends_at__lte=now)
    return Q(subscription__isnull=False) & Q(~Exists(period.filter(ended)))


_TRIAL = Q(subscription__version__kind=PlanVersion.Kind.TRIAL)
_REMINDED = Q(subscription__period__reminded_at__isnull=False)
_CANCELED = Q(subscription__canceled_at__isnull=False)
_UNPAID = Q(subscription__period__grace_ends_at__isnull=False)
_FAILED = _UNPAID & Q(subscription__period__failed_at__isnull=False)


def with_badge(organizations: Organizations, badge: Badge, *, now: dt.datetime) -> Organizations:
    """Answer the organizations that show a badge now."""
    match badge:
        case Badge.NONE:
            return organizations.filter(subscription__isnull=True)
        case Badge.CANCELED:
            return organizations.filter(_CANCELED)
        case Badge.EXPIRED:
            asked = ~_running(now)
        case Badge.PAYMENT_ISSUE:
            asked = _running(now) & _FAILED
        case Badge.TRIAL:
            asked = _running(now) & _TRIAL & ~_REMINDED
        case Badge.TRIAL_ENDING:
            asked = _running(now) & _TRIAL & _REMINDED
        case Badge.ACTIVE:
            running_well = Q(subscription__period__failed_at__isnull=True) | ~_UNPAID
            asked = _running(now) & ~_TRIAL & running_well
    mine = Q(subscription__isnull=False, subscription__canceled_at__isnull=True)
    return organizations.filter(mine & asked)


def ending_soon(organizations: Organizations, now: dt.datetime) -> Organizations:
    """Answer those whose plan ends within seven days, and does not renew by itself."""
    period = "subscription__period__"
    soon = Q(**{f"{period}ends_at__lte": now + SOON, f"{period}renews_until__isnull": True})
    return organizations.filter(_running(now) & ~_TRIAL & soon)


def trials_ending(organizations: Organizations, now: dt.datetime) -> Organizations:
    """Answer those whose trial ends within seven days, or whose sessions run out."""
    soon = Q(subscription__period__ends_at__lte=now + SOON) | _REMINDED
    return organizations.filter(_running(now) & _TRIAL & soon)


def blocked_by_balance(organizations: Organizations, now: dt.datetime) -> Organizations:
    """Answer those that have a running plan and a red bell.

    The database finds the few that can have one; the bell itself is asked for each of them.
    """
    dry = Q(wallet__pause_when=Wallet.PauseWhen.DRY, wallet__balance__lte=-F("wallet__overdraft"))
    below = Q(wallet__paused=True) | Q(wallet__balance__lt=-F("wallet__overdraft"))
    negative = Q(wallet__pause_when=Wallet.PauseWhen.NEGATIVE) & below
    grants = CreditGrant.objects.live(now).filter(organization=OuterRef("pk"))
    few = Organization.objects.filter(_running(now) & (dry | negative) & ~Exists(grants))
    red = [
        candidate.pk
        for candidate in with_glances(few, now=now)
        if glance(candidate, now=now).bell == Bell.RED
    ]
    return organizations.filter(pk__in=red)


def unpaid(organizations: Organizations, now: dt.datetime) -> Organizations:
    """Answer those with an open invoice."""
    invoices = Invoice.objects.unpaid().filter(organization=OuterRef("pk"))
    return organizations.filter(Exists(invoices))


def overdue(organizations: Organizations, now: dt.datetime) -> Organizations:
    """Answer those with an open invoice whose last day to pay is over where they are."""
    late = Q()
    for today, zones in _zones_by_day(now).items():
        late |= Q(organization__time_zone__in=zones, due_on__lt=today)
    invoices = Invoice.objects.unpaid().filter(late, organization=OuterRef("pk"))
    return organizations.filter(Exists(invoices))


def in_grace(organizations: Organizations, now: dt.datetime) -> Organizations:
    """Answer those whose renewal could not be charged, and whose access goes on for some days."""
    return organizations.filter(_running(now) & _FAILED)


def grace_over(organizations: Organizations, now: dt.datetime) -> Organizations:
    """Answer those whose renewal was not paid within the grace."""
    return organizations.filter(subscription__period__grace_ends_at__lte=now)


def changing(organizations: Organizations, now: dt.datetime) -> Organizations:
    """Answer those with another plan that takes effect on a later day."""
    return organizations.filter(scheduled_change__isnull=False)


def want_demo(organizations: Organizations, now: dt.datetime) -> Organizations:
    """Answer those that asked to be shown a plan, and that nobody has written to since."""
    waiting = DemoRequest.objects.filter(handled_at__isnull=True)
    return organizations.filter(Exists(waiting.filter(organization=OuterRef("pk"))))


def bought(organizations: Organizations, now: dt.datetime) -> Organizations:
    """Answer those that have paid for a plan that has not begun."""
    waiting = Purchase.objects.filter(period=None, payment__status=Payment.Status.PAID)
    return organizations.filter(Exists(waiting.filter(organization=OuterRef("pk"))))


def disputed(organizations: Organizations, now: dt.datetime) -> Organizations:
    """Answer those with a payment that its card's holder contests."""
    disputes = Dispute.objects.filter(status=Dispute.Status.OPEN)
    return organizations.filter(Exists(disputes.filter(payment__organization=OuterRef("pk"))))


def suspended(organizations: Organizations, now: dt.datetime) -> Organizations:
    """Answer those that staff suspended."""
    return organizations.filter(suspended_at__isnull=False)


def _zones_by_day(now: dt.datetime) -> dict[dt.date, list[str]]:
    days: dict[dt.date, list[str]] = defaultdict(list)
    for name in sorted(available_timezones()):
        days[now.astimezone(ZoneInfo(name)).date()].append(name)
    return days


WORKLISTS = (
    Worklist(
        "ending",
        "Ending within 7 days",
        "Plans that end soon and that staff renew.",
        "event_upcoming",
        ending_soon,
    ),
    Worklist(
        "trials",
        "Trials ending",
        "Trials in their last week, or with their sessions nearly used.",
        "hourglass_bottom",
        trials_ending,
    ),
    Worklist(
        "blocked",
        "Blocked by balance",
        "Running plans on which nothing starts until credits are added.",
        "block",
        blocked_by_balance,
    ),
    Worklist(
        "grace",
        "Payment issues",
        "A renewal could not be charged; access goes on for some days.",
        "credit_card_off",
        in_grace,
    ),
    Worklist(
        "grace-over",
        "Stopped unpaid",
        "A renewal was not paid within its grace; everything has stopped.",
        "money_off",
        grace_over,
    ),
    Worklist(
        "upcoming",
        "Upcoming changes",
        "Another plan takes effect on a later day.",
        "upcoming",
        changing,
    ),
    Worklist(
        "demos",
        "Demo requests",
        "Asked to be shown an enterprise plan.",
        "slideshow",
        want_demo,
    ),
    Worklist(
        "bought",
        "Paid, not begun",
        "A plan is paid for and has not taken effect yet.",
        "hourglass_disabled",
        bought,
    ),
    Worklist(
        "overdue",
        "Overdue invoices",
        "Open after their last day to pay.",
        "event_busy",
        overdue,
    ),
    Worklist("unpaid", "Unpaid invoices", "Waiting for a bank payment.", "receipt_long", unpaid),
    Worklist("disputed", "Disputed", "A card's holder contests a payment.", "gavel", disputed),
    Worklist("suspended", "Suspended", "Stopped by staff.", "pause_circle", suspended),
)
