"""How often a key may call: so many requests of a sort in each minute."""

from __future__ import annotations

import logging
import math
import threading
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
# Processes take requests from the common count by the hundredth part of a rate, so that the
# gate does not ask Redis each time; what a process has taken and not used is lost to the others.
SHARES = 100


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
        window, passed = divmod(timezone.now().timestamp(), WINDOW_SECONDS)
        self.seconds_left = math.ceil(WINDOW_SECONDS - passed)
        rate: int = settings.API_RATES[sort]
        return _shares.take(f"rate:{sort}:{request.auth.pk}", rate=rate, window=int(window))

    def wait(self) -> float:
        """Answer the seconds until the next minute begins."""
        return self.seconds_left


class Shares:
    """What this process has taken from the common counts of a minute and not used yet."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._lock = threading.Lock()
        self._left: dict[str, tuple[int, int]] = {}

    def take(self, name: str, *, rate: int, window: int) -> bool:
        """Use one request of a minute, if the rate has one left."""
        if self._use(name, window):
            return True
        share = max(rate // SHARES, 1)
        if _count(f"{name}:{window}", share) > rate:
            return False
        with self._lock:
            self._left[name] = (window, self._held(name, window) + share - 1)
        return True

    def _use(self, name: str, window: int) -> bool:
        with self._lock:
            left = self._held(name, window)
            if left:
                self._left[name] = (window, left - 1)
        return left > 0

    def _held(self, name: str, window: int) -> int:
        of, left = self._left.get(name, (window, 0))
        return left if of == window else 0


_shares = Shares()


def _count(name: str, share: int) -> int:
    """Add a share to a common count; a cache that is away stops nobody."""
    try:
        try:
            return cache.incr(name, share)
        except ValueError:
            first = cache.add(name, share, timeout=2 * WINDOW_SECONDS)
            return share if first else cache.incr(name, share)
    except (RedisError, OSError, ValueError):
        log.warning("requests are not counted: the cache is away")
        return 0
