"""Admin of usage: what was reported, and how its charge came about."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateTimeFilter
from unfold.decorators import display

from accounts.admin_base import (
    DropdownFilter,
    LongTableAdmin,
    facts_table,
    instant,
    link_to,
    number,
)
from plans.terms import CHANNELS
from usage.models import UsageEvent
from wallet.credits import plain, rounded

SOURCES = {"plan": "Plan credits", "bonus": "Bonus", "wallet": "Wallet"}


class ChannelFilter(DropdownFilter):
    """Calls on one channel."""

    title = "channel"
    parameter_name = "channel"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(channel, channel.capitalize()) for channel in CHANNELS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(channel=self.value()) if self.value() else queryset


@admin.register(UsageEvent)
class UsageEventAdmin(LongTableAdmin):
    """Reports of the platform, newest first, each with how its charge came about."""

    list_display = ("event_id", "organization", "kind", "channel", "agent", "cost", "started_at")
    list_select_related = ("organization", "agent")
    list_filter = (
        ("kind", ChoicesDropdownFilter),
        ChannelFilter,
        ("started_at", RangeDateTimeFilter),
    )
    search_exactly = ("event_id",)
    search_help_text = "Organization or event's id"
    fields = (
        ("event_id", "kind"),
        ("organization", "agent"),
        ("began_at", "reported_at"),
        "in_period",
        "reported",
        "explained",
    )

    @display(description="Credits", ordering="credits")
    def cost(self, event: UsageEvent) -> SafeString:
        return number(plain(event.credits))

    @display(description="Started (UTC)")
    def began_at(self, event: UsageEvent) -> str:
        return instant(event.started_at)

    @display(description="Recorded (UTC)")
    def reported_at(self, event: UsageEvent) -> str:
        return instant(event.recorded_at)

    @display(description="Counts in")
    def in_period(self, event: UsageEvent) -> SafeString | str:
        return link_to(event.period)

    @display(description="What was reported")
    def reported(self, event: UsageEvent) -> SafeString | str:
        return facts_table(event.facts)

    @display(description="How the charge came about")
    def explained(self, event: UsageEvent) -> SafeString | str:
        return facts_table(explanation(event))


def explanation(event: UsageEvent) -> dict[str, str]:
    """Put a rating trace into words, step by step, in the order in which it was computed."""
    trace = event.trace
    quantity = Fraction(*trace["quantity"])
    meter = str(trace["meter"]).replace("_", " ")
    facts = {
        "plan version": str(event.period.version),
        "quantity": f"{plain(rounded(quantity))} {meter}",
    }
    if quantity.denominator != 1:
        facts["quantity"] += f", exactly {quantity}"
    if event.period.version_id != trace["version"]:
        facts["plan version"] += f", charged on version {trace['version']}"
    if Decimal(trace["allowance"]):
        facts["from the allowance"] = f"{trace['allowance']} {meter}"
    facts["rate"] = _rate(trace, meter)
    facts["charged"] = f"{trace['credits']} credits"
    for place, (source, grant, credits) in enumerate(trace["draws"], start=1):
        pot = SOURCES.get(source, source) + (f" (grant {grant})" if grant else "")
        facts[f"{place}. drawn from"] = f"{pot}: {credits}"
    return facts


def _rate(trace: dict[str, Any], meter: str) -> str:
    if trace["rate"] is None:
        return "none was needed"
    of = " ".join(str(trace[key]) for key in ("channel", "voice_tier") if trace.get(key))
    return f"{trace['rate']} credits per {meter.removesuffix('s')}{f' ({of})' if of else ''}"
