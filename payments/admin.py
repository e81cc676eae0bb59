"""Admin of payments: every attempt to move money and what became of it, to be looked at only."""

from __future__ import annotations

from typing import Any, ClassVar

import djstripe.admin  # noqa: F401 - registered here, so that it can be taken off below
from django.apps import apps
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import (
    BooleanRadioFilter,
    ChoicesDropdownFilter,
    RangeDateTimeFilter,
)
from unfold.decorators import display

from accounts.admin_base import (
    NOTHING,
    DropdownFilter,
    ReadOnlyAdmin,
    ReadOnlyInline,
    link_to,
    number,
)
from payments import event_admin  # noqa: F401 - registers what Stripe told us
from payments.models import AutoRecharge, Card, Consent, Dispute, Payment, Refund
from payments.waiting import WAITING
from wallet.admin import CurrencyFilter
from wallet.credits import plain

STATUS_COLOURS = {
    "Paid": "success",
    "Failed": "danger",
    "Disputed": "danger",
    "Pending": "info",
    "Refunded": "warning",
}
OF_PAYMENT = ("payment__organization__name", "payment__organization__external_id")

# dj-stripe's own pages show secrets of API keys and webhooks as plain text, and let rows that
# mirror Stripe be typed over. Ours show what staff need.
for model in apps.get_app_config("djstripe").get_models():
    if admin.site.is_registered(model):
        admin.site.unregister(model)


class WaitingFilter(DropdownFilter):
    """Payments that wait for somebody."""

    title = "worklist"
    parameter_name = "worklist"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(waiting.code, waiting.title) for waiting in WAITING]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        for waiting in WAITING:
            if waiting.code == self.value():
                return waiting.find(queryset, timezone.now())
        return queryset


class GoneInline(ReadOnlyInline):
    """Money that went back for a payment."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.select_related("payment")

    @display(description="Amount")
    def sum(self, row: Refund | Dispute) -> SafeString:
        return number(row.amount.display())

    @display(description="Credits")
    def taken(self, row: Refund | Dispute) -> SafeString | str:
        return number(plain(row.credits)) if row.credits else NOTHING


class RefundInline(GoneInline):
    """The refunds of a payment."""

    model = Refund
    fields = ("created_at", "status", "sum", "taken", "reason", "actor", "failure", "settled_at")
    readonly_fields = fields


class DisputeInline(GoneInline):
    """The disputes of a payment."""

    model = Dispute
    fields = ("opened_at", "status", "sum", "taken", "reason", "stripe_id", "closed_at")
    readonly_fields = fields


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    """Attempts to move money."""

    list_display = (
        "sum",
        "organization",
        "shown_status",
        "purpose",
        "method",
        "gone",
        "for_invoice",
        "reference",
        "failure",
        "created_at",
    )
    list_select_related = ("organization", "invoice")
    list_filter = (
        WaitingFilter,
        ("status", ChoicesDropdownFilter),
        ("purpose", ChoicesDropdownFilter),
        ("method", ChoicesDropdownFilter),
        CurrencyFilter,
        ("created_at", RangeDateTimeFilter),
    )
    search_fields = (
        "reference",
        "organization__name",
        "organization__external_id",
        "organization__email",
        "invoice__number",
        "intent_id",
        "session_id",
    )
    inlines = (RefundInline, DisputeInline)
    fields = (
        ("sum", "shown_status"),
        ("organization", "for_invoice"),
        ("purpose", "method"),
        ("buys", "gone"),
        ("card", "reference"),
        ("failure", "decline_code"),
        ("created_at", "settled_at"),
        ("asked_at", "look_at"),
        ("intent_id", "session_id"),
        ("key", "actor"),
        "to_do",
    )

    def get_fields(self, request: HttpRequest, obj: Payment | None = None) -> Any:
        """Offer the refund to those who may act."""
        fields = super().get_fields(request, obj)
        may = request.user.has_perm("accounts.operate")
        return fields if may else [name for name in fields if name != "to_do"]

    @display(description="Amount", ordering="amount_minor")
    def sum(self, payment: Payment) -> SafeString:
        return number(payment.amount.display())

    @display(description="Status", ordering="status", label=STATUS_COLOURS)
    def shown_status(self, payment: Payment) -> str:
        return payment.get_status_display()

    @display(description="Refunded", ordering="refunded_minor")
    def gone(self, payment: Payment) -> SafeString | str:
        return number(payment.refunded.display()) if payment.refunded else ""

    @display(description="Credits")
    def buys(self, payment: Payment) -> SafeString | str:
        return number(plain(payment.credits)) if payment.credits else NOTHING

    @display(description="Invoice", ordering="invoice__number")
    def for_invoice(self, payment: Payment) -> SafeString | str:
        return link_to(payment.invoice)

    @display(description="What to do")
    def to_do(self, payment: Payment) -> SafeString | str:
        if payment.status != Payment.Status.PAID:
            return NOTHING
        act = reverse("admin:accounts_organization_refund", args=[payment.organization_id])
        return format_html('<a class="op-link" href="{}?payment={}">Refund…</a>', act, payment.pk)


class GoneAdmin(ReadOnlyAdmin):
    """Money that went back."""

    list_select_related: ClassVar[tuple[str, ...]] = (
        "payment__organization",
        "payment__invoice",
    )

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Let an organization's page link to what is its own."""
        if lookup == "payment__organization__id__exact":
            return True
        return bool(super().lookup_allowed(lookup, value, request))

    @display(description="Amount", ordering="amount_minor")
    def sum(self, row: Refund | Dispute) -> SafeString:
        return number(row.amount.display())

    @display(description="Credits", ordering="credits")
    def taken(self, row: Refund | Dispute) -> SafeString | str:
        return number(plain(row.credits)) if row.credits else NOTHING

    @display(description="Organization", ordering="payment__organization__name")
    def organization(self, row: Refund | Dispute) -> SafeString | str:
        return link_to(row.payment.organization)

    @display(description="Payment")
    def of_payment(self, row: Refund | Dispute) -> SafeString | str:
        return link_to(row.payment)

    @display(
        description="Status",
        ordering="status",
        label={
            "Refunded": "success",
            "Won": "success",
            "Failed": "danger",
            "Lost": "danger",
            "Open": "danger",
            "Pending": "info",
        },
    )
    def shown_status(self, row: Refund | Dispute) -> str:
        return row.get_status_display()


