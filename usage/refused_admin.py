"""Admin of usage that could not be charged: what is open first, with the plan to be mended."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from unfold.decorators import display

from accounts.admin_base import (
    DropdownFilter,
    ReadOnlyAdmin,
    facts_table,
    instant,
    link_to,
    number,
)
from accounts.templatetags.wording import words
from usage.models import RefusedReport

STATES = {"Open": "danger", "Charged since": "success", "Dismissed": "info"}


class StateFilter(DropdownFilter):
    """What waits for staff, or has ended."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", "Open"), ("ended", "Charged since, or dismissed")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.value():
            return queryset
        return queryset.filter(ended_at__isnull=self.value() == "open")


@admin.register(RefusedReport)
class RefusedReportAdmin(ReadOnlyAdmin):
    """One row for each meter that an organization's plan did not know."""

    list_display = (
        "what",
        "whose",
        "plan",
        "why",
        "how_often",
        "last_seen",
        "state",
        "act",
    )
    list_display_links = ("what",)
    list_select_related = ("organization", "version")
    list_filter = (StateFilter, "code")
    ordering = (F("ended_at").desc(nulls_first=True), "-last_at", "-id")
    search_fields = ("organization__name", "organization__external_id", "meter")
    fields = (
        ("what", "organization"),
        ("code", "message"),
        ("plan", "how_often"),
        ("first_at_utc", "last_at_utc"),
        ("state", "ended"),
        ("dismissed_by", "reason"),
        "event_id",
        "reported",
    )

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """Offer the act to those who may act."""
        may = request.user.has_perm("accounts.operate")
        return [name for name in self.list_display if may or name != "act"]

    @display(description="Meter", ordering="meter")
    def what(self, refused: RefusedReport) -> str:
        return refused.meter or "other meters"

    @display(description="Organization", ordering="organization__name")
    def whose(self, refused: RefusedReport) -> SafeString | str:
        return link_to(refused.organization)

    @display(description="Plan")
    def plan(self, refused: RefusedReport) -> SafeString | str:
        return link_to(refused.version)

    @display(description="Why", ordering="code")
    def why(self, refused: RefusedReport) -> str:
        return words(refused.code)

    @display(description="Times", ordering="times")
    def how_often(self, refused: RefusedReport) -> SafeString:
        return number(refused.times)

    @display(description="Last seen", ordering="last_at")
    def last_seen(self, refused: RefusedReport) -> str:
        return f"{timesince(refused.last_at, timezone.now())} ago"

    @display(description="State", label=STATES)
    def state(self, refused: RefusedReport) -> str:
        if refused.ended_at is None:
            return "Open"
        return "Dismissed" if refused.reason else "Charged since"

    @display(description="First seen at (UTC)")
    def first_at_utc(self, refused: RefusedReport) -> str:
        return instant(refused.first_at)

    @display(description="Last seen at (UTC)")
    def last_at_utc(self, refused: RefusedReport) -> str:
        return instant(refused.last_at)

    @display(description="Ended at (UTC)")
    def ended(self, refused: RefusedReport) -> str:
        return instant(refused.ended_at)

    @display(description="What the last one reported")
    def reported(self, refused: RefusedReport) -> SafeString | str:
        return facts_table(refused.facts)

    @display(description="Act")
    def act(self, refused: RefusedReport) -> SafeString | str:
        if refused.ended_at:
            return ""
        page = reverse("admin:accounts_organization_dismiss", args=[refused.organization_id])
        return format_html(
            '<a class="op-link op-nowrap" href="{}?refused={}">Dismiss…</a>', page, refused.pk
        )
