"""Admin of the books: grants, ledger entries and prices, all of them to be looked at only."""

from __future__ import annotations

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
    ReadOnlyAdmin,
    instant,
    link_to,
    number,
)
from wallet.credits import plain
from wallet.models import CreditGrant, CreditPrice, LedgerEntry
from wallet.money import Money


class CurrencyFilter(DropdownFilter):
    """Rows in one of the currencies in which credits are sold."""

    title = "currency"
    parameter_name = "currency"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(code, code) for code in CreditPrice.objects.values_list("currency", flat=True)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(currency=self.value()) if self.value() else queryset


@admin.register(LedgerEntry)
class LedgerEntryAdmin(LongTableAdmin):
    """The append-only ledger."""

    list_display = ("at", "organization", "kind", "moved", "after", "pot", "description")
    list_select_related = ("organization", "grant")
    list_filter = (("kind", ChoicesDropdownFilter), ("at", RangeDateTimeFilter))
    search_exactly = ("key",)
    search_help_text = "Organization or business key"
    fields = (
        ("organization", "at_exactly"),
        ("kind", "description"),
        ("moved", "after"),
        ("pot", "given_from"),
        ("key", "explained"),
    )

    @display(description="At (UTC)")
    def at_exactly(self, entry: LedgerEntry) -> str:
        return instant(entry.at)

    @display(description="Credits", ordering="credits")
    def moved(self, entry: LedgerEntry) -> SafeString:
        return number(f"{'+' if entry.credits > 0 else ''}{plain(entry.credits)}")

    @display(description="Balance after")
    def after(self, entry: LedgerEntry) -> SafeString:
        return number(plain(entry.balance_after))

    @display(description="Pot")
    def pot(self, entry: LedgerEntry) -> str:
        return entry.pot

    @display(description="Where it came from")
    def explained(self, entry: LedgerEntry) -> SafeString:
        address = reverse("admin:explain_entry", args=[entry.pk])
        return format_html('<a class="op-link" href="{}">Explain it</a>', address)

    @display(description="Grant")
    def given_from(self, entry: LedgerEntry) -> SafeString | str:
        return link_to(entry.grant)


@admin.register(CreditGrant)
class CreditGrantAdmin(ReadOnlyAdmin):
    """Credits with an end."""

    list_display = ("organization", "kind", "granted", "left", "effective_at", "expires_at")
    list_select_related = ("organization",)
    list_filter = (("kind", ChoicesDropdownFilter), ("expires_at", RangeDateTimeFilter))
    search_fields = ("organization__name", "organization__external_id", "key")
    fields = (
        ("organization", "kind"),
        ("granted", "left"),
        ("effective_at", "expires_at"),
        ("created_at", "key"),
    )

    @display(description="Granted", ordering="credits")
    def granted(self, grant: CreditGrant) -> SafeString:
        return number(plain(grant.credits))

    @display(description="Left", ordering="remaining")
    def left(self, grant: CreditGrant) -> SafeString:
        return number(plain(grant.remaining))


@admin.register(CreditPrice)
class CreditPriceAdmin(ReadOnlyAdmin):
    """What a credit costs; it comes from the catalogue."""

    list_display = ("currency", "costs", "minimum_top_up", "recharge_ceiling")
    fields = ("currency", "costs", "minimum_top_up", "recharge_ceiling")

    @display(description="Price of a credit")
    def costs(self, price: CreditPrice) -> SafeString:
        return number(f"{plain(price.price)} {price.currency}")

    @display(description="Minimum top-up")
    def minimum_top_up(self, price: CreditPrice) -> SafeString:
        return number(Money(price.minimum_top_up_minor, price.currency).display())

    @display(description="Most recharges in a month")
    def recharge_ceiling(self, price: CreditPrice) -> SafeString | str:
        ceiling = price.monthly_recharge_ceiling_minor
        return "No limit" if ceiling is None else number(Money(ceiling, price.currency).display())
