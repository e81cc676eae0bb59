"""The roof: settings, the map of addresses, Celery, and what spans the floors below."""

from billing_portal.celery import app as celery_app

__all__ = ["celery_app"]
