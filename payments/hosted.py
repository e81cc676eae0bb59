"""Stripe's hosted pages: how a browser gets there from one of ours, and where it comes back to."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from csp.decorators import csp_update
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

AT_STRIPE = "https://*.stripe.com"
SESSION = "{CHECKOUT_SESSION_ID}"
"""Stripe puts the id of the page there when it sends the browser back."""

P = ParamSpec("P")


def absolute(name: str, *args: Any, query: str = "") -> str:
    """Answer one of our addresses as Stripe is told it."""
    return f"{settings.SITE_URL}{reverse(name, args=args)}{'?' + query if query else ''}"


def leads_to_stripe(
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Let the forms of a page be answered by a redirect to Stripe; browsers ask before they go."""

    @wraps(view)
    def page(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        response = csp_update({"form-action": [_pages()]})(view)(request, *args, **kwargs)
        assert isinstance(response, HttpResponse)
        return response

    return page


def off_to(url: str) -> HttpResponse:
    """Send the browser to a page that was opened for it alone; nobody learns the address."""
    response = HttpResponseRedirect(url)
    response.status_code = 303
    response["Referrer-Policy"] = "no-referrer"
    return response


def coming_back(key: str) -> tuple[str, str]:
    """Answer where the payer of a form returns to after paying, and after walking away."""
    return absolute("payment", key, query="paid=1"), absolute("payment", key)


def _pages() -> str:
    """Answer where hosted pages are: at Stripe, or at the stand-in that answers in its place."""
    base = str(settings.STRIPE_API_BASE)
    return AT_STRIPE if base == "https://api.stripe.com" else base
