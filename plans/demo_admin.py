"""Admin of requests to be shown a plan: the open ones first, the longest waiting on top."""

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

from accounts.admin_base import DropdownFilter, ReadOnlyAdmin, instant, link_to
from plans.models import DemoRequest


class HandledFilter(DropdownFilter):
    """Requests that wait, or that somebody has handled."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", "Open"), ("handled", "Handled")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.value():
            return queryset
        return queryset.filter(handled_at__isnull=self.value() == "open")


@admin.register(DemoRequest)
class DemoRequestAdmin(ReadOnlyAdmin):
    """What owners asked to be shown; handled by an act of the organization's page."""

    list_display = ("plan", "whose", "asked_by", "waits", "state", "note", "act")
    list_display_links = ("plan",)
    list_select_related = ("organization", "plan__version", "actor")
    list_filter = (HandledFilter,)
    ordering = (F("handled_at").desc(nulls_first=True), "at", "id")
    search_fields = ("organization__name", "organization__external_id")
    fields = (
        ("plan", "organization"),
        ("actor", "asked"),
        ("state", "handled"),
        ("handled_by", "note"),
    )

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """Offer the act to those who may act."""
        may = request.user.has_perm("accounts.operate")
        return [name for name in self.list_display if may or name != "act"]

    @display(description="Organization", ordering="organization__name")
    def whose(self, asked: DemoRequest) -> SafeString | str:
        return link_to(asked.organization)

    @display(description="Asked by")
    def asked_by(self, asked: DemoRequest) -> str:
        return str(asked.actor or "nobody known")

    @display(description="Waits", ordering="at")
    def waits(self, asked: DemoRequest) -> str:
        return timesince(asked.at, asked.handled_at or timezone.now())

    @display(description="State", label={"Open": "warning", "Handled": "success"})
    def state(self, asked: DemoRequest) -> str:
        return "Handled" if asked.handled_at else "Open"

    @display(description="Asked at (UTC)")
    def asked(self, asked: DemoRequest) -> str:
        return instant(asked.at)

    @display(description="Handled at (UTC)")
    def handled(self, asked: DemoRequest) -> str:
        return instant(asked.handled_at)

    @display(description="Act")
    def act(self, asked: DemoRequest) -> SafeString | str:
        if asked.handled_at:
            return ""
        page = reverse("admin:accounts_organization_demo", args=[asked.organization_id])
        return format_html(
            '<a class="op-link op-nowrap" href="{}?request={}">Handled…</a>', page, asked.pk
        )
