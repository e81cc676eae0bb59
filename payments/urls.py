"""Addresses of this app's pages."""

from django.urls import URLPattern, URLResolver, path

from payments import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("billing/history/", views.billing_history, name="billing_history"),
]
