"""The filter that makes a name for readers out of a code: ``knowledge_bases``."""

from __future__ import annotations

from django import template

register = template.Library()


@register.filter
def words(code: str) -> str:
    """Write the code of a meter, a resource or a channel as words; units keep their letters."""
    return code.replace("_", " ").capitalize().replace(" gb", " GB")
