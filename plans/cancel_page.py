"""Cancelling: the subscription, for the end of its period, and the change that is scheduled."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.choosing import billing_page, person
from accounts.models import Organization
from accounts.refusals import Refusal
from plans.canceling import cancel, undo_cancel
from plans.standing import standing
from plans.subscribing import cancel_change


@require_http_methods(["GET", "HEAD", "POST"])
@billing_page
def cancel_subscription(request: HttpRequest, organization: Organization) -> HttpResponse:
    """Say what cancelling does; posted, cancel."""
    now = timezone.now()
    if request.method != "POST":
        stands = standing(organization, now=now)
        if not stands.can_cancel:
            return redirect("plan_and_usage")
        return render(request, "plans/cancel.html", {"standing": stands})
    try:
        cancel(organization, actor=person(request), now=now)
    except Refusal as refused:
        messages.error(request, refused.words)
    else:
        messages.success(request, "The subscription is cancelled.")
    return redirect("plan_and_usage")


@require_POST
@billing_page
def undo(request: HttpRequest, organization: Organization) -> HttpResponse:
    """Take the cancellation back."""
    try:
        undo_cancel(organization, actor=person(request), now=timezone.now())
    except Refusal as refused:
        messages.error(request, refused.words)
    else:
        messages.success(request, "The cancellation is taken back.")
    return redirect("plan_and_usage")


@require_http_methods(["GET", "HEAD", "POST"])
@billing_page
def cancel_upcoming(request: HttpRequest, organization: Organization) -> HttpResponse:
    """Ask whether the scheduled change is to be dropped; posted, drop it."""
    now = timezone.now()
    if request.method != "POST":
        stands = standing(organization, now=now)
        if stands.upcoming is None:
            return redirect("plan_and_usage")
        return render(request, "plans/cancel_upcoming.html", {"standing": stands})
    try:
        cancel_change(organization, actor=person(request), now=now)
    except Refusal as refused:
        messages.error(request, refused.words)
    else:
        messages.success(request, "The scheduled plan is cancelled.")
    return redirect("plan_and_usage")
