"""Every charge and every movement of credits, explained to whom they belong."""

from __future__ import annotations

from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.choosing import billing_page
from accounts.models import Organization
from invoices.models import Invoice
from payments.models import Payment
from plans.models import Period
from usage.explaining import explain
from usage.models import UsageEvent
from usage.origins import event_of, origin_of
from wallet.models import LedgerEntry


@require_safe
@billing_page
def usage_event(request: HttpRequest, organization: Organization, event_id: str) -> HttpResponse:
    """Explain one charge; asked to, compute it again now."""
    events = UsageEvent.objects.select_related("agent", "period__version")
    event = get_object_or_404(events, organization=organization, event_id=event_id)
    context = {
        "event": event,
        "explanation": explain(event, again="recompute" in request.GET),
        "now": timezone.now(),
    }
    return render(request, "usage/event.html", context)


@require_safe
@billing_page
def ledger_entry(request: HttpRequest, organization: Organization, entry_id: int) -> HttpResponse:
    """Tell what a movement of credits came from; one of usage is explained by its charge."""
    entries = LedgerEntry.objects.select_related("grant", "organization")
    entry = get_object_or_404(entries, organization=organization, pk=entry_id)
    event = event_of(entry)
    if event is not None:
        return redirect("usage_event", event.event_id)
    origin = origin_of(entry)
    links = [(words, address) for words, address in map(_link, origin.rows) if address]
    context = {"entry": entry, "origin": origin, "links": links}
    return render(request, "usage/entry.html", context)


def _link(row: Model) -> tuple[str, str]:
    """Answer words and address of the page on which an owner sees a row; nothing without one."""
    match row:
        case Payment():
            return "The payment", reverse("payment", args=[row.token])
        case Invoice() if row.number:
            return f"Invoice {row.number}", reverse("invoice", args=[row.number])
        case Period():
            return "What was used in that period", f"{reverse('breakdown')}?period={row.number}"
    return "", ""
