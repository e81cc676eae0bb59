"""What every admin page stands on: the theme, and rows that are looked at, never typed over."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.paginator import InfinitePaginator

from accounts.models import Organization

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[Any]
    _Inline = admin.TabularInline[Any, Any]
    _Dropdown = admin.SimpleListFilter
else:
    from unfold.admin import ModelAdmin as _Admin
    from unfold.admin import TabularInline as _Inline
    from unfold.contrib.filters.admin import DropdownFilter as _Dropdown

NOTHING = "-"
MOST_ORGANIZATIONS = 200


class HouseAdmin(_Admin):
    """The base of every admin page: the theme's, with filters that wait until they are sent."""

    list_per_page: ClassVar[int] = 50
    list_filter_submit: ClassVar[bool] = True
    list_fullwidth: ClassVar[bool] = True
    warn_unsaved_form: ClassVar[bool] = True
    empty_value_display = NOTHING

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        """Answer a row; there is none whose key the database could not even hold."""
        return None if "\0" in object_id else super().get_object(request, object_id, from_field)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        """Choose other rows without ways to change them from here."""
        field = super().formfield_for_dbfield(db_field, request, **options)
        if field and isinstance(field.widget, RelatedFieldWidgetWrapper):
            field.widget.can_add_related = field.widget.can_change_related = False
            field.widget.can_delete_related = field.widget.can_view_related = False
        return field


class LookedAt:
    """No row is added, changed or deleted by hand; what changes them are verbs."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ReadOnlyAdmin(LookedAt, HouseAdmin):
    """A table of money or of what happened: seen by those who may view it, changed by none."""

    actions: tuple[str, ...] = ()

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Show the row without a history: nobody types over it here."""
        context = {"show_history": False, **(extra_context or {})}
        return super().changeform_view(request, object_id, form_url, context)


class LongTableAdmin(ReadOnlyAdmin):
    """A read-only table too long to be counted, or read through, for every page of it."""

    paginator = InfinitePaginator
    show_full_result_count = False
    search_exactly: ClassVar[tuple[str, ...]] = ()

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        return self.search_exactly

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find rows by an exact text of their own, or by their organization's name or id."""
        term = search_term.strip()
        if not term:
            return queryset, False
        named = Q(name__icontains=term) | Q(external_id=term)
        ids = Organization.objects.filter(named).values_list("pk", flat=True)[:MOST_ORGANIZATIONS]
        found = Q(organization__in=list(ids))
        for name in self.search_exactly:
            found |= Q(**{name: term})
        return queryset.filter(found), False


class DropdownFilter(_Dropdown):
    """A filter of a list that is chosen from a dropdown; what is none of its choices is nothing."""

    def value(self) -> str | None:
        """Answer what was chosen."""
        asked = super().value()
        return asked if asked in {str(code) for code, _ in self.lookup_choices} else None


class ReadOnlyInline(LookedAt, _Inline):
    """Rows of another table beneath their parent, to be looked at by who may see the parent."""

    extra = 0
    can_delete = False
    hide_title: ClassVar[bool] = True

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return True


def link_to(row: Model | None, text: str = "") -> SafeString | str:
    """Answer a link to a row's admin page, or a dash where there is no row."""
    if row is None:
        return NOTHING
    of = row._meta
    address = reverse(f"admin:{of.app_label}_{of.model_name}_change", args=[row.pk])
    return format_html('<a class="op-link" href="{}">{}</a>', address, text or row)


def number(text: object) -> SafeString:
    """Answer a figure that lines up with those above and below it."""
    return format_html('<span class="op-number">{}</span>', text)


def instant(value: dt.datetime | None) -> str:
    """Write an instant to the second in UTC, which the page says once."""
    return f"{value.astimezone(dt.UTC):%-d %b %Y %H:%M:%S}" if value else NOTHING


def facts_table(facts: dict[str, Any] | None) -> SafeString | str:
    """Answer stored facts as a small table of names and values, nested ones as text."""
    if not facts:
        return NOTHING
    rows = format_html_join(
        "", "<tr><th>{}</th><td>{}</td></tr>", ((_named(key), _plain(facts[key])) for key in facts)
    )
    return format_html('<table class="op-facts">{}</table>', rows)


def _named(key: str) -> str:
    return key.replace("_", " ").capitalize()


def _plain(value: Any) -> str:
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return "\n".join(value) or NOTHING
    if isinstance(value, str | int | Decimal):
        return str(value)
    return json.dumps(value, ensure_ascii=False, indent=2)
