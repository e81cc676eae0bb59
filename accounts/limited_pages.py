"""How often a person may ask for what costs more than a page: a file, or a question to Stripe."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from accounts.api_rates import WINDOW_SECONDS, Shares
from accounts.choosing import person

FILE, STRIPE = "file", "stripe"

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]

_shares = Shares()


def limited(sort: str, *methods: str) -> Callable[[View[P]], View[P]]:
    """Let each person do this, by all methods or by some, so often in a minute and no more.

    How often is in ``settings.PAGE_RATES``, and common to all pages of a sort. Within
    ``billing_page``, so that it is known who asks.
    """

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def page(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if methods and request.method not in methods:
                return view(request, *args, **kwargs)
            window, passed = divmod(timezone.now().timestamp(), WINDOW_SECONDS)
            name, rate = f"page:{sort}:{person(request).pk}", settings.PAGE_RATES[sort]
            if _shares.take(name, rate=rate, window=int(window)):
                return view(request, *args, **kwargs)
            response = render(request, "429.html", status=429)
            response["Retry-After"] = str(math.ceil(WINDOW_SECONDS - passed))
            return response

        return page

    return decorate
