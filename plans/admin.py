"""Admin of plans, their versions and terms, periods and rentals: to be looked at."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateFilter
from unfold.decorators import action, display

from accounts.admin_base import (
    NOTHING,
    LongTableAdmin,
    ReadOnlyAdmin,
    ReadOnlyInline,
    facts_table,
    instant,
    link_to,
)
from plans import demo_admin  # noqa: F401 - registers what owners asked to be shown
from plans.catalogue_page import MAY_EDIT, catalogue_page
from plans.models import Counter, Period, Plan, PlanVersion, Rental, Site
from plans.reading import terms_in_words

KIND_COLOURS = {"Trial": "info", "Standard": "success", "Enterprise": "primary"}


class VersionInline(ReadOnlyInline):
    """The versions of a plan, newest first."""

    model = PlanVersion
    fields = ("called", "kind", "public", "created_at")
    readonly_fields = fields

    @display(description="Version")
    def called(self, version: PlanVersion) -> SafeString | str:
        return link_to(version)


@admin.register(Plan)
class PlanAdmin(ReadOnlyAdmin):
    """What customers can be on. Plans are edited as a catalogue."""

    list_display = ("name", "code", "kind", "price", "period", "organizations", "offered")
    list_select_related = ("version",)
    search_fields = ("code", "version__name")
    ordering = ("position", "id")
    fields = (("name", "code"), ("kind", "offered"), "organizations", "terms")
    inlines = (VersionInline,)

    actions_list = ("edit_catalogue",)

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(catalogue_page)
        return [path("catalogue/", page, name="plans_catalogue"), *super().get_urls()]

    @action(
        description="Edit the catalogue",
        permissions=["edit_catalogue"],
        url_path="edit-catalogue",
        icon="edit_note",
    )
    def edit_catalogue(self, request: HttpRequest) -> HttpResponse:
        """Go to the page on which plans are edited."""
        return redirect("admin:plans_catalogue")

    def has_edit_catalogue_permission(self, request: HttpRequest) -> bool:
        """Answer whether this member of staff may edit the catalogue.

        A name with a dot would make Unfold's system check ask for a table before it is there.
        """
        return request.user.has_perm(MAY_EDIT)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Plan]:
        plans: QuerySet[Plan] = super().get_queryset(request)
        return plans.select_related("version").annotate(
            on_it=Count("versions__subscriptions", distinct=True)
        )

    @display(description="Name", ordering="version__name")
    def name(self, plan: Plan) -> str:
        return str(plan)

    @display(description="Kind", label=KIND_COLOURS)
    def kind(self, plan: Plan) -> str:
        return plan.version.get_kind_display() if plan.version else ""

    @display(description="Price per period")
    def price(self, plan: Plan) -> str:
        return _words(plan.version, "Price per period")

    @display(description="Period")
    def period(self, plan: Plan) -> str:
        return _words(plan.version, "Period")

    @display(description="Organizations on it", ordering="on_it")
    def organizations(self, plan: Plan) -> int:
        count: int = plan.on_it  # type: ignore[attr-defined]  # annotated above
        return count

    @display(description="Offered", boolean=True)
    def offered(self, plan: Plan) -> bool:
        return plan.retired_at is None and plan.version is not None and plan.version.public

    @display(description="Terms now")
    def terms(self, plan: Plan) -> SafeString | str:
        return facts_table(terms_in_words(plan.version.terms)) if plan.version else NOTHING


@admin.register(PlanVersion)
class PlanVersionAdmin(ReadOnlyAdmin):
    """Terms as they were sold; a version never changes."""

    list_display = ("__str__", "plan", "kind", "public", "created_at")
    list_select_related = ("plan__version",)
    list_filter = (("kind", ChoicesDropdownFilter), "public")
    search_fields = ("name", "plan__code")
    fields = (
        ("name", "number"),
        ("kind", "public"),
        ("plan", "created_at"),
        ("description", "audience"),
        "in_words",
    )

    @display(description="Terms")
    def in_words(self, version: PlanVersion) -> SafeString | str:
        return facts_table(terms_in_words(version.terms))


@admin.register(Period)
class PeriodAdmin(LongTableAdmin):
    """Stretches of organizations' lives on a plan."""

    list_display = ("organization", "version", "number", "source", "first_day", "last_day", "ended")
    list_select_related = ("organization", "version")
    list_filter = (("source", ChoicesDropdownFilter), ("last_day", RangeDateFilter))
    search_exactly = ("version__plan__code",)
    search_help_text = "Organization or plan's code"
    ordering = ("-id",)
    fields = (
        ("organization", "number"),
        ("version", "source"),
        ("first_day", "last_day"),
        ("begins", "ends"),
        ("time_zone", "replaced"),
        ("extensions", "extended_at"),
        "used_up",
        "counted",
        ("marks_passed", "reminded_at"),
    )

    @display(description="Replaced", boolean=True)
    def ended(self, period: Period) -> bool:
        return period.replaced_at is not None

    @display(description="Starts (UTC)")
    def begins(self, period: Period) -> str:
        return instant(period.starts_at)

    @display(description="Ends (UTC)")
    def ends(self, period: Period) -> str:
        return instant(period.ends_at)

    @display(description="Replaced (UTC)")
    def replaced(self, period: Period) -> str:
        return instant(period.replaced_at)

    @display(description="Trial used up (UTC)")
    def used_up(self, period: Period) -> str:
        return instant(period.used_up_at)

    @display(description="Counted")
    def counted(self, period: Period) -> SafeString | str:
        counters = Counter.objects.of(period).order_by("meter").values_list("meter", "used")
        return facts_table({meter: f"{used.normalize():f}" for meter, used in counters})


@admin.register(Rental)
class RentalAdmin(ReadOnlyAdmin):
    """Numbers, seats and licences that organizations hold or held."""

    list_display = ("item", "reference", "organization", "began_on", "ended_at")
    list_select_related = ("organization",)
    search_fields = ("reference", "organization__name", "organization__external_id")
    list_filter: ClassVar = ["item"]


@admin.register(Site)
class SiteAdmin(ReadOnlyAdmin):
    """The commercial settings of this site; they come from the catalogue."""

    list_display = (
        "currency",
        "grace_days",
        "retry_days",
        "credit_unused_days",
        "hold_minutes",
        "quota_letters",
    )


def _words(version: PlanVersion | None, name: str) -> str:
    return terms_in_words(version.terms).get(name, NOTHING) if version else NOTHING
