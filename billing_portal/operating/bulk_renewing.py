"""Several organizations are renewed at once: a dry run, one reason, each by itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import structlog
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import Organization, User
from accounts.refusals import Invalid, Refusal
from billing_portal.operating.act_forms import BulkRenewForm, PaidBy
from billing_portal.operating.act_pages import require_operator, tell_workers
from billing_portal.operating.look import day
from billing_portal.operating.plan_acts import Declined
from billing_portal.operating.previews import unpaid_renewal
from payments.answers import StripeSilent
from payments.cards import NoCard
from payments.gateway import at_stripe
from payments.models import Card, Payment
from plans.applying import PlanRequest, apply_plan, propose
from plans.applying_by_card import apply_by_card
from plans.changes import ChangeSet
from plans.models import Period, Subscription
from plans.refusals import PreviewOutdated

logger = structlog.get_logger(__name__)

MOST_AT_ONCE = 200
# Each card is asked while the page waits.
MOST_BY_CARD = 25
FEW_DAYS = 7


@dataclass(frozen=True, slots=True)
class Row:
    """What one organization would get, what it got, or why it gets nothing."""

    organization: Organization
    change: ChangeSet | None = None
    refusal: str = ""
    done: str = ""
    chosen: bool = True
    card: Card | None = None

    @property
    def digest(self) -> str:
        """What is confirmed; another card is another thing to confirm."""
        digest = self.change.digest if self.change else ""
        return f"{digest}:{self.card.pk}" if self.card else digest

    @property
    def now_until(self) -> str:
        """The last day of what runs or ran."""
        previous = self.change.previous if self.change else None
        return day(previous.last_day) if previous else ""

    @property
    def minds(self) -> list[str]:
        """What staff should mind before they renew it."""
        minds = [
            f"{over.resource.replace('_', ' ')}: {over.used} of {over.limit}"
            for over in (self.change.over_limits if self.change else ())
        ]
        if self.renewed_today:
            minds.insert(0, "renewed today already")
        voided = unpaid_renewal(self.change.previous) if self.change else None
        if voided:
            minds.insert(0, f"voids unpaid {voided}")
        if self.organization.is_suspended:
            minds.insert(0, "suspended")
        return minds

    @property
    def renewed_today(self) -> bool:
        """Whether it was renewed today already, by this run or by somebody else."""
        previous = self.change.previous if self.change else None
        return (
            self.change is not None
            and previous is not None
            and previous.source == Period.Source.RENEWED
            and previous.first_day == self.change.window.first_day
        )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """Show the dry run; on a confirmation renew row by row, and show what became of each."""
    actor, now = require_operator(request), timezone.now()
    given = request.POST if request.method == "POST" else request.GET
    organizations = _organizations(given.get("organizations", ""))
    form = BulkRenewForm(request.POST if request.method == "POST" else None)
    ready = form.is_bound and form.is_valid()
    asked = form.request() if ready else PlanRequest()
    by_card = ready and form.paid_by == PaidBy.CARD
    chosen = set(request.POST.getlist("chosen"))
    if by_card and len(chosen) > MOST_BY_CARD:
        form.refuse(Invalid(f"By card renew at most {MOST_BY_CARD} at once.", field="charge"))
    if ready and not form.errors and request.POST.get("stage") == "confirm":
        run = _Run(form, asked, by_card, request.POST, actor, now)
        rows = [
            run.renew(organization)
            if str(organization.pk) in chosen
            else Row(organization, refusal="Left out.", chosen=False)
            for organization in organizations
        ]
        tell_workers()
        return _render(request, form, rows, "bulk_renew_done")
    rows = [_dry_run(organization, asked, by_card, now) for organization in organizations]
    return _render(request, form, rows, "bulk_renew")


def _organizations(text: str) -> list[Organization]:
    ids = [int(part) for part in text.split(",") if part.isascii() and part.isdigit()]
    ids = [pk for pk in ids if pk < 2**63][:MOST_AT_ONCE]
    return list(Organization.objects.filter(pk__in=ids))


def _dry_run(
    organization: Organization, asked: PlanRequest, by_card: bool, now: dt.datetime
) -> Row:
    try:
        change = propose(organization, asked, now=now)
        card = _card(organization) if by_card and change.totals.total.minor > 0 else None
    except Refusal as refusal:
        return Row(organization, refusal=refusal.words, chosen=False)
    row = Row(organization, change, card=card)
    lost_few = change.days_lost <= FEW_DAYS
    return replace(row, chosen=lost_few and not row.renewed_today)


def _card(organization: Organization) -> Card:
    card = Card.objects.default_of(organization)
    if card is None:
        raise NoCard(field="charge")
    return card


@dataclass(slots=True)
class _Run:
    """One confirmed run over several organizations; each is renewed, or refused, by itself."""

    form: BulkRenewForm
    asked: PlanRequest
    by_card: bool
    confirmed: Mapping[str, Any]
    actor: User
    now: dt.datetime
    is_silent: bool = False

    def renew(self, organization: Organization) -> Row:
        """Renew one organization, and say what became of it."""
        digest, _, card = self.confirmed.get(f"digest-{organization.pk}", "").partition(":")
        try:
            if self.by_card:
                return Row(organization, done=self._charge(organization, digest, card))
            period = apply_plan(
                organization,
                self.asked,
                reason=self.form.cleaned_data["reason"],
                digest=digest,
                actor=self.actor,
                now=self.now,
            )
        except Refusal as refusal:
            return Row(organization, refusal=refusal.words)
        except Exception:  # one that cannot be renewed must not hide the others' results
            logger.exception("not_renewed", organization=organization.pk)
            return Row(organization, refusal="Something went wrong; nothing was done for this one.")
        return Row(organization, done=_until(period))

    def _charge(self, organization: Organization, digest: str, card: str) -> str:
        if self.is_silent:
            raise StripeSilent("The payment provider did not answer for the one before.")
        default = Card.objects.default_of(organization)
        if card != (str(default.pk) if default else ""):
            raise PreviewOutdated
        payment = apply_by_card(
            organization,
            self.asked,
            reason=self.form.cleaned_data["reason"],
            key=f"{self.form.key}:{organization.pk}",
            gateway=at_stripe(),
            digest=digest,
            actor=self.actor,
            now=self.now,
        )
        if payment is not None and payment.status == Payment.Status.FAILED:
            raise Declined(f"{payment.card} was declined: {payment.failure}")
        if payment is not None and payment.status != Payment.Status.PAID:
            # The others would each wait for Stripe as long.
            self.is_silent = payment.is_unknown
            return f"{payment.card} was asked; the plan takes effect as soon as it is paid"
        paid = f"{payment.amount.display()} charged to {payment.card}; " if payment else ""
        subscription = Subscription.objects.select_related("period__version")
        return paid + _until(subscription.get(organization=organization).period)


def _until(period: Period) -> str:
    return f"{period.version.name} until {day(period.last_day)}"


def _render(
    request: HttpRequest, form: BulkRenewForm, rows: Iterable[Row], template: str
) -> HttpResponse:
    rows = list(rows)
    context = {
        **admin.site.each_context(request),
        "title": "Renew",
        "form": form,
        "rows": rows,
        "organizations": ",".join(str(row.organization.pk) for row in rows),
        "done": sum(1 for row in rows if row.done),
        "most": MOST_AT_ONCE,
    }
    return TemplateResponse(request, f"admin/operating/{template}.html", context)
