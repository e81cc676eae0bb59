"""The admin page on which staff edit the catalogue as text: what would change, then the change."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from unfold.widgets import UnfoldAdminTextareaWidget

from accounts.choosing import person
from accounts.refusals import Refusal
from plans.catalogue import BadCatalogue, CatalogueDiff, dump_catalogue, load_catalogue
from plans.catalogue_yaml import LARGEST_FILE
from plans.models import Site
from plans.refusals import PreviewOutdated

MAY_EDIT = "plans.change_plan"
MONOSPACED = {"rows": 28, "spellcheck": "false", "style": "font-family: monospace; font-size: 13px"}


class CatalogueForm(forms.Form):
    """The whole catalogue, and why it changes."""

    text = forms.CharField(
        max_length=LARGEST_FILE,
        strip=False,
        label="Catalogue",
        widget=UnfoldAdminTextareaWidget(MONOSPACED),
    )
    reason = forms.CharField(max_length=500, widget=UnfoldAdminTextareaWidget({"rows": 2}))

    @property
    def copies(self) -> list[str]:
        """The fields once more as hidden inputs, for the page on which they are confirmed."""
        return [field.as_hidden() for field in self]


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def catalogue_page(request: HttpRequest) -> HttpResponse:
    """Show the catalogue in force as text; then what another would change; then load it."""
    if not request.user.has_perm(MAY_EDIT):
        raise PermissionDenied
    if request.method != "POST":
        return _render(request, CatalogueForm(initial={"text": _in_force()}))
    form = CatalogueForm(request.POST)
    if not form.is_valid() or request.POST.get("stage") == "edit":
        return _render(request, form)
    try:
        return _preview_or_load(request, form)
    except BadCatalogue as refusal:
        form.add_error("text", refusal.lines)
        return _render(request, form)


def _preview_or_load(request: HttpRequest, form: CatalogueForm) -> HttpResponse:
    now, text = timezone.now(), form.cleaned_data["text"]
    if request.POST.get("stage") != "confirm":
        return _render(request, form, change=load_catalogue(text, now=now, dry_run=True))
    try:
        done = load_catalogue(text, now=now, digest=request.POST.get("digest", ""))
    except PreviewOutdated:
        messages.warning(request, "The catalogue was changed meanwhile: this is the new preview.")
        return _render(request, form, change=load_catalogue(text, now=now, dry_run=True))
    words = f"{form.cleaned_data['reason']}\n" + "\n".join(done.lines())
    site = Site.objects.get()
    LogEntry.objects.log_actions(person(request).pk, [site], CHANGE, words, single_object=True)
    messages.success(request, "The catalogue is loaded.")
    return redirect("admin:plans_plan_changelist")


def _in_force() -> str:
    try:
        return dump_catalogue()
    except Refusal:
        return ""


def _render(
    request: HttpRequest, form: CatalogueForm, *, change: CatalogueDiff | None = None
) -> HttpResponse:
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": "Edit the catalogue",
        "form": form,
        "change": change,
    }
    return TemplateResponse(request, "admin/plans/catalogue.html", context)
