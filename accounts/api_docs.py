"""How the API describes itself: what every operation takes, answers, and can refuse."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema

from accounts.api_errors import ErrorSerializer, body
from accounts.api_keys import KEYWORD

View = TypeVar("View", bound=Callable[..., Any])

ALWAYS = (401, 403, 429)
ERRORS = {
    400: ("Malformed: not JSON, a field missing or of another shape.", "invalid"),
    401: ("No key, or one that is unknown, revoked or expired.", "not_authenticated"),
    403: ("The key lacks the scope.", "permission_denied"),
    404: ("There is none, or it is another organization's.", "not_found"),
    409: ("The same id with other content.", "id_conflict"),
    413: ("The body is larger than any honest one.", "body_too_large"),
    415: ("The body is announced as something else than JSON.", "unsupported_media_type"),
    422: ("Refused by a rule; the code says which.", "plan_not_available"),
    429: ("Too many requests; `Retry-After` says when to try again.", "throttled"),
    503: ("Stripe does not answer; the same request again is safe.", "stripe_unavailable"),
}


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # its base registers itself, untyped
    """The key in the description."""

    target_class = "accounts.api_keys.ApiKeyAuthentication"
    name = "ApiKey"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        """Describe the header."""
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": f"`{KEYWORD} PREFIX.SECRET`; write it whole, with the word before it.",
        }


def documented(
    *,
    name: str,
    summary: str,
    answers: Mapping[Any, Any],
    errors: Sequence[int] = (),
    request: Any = None,
    asked: Mapping[str, Any] | None = None,
    answered: Mapping[str, Any] | None = None,
    parameters: Sequence[Any] = (),
    tag: str,
) -> Callable[[View], View]:
    """Describe an operation: its words are the method's docstring.

    ``asked`` and ``answered`` are examples of request and response, by their name.
    """
    writes = (400, 413, 415) if request is not None else ()
    described: dict[Any, Any] = dict(answers)
    for code in sorted({*ALWAYS, *writes, *errors}):
        described[code] = _error(code)
    examples = [
        *(
            OpenApiExample(title, value, request_only=True)
            for title, value in (asked or {}).items()
        ),
        *(
            OpenApiExample(title, value, response_only=True, status_codes=[str(min(answers))])
            for title, value in (answered or {}).items()
        ),
    ]
    decorate: Callable[[View], View] = extend_schema(
        operation_id=name,
        summary=summary,
        request=request,
        responses=described,
        examples=examples,
        parameters=list(parameters),
        tags=[tag],
    )
    return decorate


def _error(code: int) -> OpenApiResponse:
    words, name = ERRORS[code]
    example = OpenApiExample(name, body(name, words), response_only=True)
    return OpenApiResponse(ErrorSerializer, words, examples=[example])
