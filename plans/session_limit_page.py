"""The session limit: how many sessions may start in the running period, set and reset."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.choosing import billing_page, person
from accounts.models import Organization
from accounts.refusals import Refusal
from plans.forms import SessionLimitForm
from plans.session_limits import set_session_limit


@require_POST
@billing_page
def session_limit(request: HttpRequest, organization: Organization) -> HttpResponse:
    """Cap the sessions of the running period; posted with ``reset``, go back to the plan's."""
    form = SessionLimitForm(request.POST)
    resets = "reset" in request.POST
    if not resets and not form.is_valid():
        messages.error(request, "A session limit is a whole number of sessions, at least 1.")
    else:
        sessions = None if resets else form.cleaned_data["sessions"]
        _set(request, organization, sessions)
    return redirect(f"{reverse('plan_and_usage')}#session-limit")


def _set(request: HttpRequest, organization: Organization, sessions: int | None) -> None:
    try:
        set_session_limit(
            organization, sessions=sessions, actor=person(request), now=timezone.now()
        )
    except Refusal as refused:
        messages.error(request, refused.words)
    else:
        how = "is the plan's again" if sessions is None else f"is {sessions:,} sessions now"
        messages.success(request, f"The session limit {how}.")
