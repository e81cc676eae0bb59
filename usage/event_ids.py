"""How the id of a usage event stands in an address: it is the platform's own, and may be anything.

It is written ``<event_id:…>`` in the addresses of pages and API.
"""

from django.urls import register_converter
from django.urls.converters import StringConverter


class EventIdConverter(StringConverter):
    """Any characters, slashes and line breaks among them, no NUL."""

    regex = r"[^\0]+"


register_converter(EventIdConverter, "event_id")
