"""Admin of callbacks: where the platform is called, what waits or was given up, sent again."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateTimeFilter
from unfold.decorators import action, display

from accounts.admin_base import (
    NOTHING,
    DropdownFilter,
    LongTableAdmin,
    ReadOnlyAdmin,
    facts_table,
    instant,
    link_to,
)
from accounts.admin_forms import WhyAgain
from accounts.models import Callback, User, WebhookEndpoint
from accounts.refusals import Refusal
from accounts.replaying import replay
from accounts.webhook_endpoints import SWITCHED_OFF, disable, enable

LONG_FAILING = dt.timedelta(days=1)
TOO_LONG = dt.timedelta(minutes=5)


def endpoints_in_trouble(now: dt.datetime) -> QuerySet[WebhookEndpoint]:
    """Answer the endpoints that have failed for a day, or were switched off because of that."""
    kept = WebhookEndpoint.objects.filter(deleted_at__isnull=True)
    failing = Q(disabled_at__isnull=True, failing_since__lt=now - LONG_FAILING)
    gone = Q(disabled_at__isnull=False) & ~Q(disabled_because=SWITCHED_OFF)
    return kept.filter(failing | gone)


def given_up() -> QuerySet[Callback]:
    """Answer the callbacks that were given up, and that somebody may still want."""
    dead = Callback.objects.filter(status=Callback.Status.DEAD)
    return dead.filter(endpoint__deleted_at__isnull=True)


class TroubleFilter(DropdownFilter):
    """Endpoints that wait for staff."""

    title = "worklist"
    parameter_name = "worklist"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("trouble", "Failing for a day, or gone")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "trouble":
            return queryset.filter(pk__in=endpoints_in_trouble(timezone.now()))
        return queryset


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(ReadOnlyAdmin):
    """Addresses that are called back; programs register them over the API."""

    list_display = ("url", "hears_of", "shown_events", "state", "failing", "created_at")
    list_select_related = ("organization",)
    list_filter = (TroubleFilter, ("created_at", RangeDateTimeFilter))
    search_fields = ("url", "organization__name", "organization__external_id")
    fields = (
        ("url", "state"),
        ("hears_of", "shown_events"),
        ("failing", "disabled_because"),
        ("created", "rotated"),
    )
    actions = ("switch_on", "switch_off")

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.operate")

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookEndpoint]:
        """Leave out what was deleted."""
        endpoints: QuerySet[WebhookEndpoint] = super().get_queryset(request)
        return endpoints.filter(deleted_at__isnull=True)

    @admin.action(description="Switch on", permissions=["operate"])
    def switch_on(self, request: HttpRequest, queryset: QuerySet[WebhookEndpoint]) -> None:
        """Call endpoints again, of what happens from now on."""
        off = list(queryset.filter(disabled_at__isnull=False))
        for endpoint in off:
            enable(endpoint)
            self.log_change(request, endpoint, "Switched on")
        self.message_user(
            request, f"Switched on: {len(off)}. What was given up is sent again from Callbacks."
        )

    @admin.action(description="Switch off", permissions=["operate"])
    def switch_off(self, request: HttpRequest, queryset: QuerySet[WebhookEndpoint]) -> None:
        """Call endpoints no more; what waits is given up."""
        on = list(queryset.filter(disabled_at__isnull=True))
        for endpoint in on:
            disable(endpoint, because=SWITCHED_OFF, now=timezone.now())
            self.log_change(request, endpoint, "Switched off")
        self.message_user(request, f"Switched off: {len(on)}.")

    @display(description="Hears of")
    def hears_of(self, endpoint: WebhookEndpoint) -> SafeString | str:
        if endpoint.organization is None:
            return "Every organization"
        return link_to(endpoint.organization)

    @display(description="Events")
    def shown_events(self, endpoint: WebhookEndpoint) -> str:
        return ", ".join(endpoint.events) or "everything"

    @display(
        description="State", label={"on": "success", "failing": "warning", "switched off": "danger"}
    )
    def state(self, endpoint: WebhookEndpoint) -> str:
        if not endpoint.is_enabled:
            return "switched off"
        return "failing" if endpoint.failing_since else "on"

    @display(description="Failing for", ordering="failing_since")
    def failing(self, endpoint: WebhookEndpoint) -> str:
        since = endpoint.failing_since
        return timesince(since, timezone.now()) if since else NOTHING

    @display(description="Registered at (UTC)")
    def created(self, endpoint: WebhookEndpoint) -> str:
        return instant(endpoint.created_at)

    @display(description="Its former secret signs until (UTC)")
    def rotated(self, endpoint: WebhookEndpoint) -> str:
        return instant(endpoint.old_secret_until)


class WaitingFilter(DropdownFilter):
    """Callbacks that wait for staff, or for too long."""

    title = "worklist"
    parameter_name = "worklist"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("late", "Waiting for more than 5 minutes"), ("dead", "Given up")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "late":
            waiting = queryset.filter(status=Callback.Status.WAITING)
            return waiting.filter(created_at__lt=timezone.now() - TOO_LONG)
        if self.value() == "dead":
            return queryset.filter(pk__in=given_up())
        return queryset


@admin.register(Callback)
class CallbackAdmin(LongTableAdmin):
    """What the platform was told, or is to be told; given up is what waits for a person."""

    list_display = (
        "what",
        "organization",
        "endpoint",
        "shown_status",
        "attempts",
        "answer",
        "age",
    )
    list_select_related = ("organization", "endpoint")
    list_filter = (
        WaitingFilter,
        ("status", ChoicesDropdownFilter),
        ("created_at", RangeDateTimeFilter),
    )
    search_exactly = ("event", "message_id")
    search_help_text = "Organization, event, or message id (msg_…)"
    ordering = ("-id",)
    fields = (
        ("what", "shown_status"),
        ("organization", "endpoint"),
        "message_id",
        ("happened", "due"),
        ("delivered", "replayed"),
        ("attempts", "last_status"),
        "last_answer",
        "message",
    )
    actions = ("replay_selected",)
    actions_detail = ("replay_one",)

    def has_operate_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return request.user.has_perm("accounts.operate")

    @admin.action(description="Send again…", permissions=["operate"])
    def replay_selected(
        self, request: HttpRequest, queryset: QuerySet[Callback]
    ) -> HttpResponse | None:
        """Send the selected callbacks again, once a reason was given."""
        if "reason" not in request.POST:
            return self._ask_why(request, queryset)
        assert isinstance(request.user, User)
        reason, actor = request.POST["reason"], request.user
        try:
            count = replay(queryset, reason=reason, actor=actor, now=timezone.now())
        except Refusal as refusal:
            return self._ask_why(request, queryset, error=refusal.words)
        self.message_user(request, f"{count} will be sent within a minute.")
        return None

    @action(description="Send again…", permissions=["operate"], url_path="replay", icon="replay")
    def replay_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask why this callback is to be sent again; the answer is the list's own action."""
        found = self.get_object(request, object_id)
        if found is None:
            raise Http404("There is no such callback.")
        if not self.has_view_permission(request, found):
            raise PermissionDenied
        return self._ask_why(request, Callback.objects.filter(pk=found.pk))

    def _ask_why(
        self, request: HttpRequest, queryset: QuerySet[Callback], *, error: str = ""
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": "Send callbacks again",
            "callbacks": queryset.select_related("organization", "endpoint").order_by("id"),
            "form": WhyAgain(request.POST if error else None),
            "error": error,
        }
        return TemplateResponse(request, "admin/accounts/callback/replay.html", context)

    @display(description="Event", ordering="event")
    def what(self, callback: Callback) -> str:
        return callback.event

    @display(
        description="Status",
        ordering="status",
        label={"Delivered": "success", "Waiting": "info", "Dead": "danger"},
    )
    def shown_status(self, callback: Callback) -> str:
        return callback.get_status_display()

    @display(description="Last answer")
    def answer(self, callback: Callback) -> str:
        return f"{callback.last_status or ''} {callback.last_answer[:80]}".strip() or NOTHING

    @display(description="Age", ordering="created_at")
    def age(self, callback: Callback) -> str:
        return timesince(callback.created_at, timezone.now())

    @display(description="Happened at (UTC)")
    def happened(self, callback: Callback) -> str:
        return instant(callback.created_at)

    @display(description="Due at (UTC)")
    def due(self, callback: Callback) -> str:
        waits = callback.status == Callback.Status.WAITING
        return instant(callback.due_at) if waits else NOTHING

    @display(description="Delivered at (UTC)")
    def delivered(self, callback: Callback) -> str:
        return instant(callback.delivered_at)

    @display(description="Sent again at (UTC)")
    def replayed(self, callback: Callback) -> str:
        return instant(callback.replayed_at)

    @display(description="What it says")
    def message(self, callback: Callback) -> SafeString | str:
        return facts_table(json.loads(callback.body))
