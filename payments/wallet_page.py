"""The wallet: what is there, how more is added, and every movement of it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.choosing import billing_page
from accounts.models import Organization
from payments.forms import AutoRechargeForm, TopUpForm
from payments.models import AutoRecharge
from payments.offering import RechargeStanding, Terms, recharge_standing, terms_of
from wallet import credits as credit
from wallet.history import history
from wallet.models import CreditGrant, LedgerEntry


@require_safe
@billing_page
def wallet(request: HttpRequest, organization: Organization) -> HttpResponse:
    """Show grants, top-up, auto-recharge and history; the balances are those of the top bar."""
    now = timezone.now()
    kind = request.GET.get("kind", "")
    kind = kind if kind in LedgerEntry.Kind.values else ""
    grants = CreditGrant.objects.filter(organization=organization).live(now)
    terms = terms_of(organization)
    standing = recharge_standing(organization, terms=terms, now=now)
    context = {
        "grants": grants.order_by("expires_at", "id"),
        "history": history(organization, asked=request.GET, kind=kind),
        "kinds": LedgerEntry.Kind.choices,
        "kind": kind,
        "terms": terms,
        "top_up": TopUpForm(organization),
        "recharge": standing,
        "recharge_form": AutoRechargeForm(organization, initial=_suggested(standing, terms)),
    }
    return render(request, "payments/wallet.html", context)


def _suggested(standing: RechargeStanding, terms: Terms | None) -> dict[str, str]:
    """Answer what the fields begin with: the setting as it is, or the smallest that makes sense."""
    setting: AutoRecharge | None = standing.setting
    if setting is not None:
        return {"threshold": credit.plain(setting.threshold), "amount": str(setting.amount)}
    if terms is None:
        return {}
    first, second, *_ = terms.offers
    return {"threshold": credit.plain(first.credits), "amount": str(second.amount)}
