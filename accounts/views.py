"""The switch between the organizations of one person."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from accounts.choosing import choice_of, choose


@require_POST
@login_required
def switch_organization(request: HttpRequest) -> HttpResponse:
    """Look at another of one's organizations; one that may not be seen is none."""
    asked = request.POST.get("organization", "")
    for organization in choice_of(request).organizations:
        if str(organization.pk) == asked:
            choose(request, organization)
            return redirect("overview")
    raise Http404
