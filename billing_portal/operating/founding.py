"""Staff make an organization: with its owner, on a plan, on the trial, or on none yet."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import Organization, User
from accounts.owners import find_or_make_owner
from accounts.refusals import Refusal
from billing_portal.operating.act_pages import require_operator, tell_workers
from billing_portal.operating.organization_forms import NEW_TRIAL, FoundForm
from plans.provisioning import provision


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """Show the form of a new organization, and make it."""
    actor = require_operator(request)
    form = FoundForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            organization = _found(form, actor)
        except Refusal as refusal:
            form.refuse(refusal)
        else:
            tell_workers()
            messages.success(request, f"{organization} was created.")
            return redirect("admin:accounts_organization_change", organization.pk)
    context = {
        **admin.site.each_context(request),
        "title": "New organization",
        "form": form,
        "back": reverse("admin:accounts_organization_changelist"),
    }
    return TemplateResponse(request, "admin/operating/found.html", context)


@transaction.atomic
def _found(form: FoundForm, actor: User) -> Organization:
    start, email = form.cleaned_data["start"], form.cleaned_data["owner_email"]
    return provision(
        form.details(),
        owner=find_or_make_owner(email) if email else None,
        trial=start == NEW_TRIAL,
        plan=start if start not in ("", NEW_TRIAL) else None,
        actor=actor,
        now=timezone.now(),
    )
