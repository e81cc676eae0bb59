"""Addresses of the API, version 1; each app brings its own."""

from django.urls import URLPattern, URLResolver, include, path, re_path

from accounts.api_views import NoSuchAddress

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("accounts.api")),
    path("", include("plans.api")),
    path("", include("wallet.api")),
    path("", include("invoices.api")),
    path("", include("payments.api")),
    path("", include("usage.api")),
    re_path("", NoSuchAddress.as_view(schema=None)),
]
