"""Addresses of this app's pages."""

from django.urls import URLPattern, URLResolver, path

from usage import (
    agents_page,
    breakdown_page,
    event_ids,  # noqa: F401 - registers how an event's id is written
    explaining_page,
    views,
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("billing/agents/", agents_page.agents, name="agents"),
    path("billing/agents/<int:agent_id>/", agents_page.agent, name="agent"),
    path("billing/breakdown/", breakdown_page.breakdown_page, name="breakdown"),
    path("billing/breakdown/csv/", breakdown_page.breakdown_csv, name="breakdown_csv"),
    path("billing/usage/", views.plan_and_usage, name="plan_and_usage"),
    path("billing/usage/<event_id:event_id>/", explaining_page.usage_event, name="usage_event"),
    path("billing/wallet/entries/<int:entry_id>/", explaining_page.ledger_entry, name="entry"),
]
