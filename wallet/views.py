"""The wallet: what is there, when it expires, and every movement of it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.choosing import billing_page
from accounts.models import Organization
from wallet.history import history
from wallet.models import CreditGrant, LedgerEntry


@require_safe
@billing_page
def wallet(request: HttpRequest, organization: Organization) -> HttpResponse:
    """Show live grants and a page of the history; the balances are those of the top bar."""
    now = timezone.now()
    kind = request.GET.get("kind", "")
    kind = kind if kind in LedgerEntry.Kind.values else ""
    grants = CreditGrant.objects.filter(organization=organization).live(now)
    context = {
        "grants": grants.order_by("expires_at", "id"),
        "history": history(organization, asked=request.GET, kind=kind),
        "kinds": LedgerEntry.Kind.choices,
        "kind": kind,
    }
    return render(request, "wallet/wallet.html", context)
