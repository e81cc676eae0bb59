"""What the bench's web server serves: the product's API, and beside it the baselines."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import connection
from django.urls import URLPattern, URLResolver, include, path
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import ApiKey
from accounts.prepared import ask
from usage.situation import LOOK


class Baseline(APIView):
    """A plain view that the same keys open, at the same rate, as the product's."""

    scopes: ClassVar = {"POST": ApiKey.Scope.USAGE}
    rate = "gate"


class SelectOne(Baseline):
    """The least that a view with a database does."""

    def post(self, request: Request) -> Response:
        """Ask the database for a one."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
        return Response({"allowed": bool(request.data)})


class ByHand(Baseline):
    """The gate's statement and nothing of its rules."""

    def post(self, request: Request) -> Response:
        """Look at an organization, and let everything through."""
        question: dict[str, Any] = request.data  # type: ignore[assignment]  # an object, not a list
        asked = {
            "organization": question["organization"],
            "agent": question["agent"],
            "now": timezone.now(),
            **dict.fromkeys(("number", "numbers", "resource", "batch", "call", "only")),
        }
        return Response({"allowed": bool(ask(LOOK, asked))})


urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", include("usage.api")),
    path("select-one/", SelectOne.as_view()),
    path("by-hand/", ByHand.as_view()),
]
