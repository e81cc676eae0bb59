"""The console's site: staff come in through the product's own log-in, with a second factor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account.decorators import secure_admin_login
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.http import url_has_allowed_host_and_scheme

from billing_portal import letters_page
from billing_portal.operating import doctoring, explain_page

if TYPE_CHECKING:
    from django.contrib.admin import AdminSite
else:
    from unfold.sites import UnfoldAdminSite as AdminSite


class ConsoleSite(AdminSite):
    """The admin site of the vendor's staff."""

    index_template = "admin/operating/home.html"

    def has_permission(self, request: HttpRequest) -> bool:
        """Let in active staff, and only with an authenticator where one is required."""
        return super().has_permission(request) and _has_second_factor(request)

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Send everybody to the product's own log-in; who is in already goes on from there."""
        response: HttpResponse = _enter(request)
        return response

    def extra_urls(self) -> list[URLPattern]:
        """Answer the addresses of the console's pages that belong to no model."""
        return [
            path("doctor/", self.admin_view(doctoring.page), name="doctor"),
            path("letters/", self.admin_view(letters_page.page), name="letters"),
            path(
                "explain/event/<int:pk>/",
                self.admin_view(explain_page.event),
                name="explain_event",
            ),
            path(
                "explain/entry/<int:pk>/",
                self.admin_view(explain_page.entry),
                name="explain_entry",
            ),
        ]


def _has_second_factor(request: HttpRequest) -> bool:
    if not settings.REQUIRE_STAFF_TOTP:
        return True
    return bool(is_mfa_enabled(request.user, types=[Authenticator.Type.TOTP]))


@secure_admin_login
def _enter(request: HttpRequest) -> HttpResponse:
    if not _has_second_factor(request):
        messages.info(request, "Staff log in with a second factor: set up your authenticator app.")
        return redirect("mfa_activate_totp")
    wanted = request.GET.get(REDIRECT_FIELD_NAME, "")
    if url_has_allowed_host_and_scheme(wanted, {request.get_host()}, request.is_secure()):
        return redirect(wanted)
    return redirect("admin:index")
