"""Addresses of this app's pages."""

from django.urls import URLPattern, URLResolver, path

from wallet import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("billing/wallet/", views.wallet, name="wallet"),
]
