"""Admin of organizations: the list is a worklist, the page is where staff start."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from accounts.admin_base import DropdownFilter, HouseAdmin, LookedAt, number
from accounts.models import Membership, Organization
from billing_portal.operating import (
    act_pages,
    bulk_renewing,
    founding,
    organization_page,
    rehearsal_page,
    why_page,
)
from billing_portal.operating.acts import BY_NAME, acts_for
from billing_portal.operating.glances import Glance, glance, with_glances
from billing_portal.operating.look import badge_label, bell_label, day, label
from billing_portal.operating.worklists import WORKLISTS, with_badge
from invoices.models import Invoice
from plans.models import Plan
from plans.standing import LABELS, Badge
from wallet.admin import CurrencyFilter
from wallet.credits import display as credits_display


class BadgeFilter(DropdownFilter):
    """Organizations that show a badge now."""

    title = "badge"
    parameter_name = "badge"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(badge.value, words) for badge, words in LABELS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        badge = self.value()
        return with_badge(queryset, Badge(badge), now=timezone.now()) if badge else queryset


class WorklistFilter(DropdownFilter):
    """Organizations that wait for staff."""

    title = "worklist"
    parameter_name = "worklist"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(worklist.code, worklist.title) for worklist in WORKLISTS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        for worklist in WORKLISTS:
            if worklist.code == self.value():
                return worklist.find(queryset, timezone.now())
        return queryset


class PlanFilter(DropdownFilter):
    """Organizations on a plan, whatever its version."""

    title = "plan"
    parameter_name = "plan"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(plan.code, str(plan)) for plan in Plan.objects.select_related("version")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.value():
            return queryset
        return queryset.filter(subscription__version__plan__code=self.value())


@admin.register(Organization)
class OrganizationAdmin(LookedAt, HouseAdmin):
    """Tenants. Nothing is typed over here: every change is an act with a reason."""

    list_display = ("name", "badge", "plan", "ends_on", "days_left", "balance", "bell", "unpaid")
    list_filter = (WorklistFilter, BadgeFilter, PlanFilter, CurrencyFilter)
    search_fields = ("name",)
    search_help_text = "Name, platform's id, email or invoice number"
    ordering = ("name", "id")
    list_before_template = "admin/operating/_chips.html"
    actions = ("renew_selected",)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return act_pages.may_operate(request)

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return act_pages.may_operate(request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Organization]:
        organizations: QuerySet[Organization] = super().get_queryset(request)
        return with_glances(organizations, now=timezone.now())

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find by name, the platform's id, the email of it or of a member, an invoice's number."""
        term = search_term.strip()
        if not term:
            return queryset, False
        members = Membership.objects.filter(organization=OuterRef("pk"))
        invoices = Invoice.objects.filter(organization=OuterRef("pk"), number__iexact=term)
        found = Q(name__icontains=term) | Q(external_id__icontains=term) | Q(email__icontains=term)
        found |= Exists(members.filter(user__email__icontains=term)) | Exists(invoices)
        return queryset.filter(found), False

    def get_urls(self) -> list[URLPattern]:
        """Answer Django's addresses and, before them, one for each act."""
        acts = [
            path(
                f"<int:pk>/{page.name}/",
                self.admin_site.admin_view(act_pages.view_of(page)),
                name=page.url_name,
            )
            for page in BY_NAME.values()
        ]
        renew = self.admin_site.admin_view(bulk_renewing.page)
        rehearse = path(
            "<int:pk>/rehearse/",
            self.admin_site.admin_view(rehearsal_page.page),
            name="accounts_organization_rehearse",
        )
        why = path(
            "<int:pk>/why/",
            self.admin_site.admin_view(why_page.page),
            name="accounts_organization_why",
        )
        return [path("renew/", renew, name="renew"), rehearse, why, *acts, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Show the list, with the worklists one click away."""
        chips = {"worklists": WORKLISTS, "worklist": request.GET.get("worklist", "")}
        response: HttpResponse = super().changelist_view(
            request, {**(extra_context or {}), **chips}
        )
        return response

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Make an organization by its verb."""
        return founding.page(request)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        """Show how an organization stands, what may be done, and what happened."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        organization = self.get_object(request, object_id)
        if organization is None:
            raise Http404("There is no such organization.")
        now = timezone.now()
        facts = organization_page.facts(organization, now=now)
        context = {
            **self.admin_site.each_context(request),
            "title": organization.name,
            "opts": self.opts,
            **facts,
            "badge": badge_label(facts["overview"].standing.badge),
            "bell": bell_label(facts["overview"].bell),
            "acts": acts_for(organization) if act_pages.may_operate(request) else [],
        }
        return TemplateResponse(request, "admin/operating/organization.html", context)

    @admin.action(description="Renew…", permissions=["operate"])
    def renew_selected(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        """Go to the dry run for the selected organizations."""
        ids = list(queryset.order_by("name", "id").values_list("pk", flat=True))
        if len(ids) > bulk_renewing.MOST_AT_ONCE:
            words = f"Renew at most {bulk_renewing.MOST_AT_ONCE} organizations at once."
            self.message_user(request, words, messages.ERROR)
            return None
        chosen = ",".join(str(pk) for pk in ids)
        return redirect(f"{reverse('admin:renew')}?organizations={chosen}")

    @display(description="Badge")
    def badge(self, organization: Organization) -> SafeString:
        shown = badge_label(_glance(organization).standing.badge)
        if organization.is_suspended:
            return format_html("{} {}", label("Suspended", "red"), shown)
        return shown

    @display(description="Plan", ordering="subscription__version__name")
    def plan(self, organization: Organization) -> str:
        version = _glance(organization).standing.version
        return version.name if version else ""

    @display(description="Ends on", ordering="subscription__period__ends_at")
    def ends_on(self, organization: Organization) -> str:
        period = _glance(organization).standing.period
        if period is None:
            return ""
        return format_html('<span class="op-nowrap">{}</span>', day(period.last_day))

    @display(description="Days left")
    def days_left(self, organization: Organization) -> SafeString | str:
        stands = _glance(organization).standing
        return number(stands.days_left) if stands.period else ""

    @display(description="Balance", ordering="wallet__balance")
    def balance(self, organization: Organization) -> SafeString:
        return number(credits_display(_glance(organization).balance))

    @display(description="Bell")
    def bell(self, organization: Organization) -> SafeString | str:
        return bell_label(_glance(organization).bell)

    @display(description="Unpaid", ordering="open_invoices")
    def unpaid(self, organization: Organization) -> SafeString | str:
        count: int = organization.open_invoices  # type: ignore[attr-defined]  # annotated
        return number(count) if count else ""


def _glance(organization: Organization) -> Glance:
    return glance(organization, now=timezone.now())
