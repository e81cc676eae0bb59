"""The map of addresses."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from billing_portal import (
    brand_style,
    card_removal_page,
    overview_page,
    payment_pages,
    views,
    webhooks,
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("", overview_page.home, name="home"),
    path("billing/", overview_page.overview_page, name="overview"),
    path(
        "billing/payment-methods/<int:card>/remove/",
        card_removal_page.card_removal,
        name="remove_card",
    ),
    path("brand.css", brand_style.brand_style, name="brand_style"),
    path("healthz/", views.healthz, name="healthz"),
    path("stripe/webhook/", webhooks.stripe_webhook, name="stripe_webhook"),
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
    path("", include("accounts.urls")),
    path("", include("plans.urls")),
    path("", include("invoices.urls")),
    path("", include("payments.urls")),
    path("", include(payment_pages.urlpatterns)),
    path("", include("usage.urls")),
    path("api/v1/", include("billing_portal.api_urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="api_schema"),
    path(
        "api/docs/",
        SpectacularSwaggerSplitView.as_view(url_name="api_schema"),
        name="api_docs",
    ),
]
