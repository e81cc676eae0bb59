"""Pages on which money arrives, on the roof: what it pays for is another floor's knowledge."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver, path
from django.utils import timezone

from accounts.choosing import choice_of
from accounts.models import Organization
from payments import cards_page, pay_page, payment_page
from payments.answers import StripeSilent
from payments.gateway import at_stripe
from plans.buying import begin_bought
from plans.dunning import collect_due, current_unpaid, follow_payments

P = ParamSpec("P")
Page = Callable[Concatenate[HttpRequest, P], HttpResponse]


def with_consequences(view: Page[P]) -> Page[P]:
    """Let a payment have its consequences at once; a page drawn before them is drawn anew."""

    @wraps(view)
    def page(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        response = view(request, *args, **kwargs)
        organization = choice_of(request).organization
        had_any = organization is not None and _follow(organization, now=timezone.now())
        if had_any and response.status_code == 200:
            return redirect(request.path)
        return response

    return page


def with_another_try(view: Page[P]) -> Page[P]:
    """Let a new default card be charged at once for a renewal that is not paid."""

    @wraps(view)
    def page(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        response = view(request, *args, **kwargs)
        organization = choice_of(request).organization
        if organization is not None and response.status_code == 302:
            _try_again(request, organization, now=timezone.now())
        return response

    return page


def _follow(organization: Organization, *, now: dt.datetime) -> bool:
    begun = begin_bought(now=now, organization=organization)
    return bool(begun + follow_payments(now=now, organization=organization))


def _try_again(request: HttpRequest, organization: Organization, *, now: dt.datetime) -> None:
    if current_unpaid(organization) is None:
        return
    try:
        tried = collect_due(gateway=at_stripe(), now=now, organization=organization)
    except StripeSilent:
        return
    if current_unpaid(organization) is None:
        messages.success(request, "The pending payment was made with it. Thank you.")
    elif tried:
        messages.error(request, "The pending payment could not be made with it.")


urlpatterns: list[URLPattern | URLResolver] = [
    path(
        "billing/invoices/<slug:number>/pay/",
        with_consequences(pay_page.pay_invoice),
        name="pay_invoice",
    ),
    path(
        "billing/payments/<uuid:token>/",
        with_consequences(payment_page.payment),
        name="payment",
    ),
    path(
        "billing/payment-methods/added/",
        with_another_try(cards_page.card_added),
        name="card_added",
    ),
    path(
        "billing/payment-methods/<int:card>/default/",
        with_another_try(cards_page.make_default),
        name="default_card",
    ),
]
