"""Admin of payments: every attempt to move money, to be looked at only."""

from __future__ import annotations

import djstripe.admin  # noqa: F401 - registered here, so that it can be taken off below
from django.apps import apps
from django.contrib import admin
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateTimeFilter
from unfold.decorators import display

from accounts.admin_base import ReadOnlyAdmin, link_to, number
from payments.models import Payment
from wallet.admin import CurrencyFilter

# dj-stripe's own pages show secrets of API keys and webhooks as plain text, and let rows that
# mirror Stripe be typed over. Ours show what staff need.
for model in apps.get_app_config("djstripe").get_models():
    if admin.site.is_registered(model):
        admin.site.unregister(model)


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    """Attempts to move money."""

    list_display = (
        "sum",
        "organization",
        "shown_status",
        "method",
        "for_invoice",
        "reference",
        "created_at",
    )
    list_select_related = ("organization", "invoice")
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("method", ChoicesDropdownFilter),
        CurrencyFilter,
        ("created_at", RangeDateTimeFilter),
    )
    search_fields = (
        "reference",
        "organization__name",
        "organization__external_id",
        "invoice__number",
    )
    fields = (
        ("sum", "shown_status"),
        ("organization", "for_invoice"),
        ("method", "reference"),
        ("created_at", "settled_at"),
        "key",
    )

    @display(description="Amount", ordering="amount_minor")
    def sum(self, payment: Payment) -> SafeString:
        return number(payment.amount.display())

    @display(
        description="Status",
        ordering="status",
        label={"Paid": "success", "Failed": "danger", "Disputed": "danger", "Pending": "info"},
    )
    def shown_status(self, payment: Payment) -> str:
        return payment.get_status_display()

    @display(description="Invoice", ordering="invoice__number")
    def for_invoice(self, payment: Payment) -> SafeString | str:
        return link_to(payment.invoice)
