"""Change plan: what is on offer, what a choice would do, and the choice itself, confirmed."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.choosing import billing_page, person
from accounts.limited_pages import STRIPE, limited
from accounts.models import Organization
from accounts.refusals import Refusal
from invoices.issuing import site_tax
from payments.answers import StripeRefused, StripeSilent
from payments.forms import key_in, new_key
from payments.gateway import at_stripe
from payments.hosted import coming_back, leads_to_stripe, off_to
from payments.models import Card, Payment
from payments.pay_page import onward
from plans.changes import ChangeSet
from plans.demos import request_demo
from plans.forms import ChangeForm
from plans.offers import offers_to
from plans.reviewing import Review
from plans.standing import Standing, standing
from plans.subscribing import (
    choose_now,
    preview_choice,
    preview_schedule,
    schedule_change,
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What an owner has asked for: a plan, and when; with which key the form was sent."""

    organization: Organization
    plan: str
    standing: Standing
    form: ChangeForm | None
    key: str
    now: dt.datetime

    @property
    def is_ready(self) -> bool:
        """Answer whether it is said when; who subscribes always means now."""
        return self.form is None or self.form.is_valid()

    @property
    def is_now(self) -> bool:
        return self.form is None or self.form.is_now

    def preview(self) -> ChangeSet:
        """Answer what would happen; refused where it may not be."""
        if self.form is None or not self.is_ready or self.form.is_now:
            changing = self.form is not None
            return preview_choice(
                self.organization, plan=self.plan, changing=changing, now=self.now
            )
        day = self.form.starts_on
        return preview_schedule(self.organization, plan=self.plan, starts_on=day, now=self.now)


@require_safe
@billing_page
def change_plan(request: HttpRequest, organization: Organization) -> HttpResponse:
    """Show the plans on offer, the current one marked, and the change that is scheduled."""
    stands = standing(organization, now=timezone.now())
    offers = offers_to(organization, standing=stands)
    context = {
        "standing": stands,
        "offers": offers,
        "may_choose": any(offer.is_choosable for offer in offers),
    }
    return render(request, "plans/change_plan.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@leads_to_stripe
@billing_page
@limited(STRIPE, "POST")
def choose_plan(request: HttpRequest, organization: Organization, plan: str) -> HttpResponse:
    """Show what a plan would cost and change, and from when; posted, do what was shown."""
    wish = _wish(request, organization, plan)
    refused: Refusal | None = None
    if key_in(request.POST) and wish.is_ready:
        done, refused = _do(request, wish)
        if done:
            return done
    try:
        change = wish.preview()
    except Refusal as refusal:
        if wish.form is None or refusal.field not in wish.form.fields:
            messages.error(request, f"{refusal.words} {refusal.remedy}".strip())
            return redirect("change_plan")
        wish.form.refuse(refusal)
        change = preview_choice(organization, plan=plan, changing=True, now=wish.now)
    context = _context(wish, change) | {"refused": refused}
    status = 503 if isinstance(refused, StripeSilent) else 200
    return render(request, "plans/choose_plan.html", context, status=status)


@require_POST
@billing_page
def book_demo(request: HttpRequest, organization: Organization, plan: str) -> HttpResponse:
    """Note that somebody wants to be shown an enterprise plan; once."""
    try:
        request_demo(organization, plan=plan, actor=person(request), now=timezone.now())
    except Refusal as refused:
        messages.error(request, f"{refused.words} {refused.remedy}".strip())
    else:
        messages.success(request, "Request received. We will write to you.")
    return redirect("change_plan")


def _wish(request: HttpRequest, organization: Organization, plan: str) -> Wish:
    now = timezone.now()
    stands = standing(organization, now=now)
    posted = request.method == "POST"
    form = None
    if stands.runs_paid:
        asked = request.POST if posted else request.GET or None
        form = ChangeForm(asked, today=organization.today(now))
    key = (key_in(request.POST) if posted else None) or new_key()
    return Wish(organization, plan, stands, form, key, now)


def _context(wish: Wish, change: ChangeSet) -> dict[str, Any]:
    shown = wish.is_ready
    return {
        "form": wish.form,
        "key": wish.key,
        "standing": wish.standing,
        "tax": site_tax(),
        "version": change.version,
        "review": Review(change, now=wish.now) if shown else None,
        "is_now": shown and wish.is_now,
        "card": Card.objects.default_of(wish.organization) if wish.form else None,
    }


def _do(request: HttpRequest, wish: Wish) -> tuple[HttpResponse | None, Refusal | None]:
    """Do what was confirmed; a form that was sent before leads to what became of it."""
    sent = Payment.objects.filter(organization=wish.organization, key=f"plan:{wish.key}")
    try:
        return (_choose(request, wish) if wish.is_now else _schedule(request, wish)), None
    except Refusal as refused:
        if sent.exists() and not isinstance(refused, StripeSilent):
            return redirect("payment", token=wish.key), None
        return None, None if wish.form and refused.field in wish.form.fields else refused
    except StripeRefused:
        return None, StripeSilent()


def _choose(request: HttpRequest, wish: Wish) -> HttpResponse:
    gateway = at_stripe()
    chosen = choose_now(
        wish.organization,
        plan=wish.plan,
        changing=wish.form is not None,
        key=wish.key,
        urls=coming_back(wish.key),
        gateway=gateway,
        digest=request.POST.get("digest", ""),
        actor=person(request),
        now=wish.now,
    )
    if chosen.checkout_url:
        return off_to(chosen.checkout_url)
    if chosen.payment and not chosen.period:
        return onward(request, chosen.payment, gateway)
    if chosen.period:
        words = f"{chosen.period.version.name} runs from today. Counting begins at zero."
        messages.success(request, words)
    return redirect("plan_and_usage")


def _schedule(request: HttpRequest, wish: Wish) -> HttpResponse:
    change = schedule_change(
        wish.organization,
        plan=wish.plan,
        starts_on=wish.form.starts_on if wish.form else None,
        digest=request.POST.get("digest", ""),
        actor=person(request),
        now=wish.now,
    )
    messages.success(request, f"{change.plan} starts on {change.starts_on:%-d %B %Y}.")
    return redirect("plan_and_usage")