@admin.register(Refund)
class RefundAdmin(GoneAdmin):
    """Money that staff sent back, or somebody in Stripe's dashboard."""

    list_display = (
        "sum",
        "organization",
        "shown_status",
        "taken",
        "reason",
        "actor",
        "failure",
        "created_at",
    )
    list_select_related = (*GoneAdmin.list_select_related, "actor")
    list_filter = (("status", ChoicesDropdownFilter), ("created_at", RangeDateTimeFilter))
    search_fields = (*OF_PAYMENT, "stripe_id", "reason", "payment__invoice__number")
    fields = (
        ("sum", "shown_status"),
        ("organization", "of_payment"),
        ("taken", "actor"),
        "reason",
        ("failure", "stripe_id"),
        ("created_at", "settled_at"),
        ("look_at", "looks"),
        "key",
    )


@admin.register(Dispute)
class DisputeAdmin(GoneAdmin):
    """Payments that their card's holder contests."""

    list_display = (
        "sum",
        "organization",
        "shown_status",
        "taken",
        "reason",
        "of_payment",
        "opened_at",
        "closed_at",
    )
    list_filter = (("status", ChoicesDropdownFilter), ("opened_at", RangeDateTimeFilter))
    search_fields = (*OF_PAYMENT, "stripe_id", "payment__invoice__number")
    fields = (
        ("sum", "shown_status"),
        ("organization", "of_payment"),
        ("taken", "reason"),
        ("opened_at", "closed_at"),
        "stripe_id",
    )


@admin.register(Card)
class CardAdmin(ReadOnlyAdmin):
    """Cards on file: brand, last four digits and expiry, never a number."""

    list_display = ("called", "organization", "shown_status", "is_default", "ends", "hold_open")
    list_select_related = ("organization",)
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("is_default", BooleanRadioFilter),
        ("hold_open", BooleanRadioFilter),
    )
    search_fields = ("organization__name", "organization__external_id", "last4", "stripe_id")
    fields = (
        ("called", "shown_status"),
        ("organization", "is_default"),
        ("ends", "refusal"),
        ("hold_id", "hold_open"),
        ("created_at", "settled_at"),
        "stripe_id",
    )

    @display(description="Card", ordering="brand")
    def called(self, card: Card) -> str:
        return str(card)

    @display(description="Expires", ordering=("exp_year", "exp_month"))
    def ends(self, card: Card) -> str:
        return f"{card.exp_month:02d}/{card.exp_year}"

    @display(
        description="Status",
        ordering="status",
        label={"On file": "success", "Refused": "danger", "Being verified": "info"},
    )
    def shown_status(self, card: Card) -> str:
        return card.get_status_display()


@admin.register(AutoRecharge)
class AutoRechargeAdmin(ReadOnlyAdmin):
    """Consents to be charged by themselves, and how the last attempts went."""

    list_display = ("organization", "enabled", "terms", "failures", "retry_at", "paused_at")
    list_select_related = ("organization",)
    list_filter = (("enabled", BooleanRadioFilter), ("paused_at", RangeDateTimeFilter))
    search_fields = ("organization__name", "organization__external_id")
    fields = (
        ("organization", "enabled"),
        ("terms", "failures"),
        ("retry_at", "paused_at"),
        "saved_at",
    )

    @display(description="Terms")
    def terms(self, consent: AutoRecharge) -> str:
        return str(consent)


@admin.register(Consent)
class ConsentAdmin(ReadOnlyAdmin):
    """What somebody agreed to, word for word."""

    list_display = ("organization", "enabled", "words", "actor", "at")
    list_select_related = ("organization", "actor")
    list_filter = (("enabled", BooleanRadioFilter), ("at", RangeDateTimeFilter))
    search_fields = ("organization__name", "organization__external_id", "actor__email")
    fields = (("organization", "enabled"), "words", ("actor", "at"))
