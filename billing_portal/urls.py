"""The map of addresses."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from billing_portal import brand_style, overview_page, views

urlpatterns: list[URLPattern | URLResolver] = [
    path("", overview_page.home, name="home"),
    path("billing/", overview_page.overview_page, name="overview"),
    path("brand.css", brand_style.brand_style, name="brand_style"),
    path("healthz/", views.healthz, name="healthz"),
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
    path("", include("accounts.urls")),
    path("", include("plans.urls")),
    path("", include("wallet.urls")),
    path("", include("invoices.urls")),
    path("", include("payments.urls")),
    path("", include("usage.urls")),
    path("api/v1/", include("billing_portal.api_urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="api_schema"),
    path(
        "api/docs/",
        SpectacularSwaggerSplitView.as_view(url_name="api_schema"),
        name="api_docs",
    ),
]
