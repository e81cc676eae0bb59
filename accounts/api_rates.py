"""How often a key may call: so many requests of a sort in each minute."""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone
from redis.exceptions import RedisError
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts.models import ApiKey

if TYPE_CHECKING:
    # Imported for real it would ask the settings for the class below.
    from rest_framework.views import APIView

log = logging.getLogger(__name__)

WINDOW_SECONDS = 60


class KeyRate(BaseThrottle):
    """Count a key's requests of a minute, and refuse those above the rate of their sort."""

    seconds_left = WINDOW_SECONDS

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Answer whether this request is still within the rate."""
        if not isinstance(request.auth, ApiKey):
            return True
        sort = getattr(view, "rate", None) or (
            "read" if request.method in SAFE_METHODS else "write"
        )
        now = timezone.now().timestamp()
        self.seconds_left = math.ceil(WINDOW_SECONDS - now % WINDOW_SECONDS)
        name = f"rate:{sort}:{request.auth.pk}:{now // WINDOW_SECONDS:.0f}"
        rate: int = settings.API_RATES[sort]
        return _count(name) <= rate

    def wait(self) -> float:
        """Answer the seconds until the next minute begins."""
        return self.seconds_left


def _count(name: str) -> int:
    """Count one more under a name; a cache that is away stops nobody."""
    try:
        try:
            return cache.incr(name)
        except ValueError:
            return 1 if cache.add(name, 1, timeout=2 * WINDOW_SECONDS) else cache.incr(name)
    except (RedisError, OSError, ValueError):
        log.warning("requests are not counted: the cache is away")
        return 0
