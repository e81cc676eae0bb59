"""Several organizations are renewed at once: a dry run, one reason, each by itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import structlog
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import Organization, User
from accounts.refusals import Refusal
from billing_portal.operating.act_forms import BulkRenewForm
from billing_portal.operating.act_pages import require_operator, tell_workers
from billing_portal.operating.look import day
from billing_portal.operating.previews import unpaid_renewal
from plans.applying import PlanRequest, apply_plan, propose
from plans.changes import ChangeSet
from plans.models import Period

logger = structlog.get_logger(__name__)

MOST_AT_ONCE = 200
FEW_DAYS = 7


@dataclass(frozen=True, slots=True)
class Row:
    """What one organization would get, what it got, or why it gets nothing."""

    organization: Organization
    change: ChangeSet | None = None
    refusal: str = ""
    done: str = ""
    chosen: bool = True

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
    asked = form.request() if form.is_bound and form.is_valid() else PlanRequest()
    if request.method == "POST" and form.is_valid() and request.POST.get("stage") == "confirm":
        chosen = set(request.POST.getlist("chosen"))
        rows = [
            _renew(organization, asked, request.POST, form.cleaned_data["reason"], actor, now)
            if str(organization.pk) in chosen
            else Row(organization, refusal="Left out.", chosen=False)
            for organization in organizations
        ]
        tell_workers()
        return _render(request, form, rows, "bulk_renew_done")
    return _render(request, form, [_dry_run(o, asked, now) for o in organizations], "bulk_renew")


def _organizations(text: str) -> list[Organization]:
    ids = [int(part) for part in text.split(",") if part.isascii() and part.isdigit()]
    ids = [pk for pk in ids if pk < 2**63][:MOST_AT_ONCE]
    return list(Organization.objects.filter(pk__in=ids))


def _dry_run(organization: Organization, asked: PlanRequest, now: dt.datetime) -> Row:
    try:
        change = propose(organization, asked, now=now)
    except Refusal as refusal:
        return Row(organization, refusal=refusal.words, chosen=False)
    row = Row(organization, change)
    lost_few = change.days_lost <= FEW_DAYS
    return Row(organization, change, chosen=lost_few and not row.renewed_today)


def _renew(
    organization: Organization,
    asked: PlanRequest,
    confirmed: dict[str, str],
    reason: str,
    actor: User,
    now: dt.datetime,
) -> Row:
    digest = confirmed.get(f"digest-{organization.pk}", "")
    try:
        period = apply_plan(organization, asked, reason=reason, digest=digest, actor=actor, now=now)
    except Refusal as refusal:
        return Row(organization, refusal=refusal.words)
    except Exception:  # one organization that cannot be renewed must not hide the others' results
        logger.exception("not_renewed", organization=organization.pk)
        return Row(organization, refusal="Something went wrong; nothing was done for this one.")
    return Row(organization, done=f"{period.version.name} until {day(period.last_day)}")


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
