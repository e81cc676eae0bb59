"""The doctor's page: the invariants of the books, examined when staff ask for it."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse


def page(request: HttpRequest) -> HttpResponse:
    """Show what the doctor finds."""
    context = {**admin.site.each_context(request), "title": "Doctor"}
    return TemplateResponse(request, "admin/operating/doctor.html", context)
