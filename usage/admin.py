"""Admin of usage: what was reported, and how its charge came about."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
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
from usage import refused_admin  # noqa: F401 - registers what was refused
from usage.explaining import SOURCES, explain
from usage.models import UsageEvent
from wallet.credits import plain


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
    list_select_related = ("organization", "agent", "period__version")
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
        "again",
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

    @display(description="Computed again")
    def again(self, event: UsageEvent) -> SafeString:
        address = reverse("admin:explain_event", args=[event.pk])
        words = '<a class="op-button op-first" href="{}?recompute=now">Recompute now</a>'
        return format_html(words, address)


def explanation(event: UsageEvent) -> dict[str, str]:
    """Put the charge of an event into words, and after them what its trace says exactly."""
    told, trace = explain(event), event.trace
    facts = {"in words": " ".join([f"{told.what}.", *told.sentences])}
    for place, (source, grant, credits) in enumerate(trace["draws"], start=1):
        pot = SOURCES[source] + (f", grant {grant}" if grant else "")
        facts[f"{place}. drawn from"] = f"{pot}: {credits}"
    facts["exact quantity"] = str(Fraction(*trace["quantity"]))
    exact = ("meter", "channel", "voice_tier", "rate", "allowance", "credits", "version")
    return facts | {name: trace[name] for name in exact}
