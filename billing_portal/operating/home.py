"""The operator's home: what waits for staff, counted, with the way there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from accounts.admin_base import link_to
from accounts.callback_admin import endpoints_in_trouble, given_up
from accounts.models import Act, Letter, Organization
from billing_portal.operating.act_pages import may_operate
from billing_portal.operating.glances import glance, with_glances
from billing_portal.operating.look import badge_label, bell_label, day
from billing_portal.operating.tables import Table, list_of
from billing_portal.operating.worklists import WORKLISTS, ending_soon, trials_ending
from invoices.models import Document
from payments.models import Payment, StripeEvent
from payments.waiting import WAITING
from usage.models import RefusedReport
from wallet.credits import display

SHOWN = 8


@dataclass(frozen=True, slots=True)
class Card:
    """One kind of work that waits: how much of it, and where it is."""

    title: str
    words: str
    icon: str
    count: int
    url: str


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the worklists to the context of the home page, for those who may see what is in them."""
    may = request.user.has_perm
    organizations = may("accounts.view_organization")
    return {
        **context,
        "title": "Worklists",
        "cards": [
            *(_worklists() if organizations else ()),
            *(_payments() if may("payments.view_payment") else ()),
            *([_parked_letters()] if may("accounts.view_letter") else ()),
            *([_parked_documents()] if may("invoices.view_document") else ()),
            *([_refused_usage()] if may("usage.view_refusedreport") else ()),
            *([_events_set_aside()] if may("payments.view_stripeevent") else ()),
            *([_callbacks_given_up()] if may("accounts.view_callback") else ()),
            *([_endpoints_in_trouble()] if may("accounts.view_webhookendpoint") else ()),
        ],
        "tables": [
            *([_soon()] if organizations else ()),
            *([_recent()] if may("accounts.view_act") else ()),
        ],
        "may_operate": may_operate(request),
    }


def _worklists() -> list[Card]:
    now = timezone.now()
    return [
        Card(
            title=worklist.title,
            words=worklist.words,
            icon=worklist.icon,
            count=worklist.find(Organization.objects.all(), now).count(),
            url=list_of("accounts_organization", worklist=worklist.code),
        )
        for worklist in WORKLISTS
    ]


def _payments() -> list[Card]:
    now = timezone.now()
    return [
        Card(
            title=waiting.title,
            words=waiting.words,
            icon=waiting.icon,
            count=waiting.find(Payment.objects.all(), now).count(),
            url=list_of("payments_payment", worklist=waiting.code),
        )
        for waiting in WAITING
    ]


def _parked_letters() -> Card:
    return Card(
        "Parked letters",
        "Could not be mailed, again and again.",
        "mark_email_unread",
        Letter.objects.filter(status=Letter.Status.PARKED).count(),
        list_of("accounts_letter", status__exact=Letter.Status.PARKED.value),
    )


def _parked_documents() -> Card:
    return Card(
        "Parked documents",
        "Could not be rendered.",
        "scan_delete",
        Document.objects.filter(status=Document.Status.PARKED).count(),
        list_of("invoices_document", status__exact=Document.Status.PARKED.value),
    )


def _refused_usage() -> Card:
    return Card(
        "Refused usage",
        "Reported, and not charged: the plan does not know the meter.",
        "do_not_disturb_on",
        RefusedReport.objects.filter(ended_at__isnull=True).count(),
        list_of("usage_refusedreport", state="open"),
    )


def _events_set_aside() -> Card:
    return Card(
        "Stripe events set aside",
        "Could not be acted on, or are about nothing of ours.",
        "webhook",
        StripeEvent.objects.filter(status=StripeEvent.Status.SET_ASIDE).count(),
        list_of("payments_stripeevent", worklist="aside"),
    )


def _callbacks_given_up() -> Card:
    return Card(
        "Callbacks given up",
        "The platform failed for three days, or its endpoint is off.",
        "outbound",
        given_up().count(),
        list_of("accounts_callback", worklist="dead"),
    )


def _endpoints_in_trouble() -> Card:
    return Card(
        "Endpoints in trouble",
        "Have failed for a day, or said that they are gone.",
        "dns",
        endpoints_in_trouble(timezone.now()).count(),
        list_of("accounts_webhookendpoint", worklist="trouble"),
    )


def _soon() -> Table:
    now = timezone.now()
    everybody = Organization.objects.all()
    ending = ending_soon(everybody, now) | trials_ending(everybody, now)
    soonest = with_glances(ending, now=now).order_by("subscription__period__ends_at", "id")
    rows = []
    for organization in soonest[:SHOWN]:
        seen = glance(organization, now=now)
        stands = seen.standing
        rows.append(
            (
                link_to(organization),
                badge_label(stands.badge),
                stands.version.name if stands.version else "",
                day(stands.period.last_day) if stands.period else "",
                stands.days_left,
                display(seen.balance),
                bell_label(seen.bell),
            )
        )
    heads = ("Organization", "Badge", "Plan", "Last day", "#Days left", "#Balance", "Bell")
    more = list_of("accounts_organization", worklist="ending")
    return Table("Ending next", heads, rows, more, "Nothing ends within seven days.")


def _recent() -> Table:
    rows = [
        (
            f"{act.at:%-d %b %H:%M} UTC",
            link_to(act.organization),
            act.summary,
            str(act.actor) if act.actor else "by itself",
            act.reason,
        )
        for act in Act.objects.select_related("organization", "actor")[:SHOWN]
    ]
    heads = ("At", "Organization", "What", "Who", "Why")
    return Table("What happened last", heads, rows, list_of("accounts_act"), "Nothing yet.")
