"""Addresses of this app's pages."""

from django.urls import URLPattern, URLResolver, path

from plans import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("signup/", views.sign_up, name="sign_up"),
]
