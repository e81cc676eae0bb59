"""Whatever goes wrong in the API is said in one shape: code, message, fields."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, DataError, IntegrityError
from django.http import Http404
from rest_framework import exceptions, serializers, status
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import set_rollback

from accounts.refusals import Refusal

log = logging.getLogger(__name__)

STATUS_OF_REFUSALS = {
    "not_found": status.HTTP_404_NOT_FOUND,
    "id_conflict": status.HTTP_409_CONFLICT,
    "stripe_unavailable": status.HTTP_503_SERVICE_UNAVAILABLE,
}
CODES: dict[type[Exception], str] = {exceptions.ParseError: "malformed"}
NO_KEY = "A key is needed: Authorization: Api-Key PREFIX.SECRET"


class Busy(exceptions.APIException):
    """The database is away or gave way to another transaction; nothing was done."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "unavailable"
    default_detail = "This cannot be answered right now; please try again."
    wait = 1


class Collision(exceptions.APIException):
    """Two requests made the same thing at the same moment, and the database kept one."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"
    default_detail = "Somebody else did this at the same moment; nothing was done. Try again."


class ErrorSerializer(serializers.Serializer[Any]):
    """What is wrong: a code for programs, words for people, and the fields at fault."""

    code = serializers.CharField()
    message = serializers.CharField()
    fields = serializers.DictField(  # type: ignore[assignment]  # the contract's name, and ours alone
        child=serializers.ListField(child=serializers.CharField())
    )


def exception_handler(exc: Exception, context: Mapping[str, Any]) -> Response | None:
    """Answer any error that a client can cause; what is left is a fault of ours."""
    if isinstance(exc, Refusal):
        set_rollback()
        code = STATUS_OF_REFUSALS.get(exc.code, status.HTTP_422_UNPROCESSABLE_ENTITY)
        return Response(body(exc.code, exc.words, exc.fields), status=code)
    known = exc if isinstance(exc, exceptions.APIException) else _translated(exc)
    if known is None:
        return None
    set_rollback()
    if known.status_code in (status.HTTP_401_UNAUTHORIZED, status.HTTP_403_FORBIDDEN):
        request = context["request"]
        log.warning("API %s: %s %s", known.status_code, request.method, request.path[:200])
    return Response(_body_of(known), status=known.status_code, headers=_headers(known))


def body(code: str, message: str, fields: Mapping[str, list[str]] | None = None) -> dict[str, Any]:
    """Put an error in the one shape that errors have."""
    return {"code": code, "message": message, "fields": dict(fields or {})}


def _translated(exc: Exception) -> exceptions.APIException | None:
    if isinstance(exc, Http404):
        return exceptions.NotFound()
    if isinstance(exc, PermissionDenied):
        return exceptions.PermissionDenied()
    if isinstance(exc, DataError):
        log.exception("the database refused a value that the API let through")
        return exceptions.ValidationError("A value is beyond what can be stored.")
    if isinstance(exc, IntegrityError):
        log.exception("two requests collided")
        return Collision()
    if isinstance(exc, DatabaseError):
        log.exception("the database gave no answer")
        return Busy()
    return None


def _body_of(exc: exceptions.APIException) -> dict[str, Any]:
    if isinstance(exc, exceptions.ValidationError):
        fields = dict(_flat(exc.detail))
        messages = [words for found in fields.values() for words in found]
        message = messages[0] if len(messages) == 1 else "Some fields cannot be accepted."
        return body("invalid", message, {name: found for name, found in fields.items() if name})
    code = CODES.get(type(exc), str(getattr(exc.detail, "code", exc.default_code)))
    return body(code, NO_KEY if isinstance(exc, exceptions.NotAuthenticated) else str(exc.detail))


def _flat(detail: Any, path: str = "") -> Iterator[tuple[str, list[str]]]:
    """Walk nested errors: the field's path with dots, and its words."""
    if isinstance(detail, Mapping):
        for name, found in detail.items():
            own = name == api_settings.NON_FIELD_ERRORS_KEY
            yield from _flat(found, path if own else f"{path}.{name}".lstrip("."))
    elif isinstance(detail, list) and any(isinstance(part, Mapping) for part in detail):
        for place, found in enumerate(detail):
            yield from _flat(found, f"{path}.{place}")
    elif detail:
        yield path, [str(words) for words in (detail if isinstance(detail, list) else [detail])]


def _headers(exc: exceptions.APIException) -> dict[str, str]:
    headers = {}
    if challenge := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(exc, "wait", None):
        headers["Retry-After"] = f"{wait:.0f}"
    return headers
