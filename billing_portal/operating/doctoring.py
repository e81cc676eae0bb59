"""The doctor's page: the invariants of the books, examined when staff ask for it."""

from __future__ import annotations

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from billing_portal.doctor import Finding, all_invariants, examine

MAY_LOOK = "accounts.view_organization"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """Say what would be examined; on a press of the button examine the whole database."""
    if not request.user.has_perm(MAY_LOOK):
        raise PermissionDenied
    now = timezone.now()
    findings = examine(now=now) if request.method == "POST" else []
    context = {
        **admin.site.each_context(request),
        "title": "Doctor",
        "now": now,
        "findings": sorted(findings, key=_broken_first),
        "broken": sum(1 for finding in findings if not finding.ok),
        "invariants": all_invariants(),
    }
    return TemplateResponse(request, "admin/operating/doctor.html", context)


def _broken_first(finding: Finding) -> bool:
    return finding.ok
