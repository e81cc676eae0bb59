"""Plan & usage: what is included, what was used, and where it went."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.choosing import billing_page
from accounts.models import Organization
from plans.choosing_plan import may_choose, plans_on_offer
from plans.rate_table import rate_table
from plans.rented import rented
from plans.self_renting import owner_rents
from plans.session_limits import limit_standing
from usage.allowed import channels, voice_tiers
from usage.breakdown import breakdown
from usage.charting import chart_of
from usage.overview import has_number, overview


@require_safe
@billing_page
def plan_and_usage(request: HttpRequest, organization: Organization) -> HttpResponse:
    """Show plan, period, counters and the breakdown of the period."""
    now = timezone.now()
    shown = overview(organization, now=now)
    period, version = shown.standing.period, shown.standing.version
    offered = list(plans_on_offer())
    context: dict[str, object] = {
        "overview": shown,
        "may_choose": may_choose(organization, offered),
        "rented": rented(organization, version),
        "owner_rents": owner_rents(shown.standing),
    }
    if period and version:
        parts = breakdown(period)
        context |= {
            "period": period,
            "channels": channels(version.terms, has_number=has_number(shown.resources)),
            "voice_tiers": voice_tiers(version.terms, offered),
            "limit": limit_standing(period, used=shown.sessions.used, now=now),
            "terms": version.terms,
            "rates": rate_table(version.terms),
            "breakdown": parts,
            "web_calls": sum(row.events for row in parts.by_channel if row.label == "web"),
            "chart": chart_of(parts.daily, first_day=period.first_day, last_day=period.last_day),
        }
    return render(request, "usage/plan_and_usage.html", context)
