"""The page on which staff see how a charge came about, and compute it again."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.admin_base import facts_table, link_to
from accounts.models import Organization
from billing_portal.operating.tables import Table
from usage.explaining import Explanation, Source, explain
from usage.models import UsageEvent
from usage.origins import event_of, origin_of
from wallet.credits import plain
from wallet.models import LedgerEntry


@never_cache
@require_safe
def event(request: HttpRequest, pk: int) -> HttpResponse:
    """Explain a charge from its trace; asked to, compute it again now."""
    if not request.user.has_perm("usage.view_usageevent"):
        raise PermissionDenied
    rows = UsageEvent.objects.select_related("organization", "agent", "period__version__plan")
    found = get_object_or_404(rows, pk=pk)
    told = explain(found, again="recompute" in request.GET)
    context = {
        "explanation": told,
        "event": found,
        "facts": facts_table(found.facts),
        "now": timezone.now(),
        "tables": [_steps(told), _sources(told)],
    }
    return _render(
        request, f"{told.what} {found.reported_under}", found.organization, found, context
    )


@never_cache
@require_safe
def entry(request: HttpRequest, pk: int) -> HttpResponse:
    """Tell what a movement of credits came from; one of usage is explained by its charge."""
    if not request.user.has_perm("wallet.view_ledgerentry"):
        raise PermissionDenied
    rows = LedgerEntry.objects.select_related("organization", "grant")
    found = get_object_or_404(rows, pk=pk)
    charged = event_of(found)
    if charged is not None:
        return redirect("admin:explain_event", charged.pk)
    origin = origin_of(found)
    context = {"origin": origin, "entry": found, "tables": [_rows(origin.rows)]}
    return _render(request, found.get_kind_display(), found.organization, found, context)


def _steps(told: Explanation) -> Table:
    rows = [(step.label, step.figure) for step in told.steps]
    return Table("Figure by figure", ("What", "#Figure"), rows, empty="Nothing was to compute.")


def _sources(told: Explanation) -> Table:
    rows = [
        (
            link_to(source.entry, f"{place}"),
            _pot(source),
            source.given_for,
            f"{source.grant.expires_at:%-d %b %Y %H:%M} UTC" if source.grant else "never",
            plain(source.credits),
            plain(source.entry.balance_after) if source.entry else "no entry",
        )
        for place, source in enumerate(told.sources, start=1)
    ]
    heads = ("Entry", "Pot", "Given for", "Expires", "#Credits", "#Left after")
    words = f"{plain(told.booked)} credits in the ledger for this event."
    return Table("Drawn from", heads, rows, empty="Nothing was drawn.", words=words)


def _pot(source: Source) -> SafeString | str:
    return link_to(source.grant, source.name) if source.grant else source.name


def _rows(rows: list[Model]) -> Table:
    cells = [(str(row._meta.verbose_name).capitalize(), link_to(row)) for row in rows]
    return Table("What it came from", ("What", "Which"), cells, empty="Nothing more is kept.")


def _render(
    request: HttpRequest, title: str, organization: Organization, row: Model, more: dict[str, Any]
) -> HttpResponse:
    context = {
        **admin.site.each_context(request),
        "title": title,
        "organization": organization,
        "links": [link_to(row, "Its row"), link_to(organization)],
        **more,
    }
    return TemplateResponse(request, "admin/operating/explain.html", context)
