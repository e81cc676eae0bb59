"""Which organization a person looks at, among those whose billing pages they may see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers

from accounts.models import Organization, User

SESSION_KEY = "organization"

P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Choice:
    """The organizations whose billing a person may see, and the one that is looked at."""

    organizations: tuple[Organization, ...] = ()
    organization: Organization | None = None


class ChoosingRequest(HttpRequest):
    """A request that remembers the choice, so that page and top bar ask for it once."""

    billing_choice: Choice


def choice_of(request: HttpRequest) -> Choice:
    """Answer what this person may see and looks at; one statement per request."""
    remembering = cast(ChoosingRequest, request)
    if not hasattr(remembering, "billing_choice"):
        remembering.billing_choice = _find(request)
    return remembering.billing_choice


def choose(request: HttpRequest, organization: Organization) -> None:
    """Look at another organization from now on; whether it may be seen is asked each time."""
    request.session[SESSION_KEY] = organization.pk


def person(request: HttpRequest) -> User:
    """Answer who is logged in; for a stranger there is nothing here: 404."""
    if not isinstance(request.user, User):
        raise Http404
    return request.user


def billing_page(
    view: Callable[Concatenate[HttpRequest, Organization, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Give a view the organization that is looked at, and show its days in its zone.

    A stranger logs in first; who may see no billing pages learns nothing: 404. What such a page
    says is kept by no cache, unless it says itself how.
    """

    @login_required
    @wraps(view)
    def page(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        organization = choice_of(request).organization
        if organization is None:
            raise Http404
        with timezone.override(organization.zone):
            response = view(request, organization, *args, **kwargs)
        if not response.has_header("Cache-Control"):
            add_never_cache_headers(response)
        return response

    return page


def _find(request: HttpRequest) -> Choice:
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return Choice()
    organizations = tuple(Organization.objects.visible_to(user))
    chosen = request.session.get(SESSION_KEY)
    looked_at = next((one for one in organizations if one.pk == chosen), None)
    return Choice(organizations, looked_at or next(iter(organizations), None))
