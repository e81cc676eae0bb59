"""The brand's name, logo, colour and contact address for every template."""

from django.conf import settings
from django.http import HttpRequest


def brand(request: HttpRequest) -> dict[str, dict[str, str]]:
    """Return what templates show as `brand.name`, `brand.logo`, `brand.colour`, `brand.contact`."""
    return {"brand": settings.BRAND}


def admin_title(request: HttpRequest) -> str:
    """Return the admin's title."""
    return str(settings.BRAND_NAME)
