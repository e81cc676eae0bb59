"""Every letter of the product on one page, as an organization would read it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.letters import REMINDERS, compose
from accounts.models import Letter, Organization
from invoices.models import Document, Invoice
from payments.models import Card, Payment
from plans.models import Plan, PlanVersion, Site
from plans.periods import DAY
from usage.overview import Overview, overview
from wallet.credits import display
from wallet.money import Money

MAY_LOOK = "accounts.view_letter"
# Each letter with the occasion on which it is owed.
LETTERS = {
    "trial_sessions_60": "60 % of a trial's sessions are used",
    "trial_sessions_90": "90 % of a trial's sessions are used",
    "trial_days_7": "Seven days of a trial are left",
    "trial_days_2": "Two days of a trial are left",
    "trial_ended": "A trial has ended",
    "plan_applied": "Staff applied or renewed a plan; carries its invoice",
    "period_ending": "A plan that does not renew by itself ends in seven days",
    "subscription_ended": "A plan has ended",
    "payment_failed": "A renewal or a scheduled change could not be charged",
    "payment_overdue": "The grace of an unpaid renewal is over",
    "payment_received": "A payment was paid; carries its receipt",
    "invoice_issued": "An invoice is open that no other letter carries",
    "recharge_failed": "The first recharge in a row failed",
    "recharge_paused": "Recharges are paused, or have reached their monthly ceiling",
    "low_balance": "The wallet is used up, and work still starts",
    "balance_blocked": "The wallet pauses new work",
    "session_limit_80": "80 % of the session limit is used",
    "session_limit_100": "The session limit is reached",
    "quota_80": "80 % of a quota or an allowance are used; where the catalogue says so",
    "quota_100": "A quota or an allowance is used up; where the catalogue says so",
    "plan_change_scheduled": "A later change of plan was scheduled",
    "subscription_canceled": "The owner cancelled the plan",
    "demo_requested": "To staff: an owner asks to be shown an enterprise plan",
}
NO_SUCH = "No organization has this external id."


@dataclass(frozen=True, slots=True)
class Shown:
    """A letter as it would be mailed."""

    subject: str
    to: str
    headers: dict[str, str]
    text: str
    html: str


class LetterForm(forms.Form):
    """Which letter, and whose."""

    letter = forms.ChoiceField(choices=tuple(LETTERS.items()), required=False)
    organization = forms.CharField(
        required=False,
        max_length=200,
        widget=UnfoldAdminTextInputWidget,
        help_text="Its external id; left empty, the newest one's.",
    )

    def clean_organization(self) -> Organization | None:
        """Find whose letter is read."""
        asked = self.cleaned_data["organization"]
        if not asked:
            return Organization.objects.order_by("-pk").first()
        found = Organization.objects.filter(external_id=asked).first()
        if found is None:
            raise forms.ValidationError(NO_SUCH)
        return found


@never_cache
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """List the letters, and show one of them as an organization would read it."""
    if not request.user.has_perm(MAY_LOOK):
        raise PermissionDenied
    form = LetterForm(request.GET)
    organization = form.cleaned_data["organization"] if form.is_valid() else None
    code = form.cleaned_data.get("letter", "")
    context = {
        **admin.site.each_context(request),
        "title": "Letters",
        "form": form,
        "letters": [(name, words, name in REMINDERS) for name, words in LETTERS.items()],
        "chosen": code,
        "organization": organization,
        "shown": show(organization, code, now=timezone.now()) if organization and code else None,
    }
    return TemplateResponse(request, "admin/operating/letters.html", context)


def show(organization: Organization, code: str, *, now: dt.datetime) -> Shown:
    """Compose a letter with what is true of an organization, or could be."""
    letter = Letter(organization=organization, code=code, context=facts_of(organization, now=now))
    mail = compose(letter)
    return Shown(
        subject=str(mail.subject),
        to=", ".join(mail.to) or "nobody",
        headers={name: str(value) for name, value in mail.extra_headers.items()},
        text=str(mail.body),
        html=str(mail.alternatives[0][0]),
    )


def facts_of(organization: Organization, *, now: dt.datetime) -> dict[str, Any]:
    """Answer what letters speak of: the organization's own, and where it has none an example."""
    stands = overview(organization, now=now)
    return {
        **_plan_facts(organization, stands, now),
        **_money_facts(organization, stands.standing.version, now),
        "sessions": str(stands.sessions.used or 40),
        "quota": stands.sessions.quota or 50,
        "limit": stands.sessions.quota or 50,
        "used_up": bool(stands.standing.period and stands.standing.period.used_up_at),
        "wallet": display(stands.balances.wallet),
        "overdraft": display(stands.balances.overdraft),
        "meter": "call_minutes",
        "used": "400",
        "included": "500",
    }


def _plan_facts(organization: Organization, stands: Overview, now: dt.datetime) -> dict[str, Any]:
    today, standing = organization.today(now), stands.standing
    period, upcoming = standing.period, standing.upcoming
    name = standing.version.name if standing.version else _some_plan()
    last_day = period.last_day if period else today + DAY * 29
    site = Site.objects.first()
    grace = site.grace_days if site else 7
    return {
        "plan": name,
        "current_plan": name,
        "first_day": _long(period.first_day if period else today),
        "last_day": _long(last_day),
        "days_left": standing.days_left or 7,
        "starts_on": _long(upcoming.starts_on if upcoming else last_day + DAY),
        "access_ends_on": _long(standing.access_ends_on or last_day + DAY * (1 + grace)),
        "at_once": False,
        "asked_by": "The owner",
    }


def _money_facts(
    organization: Organization, version: PlanVersion | None, now: dt.datetime
) -> dict[str, Any]:
    mine = {"organization": organization}
    invoice = Invoice.objects.filter(**mine).exclude(number=None).order_by("-id").first()
    payment = Payment.objects.filter(**mine).order_by("-id").first()
    receipt = Document.objects.filter(invoice__organization=organization, kind="receipt").first()
    total = invoice.total if invoice else _price(organization, version)
    due_on = invoice.due_on if invoice and invoice.due_on else organization.today(now) + DAY * 14
    return {
        "total": total.display(),
        "amount": (payment.amount if payment else total).display(),
        "invoice_number": (invoice.number if invoice else "") or "INV-000001",
        "receipt_number": receipt.number if receipt else "RCP-000001",
        "due_on": _long(due_on),
        "card": str(Card.objects.default_of(organization) or "Visa ending in 4242"),
        "failure": "Your card was declined.",
    }


def _some_plan() -> str:
    plan = Plan.objects.filter(version__kind=PlanVersion.Kind.STANDARD).first()
    return str(plan) if plan else "Starter"


def _price(organization: Organization, version: PlanVersion | None) -> Money:
    price = version.terms.price_in(organization.currency) if version else None
    return price or Money(9900, organization.currency)


def _long(day: dt.date) -> str:
    return f"{day:%-d %B %Y}"
