"""Admin of what Stripe told us: what waits or was set aside, why, and another try."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateTimeFilter
from unfold.decorators import display
from unfold.paginator import InfinitePaginator

from accounts.admin_base import (
    NOTHING,
    DropdownFilter,
    ReadOnlyAdmin,
    facts_table,
    instant,
    link_to,
)
from payments.inbox import replay
from payments.models import Card, Customer, Payment, StripeEvent

TOO_LONG = dt.timedelta(minutes=5)


class WorklistFilter(DropdownFilter):
    """Events that wait for staff."""

    title = "worklist"
    parameter_name = "worklist"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("late", "Waiting for more than 5 minutes"), ("aside", "Set aside")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "late":
            long_ago = timezone.now() - TOO_LONG
            waiting = queryset.filter(status=StripeEvent.Status.WAITING)
            return waiting.filter(received_at__lt=long_ago)
        if self.value() == "aside":
            return queryset.filter(status=StripeEvent.Status.SET_ASIDE)
        return queryset


@admin.register(StripeEvent)
class StripeEventAdmin(ReadOnlyAdmin):
    """What Stripe told us, once per event."""

    list_display = ("kind", "about", "shown_status", "attempts", "error", "received_at")
    list_filter = (
        WorklistFilter,
        ("status", ChoicesDropdownFilter),
        ("received_at", RangeDateTimeFilter),
    )
    search_fields = ("stripe_id", "object_id")
    search_help_text = "Id of an event or object at Stripe (evt_…, pi_…, cs_…, pm_…)"
    ordering = ("-id",)
    paginator = InfinitePaginator
    show_full_result_count = False
    fields = (
        ("kind", "shown_status"),
        ("stripe_id", "object_id"),
        ("about", "payment"),
        ("happened", "received"),
        ("due", "handled"),
        ("attempts", "last_error"),
        "message",
    )
    actions = ("replay_selected",)

    def has_replay_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.operate")

    def get_queryset(self, request: HttpRequest) -> QuerySet[StripeEvent]:
        """Answer events with the organization that each is about, where one is known."""
        events: QuerySet[StripeEvent] = super().get_queryset(request)
        events = events.annotate(pointer=KT("payload__data__object__payment_intent"))
        return events.annotate(organization_name=_organization_name())

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find events by an id, as a whole: the table is too long to be read through."""
        term = search_term.strip()
        if not term:
            return queryset, False
        return queryset.filter(Q(stripe_id=term) | Q(object_id=term)), False

    @admin.action(description="Replay", permissions=["replay"])
    def replay_selected(self, request: HttpRequest, queryset: QuerySet[StripeEvent]) -> None:
        """Let events be acted on again; what they are about is asked for anew."""
        count = replay(queryset, now=timezone.now())
        self.message_user(request, f"{count} will be acted on within a minute.")

    @display(
        description="Status",
        ordering="status",
        label={"Handled": "success", "Waiting": "info", "Set aside": "danger"},
    )
    def shown_status(self, event: StripeEvent) -> str:
        return event.get_status_display()

    @display(description="About")
    def about(self, event: StripeEvent) -> str:
        name: str | None = event.organization_name  # type: ignore[attr-defined]  # annotated
        return f"{name or 'nobody known'} · {event.object_kind} {event.object_id}"

    @display(description="Error")
    def error(self, event: StripeEvent) -> str:
        return event.last_error[:80] or NOTHING

    @display(description="Payment")
    def payment(self, event: StripeEvent) -> SafeString | str:
        pointer = event.payload["data"]["object"].get("payment_intent")
        found = Payment.objects.filter(
            Q(intent_id__in=[event.object_id, str(pointer)]) | Q(session_id=event.object_id)
        )
        return link_to(found.first())

    @display(description="Happened at (UTC)")
    def happened(self, event: StripeEvent) -> str:
        return instant(event.happened_at)

    @display(description="Received at (UTC)")
    def received(self, event: StripeEvent) -> str:
        return instant(event.received_at)

    @display(description="Due at (UTC)")
    def due(self, event: StripeEvent) -> str:
        return instant(event.due_at)

    @display(description="Handled at (UTC)")
    def handled(self, event: StripeEvent) -> str:
        return instant(event.handled_at)

    @display(description="What it said then")
    def message(self, event: StripeEvent) -> SafeString | str:
        return facts_table(event.payload["data"])


def _organization_name() -> Coalesce:
    """Answer the name of the organization that an outer event is about."""
    about = OuterRef("object_id")
    payments = Payment.objects.filter(
        Q(intent_id=about) | Q(session_id=about) | Q(intent_id=OuterRef("pointer"))
    )
    cards = Card.objects.filter(stripe_id=about)
    customers = Customer.objects.filter(stripe_id=about)
    rows: list[QuerySet[Any]] = [payments, cards, customers]
    return Coalesce(*(Subquery(found.values("organization__name")[:1]) for found in rows))
