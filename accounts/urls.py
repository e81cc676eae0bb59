"""Addresses of this app's pages."""

from django.urls import URLPattern, URLResolver, path

from accounts import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("organization/", views.switch_organization, name="switch_organization"),
]
