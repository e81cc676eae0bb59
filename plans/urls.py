"""Addresses of this app's pages."""

from django.urls import URLPattern, URLResolver, path

from plans import cancel_page, change_plan_page, rentals_page, session_limit_page, views

CHANGE = "billing/change-plan/"
RENTALS = "billing/rentals/"

urlpatterns: list[URLPattern | URLResolver] = [
    path("signup/", views.sign_up, name="sign_up"),
    path(CHANGE, change_plan_page.change_plan, name="change_plan"),
    path(f"{CHANGE}<slug:plan>/", change_plan_page.choose_plan, name="choose_plan"),
    path(f"{CHANGE}<slug:plan>/demo/", change_plan_page.book_demo, name="book_demo"),
    path("billing/upcoming-plan/cancel/", cancel_page.cancel_upcoming, name="cancel_upcoming"),
    path("billing/cancel/", cancel_page.cancel_subscription, name="cancel_subscription"),
    path("billing/cancel/undo/", cancel_page.undo, name="undo_cancel"),
    path(RENTALS, rentals_page.rentals, name="rentals"),
    path(f"{RENTALS}<int:rental>/return/", rentals_page.give_back, name="give_back"),
    path(f"{RENTALS}<slug:item>/", rentals_page.rent, name="rent"),
    path("billing/session-limit/", session_limit_page.session_limit, name="session_limit"),
]
