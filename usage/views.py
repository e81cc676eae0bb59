"""Plan & usage: what is included, what was used, where it went, and why it cost that."""

from __future__ import annotations

from decimal import Decimal

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.choosing import billing_page
from accounts.models import Organization
from plans.choosing_plan import may_choose
from plans.rate_table import rate_table
from plans.rented import rented
from plans.session_limits import limit_standing
from usage.breakdown import breakdown
from usage.charting import chart_of
from usage.explaining import explain
from usage.models import UsageEvent
from usage.overview import overview


@require_safe
@billing_page
def plan_and_usage(request: HttpRequest, organization: Organization) -> HttpResponse:
    """Show plan, period, counters and the breakdown of the period."""
    now = timezone.now()
    shown = overview(organization, now=now)
    period, version = shown.standing.period, shown.standing.version
    context: dict[str, object] = {
        "overview": shown,
        "may_choose": may_choose(organization),
        "rented": rented(organization, version),
    }
    if period and version:
        parts = breakdown(period)
        in_credits = parts.total.credits > 0
        daily = [
            (day, row.credits if in_credits else Decimal(row.events)) for day, row in parts.by_day
        ]
        context |= {
            "period": period,
            "limit": limit_standing(period, used=shown.sessions.used, now=now),
            "terms": version.terms,
            "rates": rate_table(version.terms),
            "breakdown": parts,
            "web_calls": sum(row.events for row in parts.by_channel if row.label == "web"),
            "in_credits": in_credits,
            "chart": chart_of(daily, first_day=period.first_day, last_day=period.last_day),
        }
    return render(request, "usage/plan_and_usage.html", context)


@require_safe
@billing_page
def usage_event(request: HttpRequest, organization: Organization, event_id: str) -> HttpResponse:
    """Explain one charge."""
    events = UsageEvent.objects.select_related("agent", "period__version")
    event = get_object_or_404(events, organization=organization, event_id=event_id)
    context = {"event": event, "explanation": explain(event)}
    return render(request, "usage/event.html", context)
