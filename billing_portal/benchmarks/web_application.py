"""The product's WSGI application with the bench's addresses."""

from django.conf import settings

settings.ROOT_URLCONF = "billing_portal.benchmarks.web_urls"

from billing_portal.wsgi import application  # noqa: E402  its handler reads the settings once

__all__ = ["application"]
