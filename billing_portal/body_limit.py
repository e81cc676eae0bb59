"""Refuse a request whose body is larger than any honest one."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse


class BodyLimitMiddleware:
    """Answer 413 by the announced length, before anything is read.

    Django's own limit holds for forms only; a JSON body would be read whole.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Keep the next handler."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Refuse the request or pass it on."""
        length = request.META.get("CONTENT_LENGTH") or "0"
        limit = settings.REQUEST_BODY_LIMIT
        if not length.isdigit() or int(length) > limit:
            return JsonResponse(
                {
                    "code": "body_too_large",
                    "message": f"A request body may have at most {limit} bytes.",
                    "fields": {},
                },
                status=413,
            )
        return self.get_response(request)
