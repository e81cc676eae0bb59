"""Auto-recharge: the owner reads what is agreed to, agrees, and can switch it off again."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.choosing import billing_page, person
from accounts.models import Organization
from accounts.refusals import Refusal
from payments.cards import NoCard
from payments.forms import AutoRechargeForm
from payments.models import AutoRecharge, Card
from payments.offering import terms_of
from payments.recharging import consent_words, save_auto_recharge
from wallet.credits import Credits


@require_http_methods(["GET", "HEAD", "POST"])
@billing_page
def auto_recharge(request: HttpRequest, organization: Organization) -> HttpResponse:
    """Show the sentence that would be agreed to; posted, keep it and switch on."""
    posted = request.method == "POST"
    form = AutoRechargeForm(organization, request.POST if posted else request.GET or None)
    terms = terms_of(organization)
    proposed = form.proposed() if form.is_valid() else None
    card = Card.objects.default_of(organization)
    if posted and proposed is not None:
        try:
            if card is None:
                # Without one every recharge would fail; an owner who asks here adds one first.
                raise NoCard
            _save(request, proposed)
        except Refusal as refusal:
            form.refuse(refusal)
            proposed = None
        else:
            messages.success(request, "Auto-recharge is on.")
            return redirect("wallet")
    context = {
        "form": form,
        "terms": terms,
        "proposed": proposed,
        "sentence": consent_words(proposed, terms.ceiling) if proposed and terms else "",
        "card": card,
    }
    return render(request, "payments/auto_recharge.html", context)


@require_POST
@billing_page
def switch_off(request: HttpRequest, organization: Organization) -> HttpResponse:
    """Switch auto-recharge off; its figures are kept for another time."""
    setting = AutoRecharge.objects.filter(organization=organization, enabled=True).first()
    if setting is not None:
        setting.enabled = False
        _save(request, setting)
        messages.success(request, "Auto-recharge is off. The card is not charged by itself.")
    return redirect("wallet")


def _save(request: HttpRequest, setting: AutoRecharge) -> None:
    save_auto_recharge(
        setting.organization,
        enabled=setting.enabled,
        threshold=Credits(setting.threshold),
        amount=setting.amount,
        now=timezone.now(),
        actor=person(request),
    )
