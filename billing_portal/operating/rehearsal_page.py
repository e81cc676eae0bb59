"""The page on which staff see an organization's next weeks before they come."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminSelectWidget

from accounts.models import Organization
from accounts.refusals import Refusal
from billing_portal.operating.doctoring import MAY_LOOK
from billing_portal.operating.forms import RefusableForm
from billing_portal.rehearsing import DAYS, Rehearsal, rehearse

PAID, DECLINED = "paid", "declined"


class RehearsalForm(RefusableForm):
    """How far to look, and what the card answers."""

    days = forms.IntegerField(
        initial=DAYS, widget=UnfoldAdminIntegerFieldWidget, help_text="Today is the first."
    )
    card = forms.ChoiceField(
        choices=((PAID, "Charges are paid"), (DECLINED, "Charges are declined")),
        widget=UnfoldAdminSelectWidget,
        initial=PAID,
        required=False,
    )


@never_cache
@require_safe
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask how far to look, and list what would happen; nothing of it stays."""
    if not request.user.has_perm(MAY_LOOK):
        raise PermissionDenied
    organization = get_object_or_404(Organization, pk=pk)
    form = RehearsalForm(request.GET or None)
    context = {
        **admin.site.each_context(request),
        "title": "Rehearse",
        "opts": Organization._meta,
        "original": organization,
        "organization": organization,
        "back": reverse("admin:accounts_organization_change", args=[pk]),
        "form": form,
        "rehearsal": _rehearse(organization, form) if form.is_bound and form.is_valid() else None,
    }
    return TemplateResponse(request, "admin/operating/rehearsal.html", context)


def _rehearse(organization: Organization, form: RehearsalForm) -> Rehearsal | None:
    asked: dict[str, Any] = form.cleaned_data
    try:
        return rehearse(
            organization,
            now=timezone.now(),
            days=asked["days"],
            card_declines=asked["card"] == DECLINED,
        )
    except Refusal as refusal:
        form.refuse(refusal)
        return None
