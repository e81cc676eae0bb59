"""How the API's schema and its page are made."""

from __future__ import annotations

from typing import Any


def schema_settings(brand: str) -> dict[str, Any]:
    """Answer drf-spectacular's settings."""
    return {
        "TITLE": f"{brand} API",
        "VERSION": "1",
        "SCHEMA_PATH_PREFIX": r"/api/v1",
        "SERVE_AUTHENTICATION": [],
        "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
        "SERVE_INCLUDE_SCHEMA": False,
        # Choices are written where they are used: four things have a kind, and none the same.
        "POSTPROCESSING_HOOKS": [],
        "SWAGGER_UI_DIST": "SIDECAR",
        "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    }
