"""What every view of the API stands on: its scope, its rate, and whose things it may touch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from accounts.api_json import OnlyJson
from accounts.models import ApiKey, Organization

READ, USAGE, PROVISION = ApiKey.Scope.READ, ApiKey.Scope.USAGE, ApiKey.Scope.PROVISION
NO_ORGANIZATION = "There is no such organization."


class ApiView(APIView):
    """A view that says for each method which scope opens it."""

    content_negotiation_class = OnlyJson
    http_method_names = ["get", "post", "put", "patch", "delete", "head"]
    scopes: ClassVar[Mapping[str, str]] = {}
    # A sort of settings.API_RATES; none means reading or writing, as the method is.
    rate: ClassVar[str | None] = None

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Let nobody on the way keep what was answered."""
        response = super().finalize_response(request, response, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "no-store")
        return response


class NoSuchAddress(ApiView):
    """Whatever has no address of its own, answered as the API answers."""

    # There is no method to name in a header either.
    default_response_headers: ClassVar[Mapping[str, str]] = {}  # type: ignore[assignment]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse before a key is asked for: there is nothing to open."""
        self.format_kwarg = None
        request.accepted_renderer, request.accepted_media_type = self.perform_content_negotiation(
            request
        )
        raise NotFound("There is nothing at this address; every address ends with a slash.")


def key_of(request: Request) -> ApiKey:
    """Answer the key that calls; a view is not reached without one."""
    assert isinstance(request.auth, ApiKey)
    return request.auth


def organization_named(request: Request, external_id: str) -> Organization:
    """Answer the organization of an address, if the key may act for it.

    :raises NotFound: it does not exist, or is not this key's: both look the same.
    """
    own = key_of(request).organization
    if own is not None:
        if own.external_id == external_id:
            return own
        raise NotFound(NO_ORGANIZATION)
    found = None
    if "\x00" not in external_id:
        found = Organization.objects.filter(external_id=external_id).first()
    if found is None:
        raise NotFound(NO_ORGANIZATION)
    return found


def require_platform_key(request: Request) -> None:
    """Refuse a key that acts for one organization only.

    :raises PermissionDenied: it is no platform key.
    """
    if key_of(request).organization_id is not None:
        raise PermissionDenied("Only a platform key may do this.")


def read_as(shape: type[Serializer[Any]], data: Any, **options: Any) -> dict[str, Any]:
    """Answer what a body or a query string says, in the shape that is expected.

    :raises ValidationError: it has another shape.
    """
    serializer = shape(data=data, **options)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def written_as(shape: type[Serializer[Any]], thing: object, *, status: int = 200) -> Response:
    """Answer one thing in its shape."""
    return Response(shape(thing).data, status=status)
