"""Sign-up: the page on which a trial starts."""

from __future__ import annotations

from allauth.account.utils import perform_login
from allauth.core.ratelimit import consume_or_429
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.refusals import Refusal
from plans.forms import SignUpForm
from plans.models import Site
from plans.signing_up import sign_up_person
from plans.trials import trial_plan


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("password")
@never_cache
def sign_up(request: HttpRequest) -> HttpResponse:
    """Show the form; posted, make log-in and organization, start the trial, and log in."""
    if request.user.is_authenticated:
        return redirect("home")
    if not Site.objects.exists():
        return render(request, "plans/sign_up_closed.html")
    too_many: HttpResponse | None = consume_or_429(request, action="signup")
    if too_many:
        return too_many
    form = SignUpForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            owner, _ = sign_up_person(form.details(), person=form.person(), now=timezone.now())
        except Refusal as refusal:
            form.refuse(refusal)
        else:
            arrived: HttpResponse = perform_login(request, owner, redirect_url=reverse("overview"))
            return arrived
    return render(request, "plans/sign_up.html", {"form": form, "trial": trial_plan()})
