"""Idempotency keys: the same request under the same key is answered as the first time."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from collections.abc import Iterator
from typing import Any

from billing_portal.devstack.fake_stripe.book import Book
from billing_portal.devstack.fake_stripe.refusals import KeyInUse, OtherParameters, Refused

KEPT_SECONDS = 24 * 3600


class Keys:
    """The keys of the last day, and those of the requests that run."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._running: set[str] = set()
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def claim(self, key: str | None) -> Iterator[None]:
        """Keep others with the same key out while this request runs.

        :raises KeyInUse: another one runs.
        """
        if key is None:
            yield
            return
        if len(key) > 255:
            raise Refused("Idempotency keys can be up to 255 characters.", param="Idempotency-Key")
        with self._lock:
            if key in self._running:
                raise KeyInUse(key)
            self._running.add(key)
        try:
            yield
        finally:
            with self._lock:
                self._running.discard(key)

    def recall(self, key: str | None, fingerprint: str) -> tuple[int, str] | None:
        """Return the status and body that were answered under a key.

        :raises OtherParameters: it was another request.
        """
        if key is None:
            return None
        self._book.run("DELETE FROM keys WHERE at <= ?", self._book.now() - KEPT_SECONDS)
        rows = self._book.run("SELECT * FROM keys WHERE key = ?", key)
        if not rows:
            return None
        if rows[0]["fingerprint"] != fingerprint:
            raise OtherParameters(key)
        return rows[0]["status"], rows[0]["body"]

    def keep(self, key: str | None, fingerprint: str, status: int, body: str) -> None:
        """Remember an answer."""
        if key is not None:
            self._book.run(
                "INSERT INTO keys VALUES (?, ?, ?, ?, ?)",
                key,
                fingerprint,
                status,
                body,
                self._book.now(),
            )


def fingerprint(method: str, path: str, raw: dict[str, Any]) -> str:
    """Return what tells one request from another."""
    text = json.dumps([method, path, raw], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
