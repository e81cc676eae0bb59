"""Topping up: what an amount buys and costs is shown, then Stripe's page takes the payment."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.choosing import billing_page, person
from accounts.limited_pages import STRIPE, limited
from accounts.models import Organization
from accounts.refusals import Refusal
from invoices.issuing import site_tax
from payments.answers import StripeSilent
from payments.facts import Session
from payments.forms import TopUpForm, key_in, new_key
from payments.gateway import at_stripe
from payments.hosted import coming_back, leads_to_stripe, off_to
from payments.offering import terms_of
from payments.topping_up import begin_top_up


@require_http_methods(["GET", "HEAD", "POST"])
@leads_to_stripe
@billing_page
@limited(STRIPE, "POST")
def top_up(request: HttpRequest, organization: Organization) -> HttpResponse:
    """Show what an amount buys; posted, go on to Stripe's page, once per form."""
    posted = request.method == "POST"
    form = TopUpForm(organization, request.POST if posted else request.GET or None)
    key = (key_in(request.POST) if posted else None) or new_key()
    silence = None
    if form.is_valid() and posted:
        try:
            session = _begin(request, organization, form, key)
        except StripeSilent as silent:
            silence = silent
        except Refusal as refusal:
            form.refuse(refusal)
            key = new_key()
        else:
            return off_to(session.url) if session.url else redirect("payment", token=key)
    context = {
        "form": form,
        "terms": terms_of(organization),
        "key": key,
        "tax": site_tax(),
        "silence": silence,
    }
    return render(request, "payments/top_up.html", context, status=503 if silence else 200)


def _begin(request: HttpRequest, organization: Organization, form: TopUpForm, key: str) -> Session:
    return begin_top_up(
        organization,
        amount=form.cleaned_data["amount"],
        key=key,
        urls=coming_back(key),
        gateway=at_stripe(),
        now=timezone.now(),
        actor=person(request),
    )
