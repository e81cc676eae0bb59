"""The road of every act: a form, a preview with its digest, a confirmation, one verb."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

from django.contrib import admin, messages
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from redis.exceptions import RedisError

from accounts.admin_base import link_to
from accounts.hints import hint
from accounts.models import Organization, User
from accounts.refusals import Refusal
from billing_portal.operating.forms import ActForm
from billing_portal.operating.previews import Preview
from plans.refusals import PreviewOutdated

OPERATE = "accounts.operate"
REMEMBERED_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class ActPage:
    """One act of staff: its words, its form, what it would do, and the verb that does it."""

    name: str
    title: str
    explanation: str
    icon: str
    form: type[ActForm]
    preview: Callable[[Organization, ActForm, dt.datetime], Preview]
    act: Callable[[Organization, ActForm, str, User, dt.datetime], str]
    initial: Callable[[Organization], Mapping[str, Any]] = lambda _: {}
    danger: bool = False
    # Fields that the address may fill in, where a page links to the act for one of its rows.
    asked: tuple[str, ...] = ()

    @property
    def url_name(self) -> str:
        return f"accounts_organization_{self.name}"


def may_operate(request: HttpRequest) -> bool:
    """Answer whether this member of staff may act, and not only look."""
    return request.user.has_perm(OPERATE)


def require_operator(request: HttpRequest) -> User:
    """Answer who acts.

    :raises PermissionDenied: this person may look only.
    """
    if not may_operate(request):
        raise PermissionDenied
    return cast(User, request.user)


def view_of(page: ActPage) -> Callable[..., HttpResponse]:
    """Make the view of an act."""

    @never_cache
    @require_http_methods(["GET", "HEAD", "POST"])
    def view(request: HttpRequest, pk: int) -> HttpResponse:
        return _show(request, pk, page)

    return view


def _show(request: HttpRequest, pk: int, page: ActPage) -> HttpResponse:
    """Show the form, then what would happen, then do it."""
    actor = require_operator(request)
    organization = get_object_or_404(Organization, pk=pk)
    if request.method != "POST":
        filled = {name: request.GET[name] for name in page.asked if name in request.GET}
        initial = {**page.initial(organization), **filled}
        form = page.form(organization=organization, initial=initial)
        return _render(request, page, organization, form)
    form = page.form(request.POST, organization=organization)
    if not form.is_valid() or request.POST.get("stage") == "edit":
        return _render(request, page, organization, form)
    if _was_done(form):
        messages.info(request, f"{page.title}: this was done already; nothing happened twice.")
        return _back(organization)
    try:
        return _preview_or_act(request, page, organization, form, actor)
    except Refusal as refusal:
        form.refuse(refusal)
        form.begin_anew()
        return _render(request, page, organization, form)


def _preview_or_act(
    request: HttpRequest, page: ActPage, organization: Organization, form: ActForm, actor: User
) -> HttpResponse:
    now = timezone.now()
    preview = page.preview(organization, form, now)
    confirmed = request.POST.get("digest", "")
    if request.POST.get("stage") != "confirm":
        return _render(request, page, organization, form, preview)
    try:
        if confirmed != preview.digest:
            raise PreviewOutdated
        words = page.act(organization, form, confirmed, actor, now)
    except PreviewOutdated as refusal:
        messages.warning(request, f"{refusal.words} {refusal.remedy}")
        fresh = page.preview(organization, form, now)
        return _render(request, page, organization, form, fresh)
    _remember_done(form)
    tell_workers()
    done = organization.acts.filter(at=now).first()
    note = format_html(" {}", link_to(done, "See it in the log.")) if done else ""
    messages.success(request, format_html("{}{}", words, note))
    return _back(organization)


def _was_done(form: ActForm) -> bool:
    """Answer whether this very form was confirmed before; without a cache the digest guards."""
    try:
        return bool(cache.get(_token_key(form)))
    except RedisError:
        return False


def _remember_done(form: ActForm) -> None:
    """Remember a form that was confirmed; what it did is committed, cache or not."""
    with suppress(RedisError):
        cache.set(_token_key(form), True, REMEMBERED_SECONDS)


def tell_workers() -> None:
    """Hint that an act may have left a document to render and a letter to mail."""
    hint("render_documents")
    hint("deliver_letters")


def _render(
    request: HttpRequest,
    page: ActPage,
    organization: Organization,
    form: ActForm,
    preview: Preview | None = None,
) -> HttpResponse:
    context = {
        **admin.site.each_context(request),
        "title": page.title,
        "page": page,
        "opts": Organization._meta,
        "original": organization,
        "organization": organization,
        "back": reverse("admin:accounts_organization_change", args=[organization.pk]),
        "form": form,
        "preview": preview,
    }
    name = "act_preview" if preview else "act_form"
    return TemplateResponse(request, f"admin/operating/{name}.html", context)


def _back(organization: Organization) -> HttpResponse:
    return redirect("admin:accounts_organization_change", organization.pk)


def _token_key(form: ActForm) -> str:
    return f"act:{form.cleaned_data['token']}"
