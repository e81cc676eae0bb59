"""Webhooks out: signed, at least once, tried again until taken; badly, where that is asked for."""

from __future__ import annotations

import hashlib
import hmac
import json
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field

from billing_portal.devstack.fake_stripe.book import Book, Json
from billing_portal.devstack.fake_stripe.events import enqueue

# Address, body and headers; the answer is the status, or 0 where nobody answered.
Post = Callable[[str, bytes, Mapping[str, str]], int]

PAUSES = (1, 5, 15, 60, 300, 1800, 3600, 7200, 18_000, 36_000, 43_200)
GIVES_UP_AFTER_SECONDS = 3 * 86_400


@dataclass
class Mode:
    """How badly events are delivered."""

    # Seconds by which each is late.
    late: float = 0
    doubled: bool = False
    # A seed: what is due goes out in an order drawn from it.
    shuffled: int | None = None
    # Types of which nothing is sent; "*" is all.
    dropped: list[str] = field(default_factory=list)
    # Nothing is sent until it is turned off.
    held: bool = False

    def words(self) -> str:
        """Say what is odd, as a person reads it."""
        odd = {
            f"{self.late:g} s late": self.late,
            "doubled": self.doubled,
            "shuffled": self.shuffled is not None,
            f"without {', '.join(self.dropped)}": self.dropped,
            "held": self.held,
        }
        return ", ".join(words for words, on in odd.items() if on) or "delivered as usual"


class Deliveries:
    """The events that wait to be sent."""

    def __init__(self, book: Book, *, stamp: Callable[[], float] = time.time) -> None:
        self._book = book
        self._stamp = stamp
        # What a killed server was sending may not have arrived.
        book.run("UPDATE deliveries SET state = 'due' WHERE state = 'sending'")

    @property
    def mode(self) -> Mode:
        """How events are delivered now."""
        return Mode(**json.loads(self._book.note("delivery_mode") or "{}"))

    @mode.setter
    def mode(self, mode: Mode) -> None:
        self._book.write_note("delivery_mode", json.dumps(asdict(mode)))

    def waiting(self) -> int:
        """Return how many are due now."""
        return len(self._due(self.mode))

    def work_off(self, post: Post, *, limit: int = 10_000) -> int:
        """Send what is due, and what comes of it; return how many were tried."""
        tried = 0
        while tried < limit and (name := self._take()) is not None:
            for _ in range(2 if self.mode.doubled else 1):
                self._send(name, post)
            tried += 1
        return tried

    def resend(self, event: str) -> None:
        """Send an event once more, to every endpoint that there is."""
        with self._book.lock:
            found = self._book.get("event", event)
            for endpoint in self._book.all("webhook_endpoint"):
                enqueue(self._book, found, endpoint["id"], due=self._book.instant())

    def _due(self, mode: Mode, *, limit: int = -1) -> list[int]:
        if mode.held:
            return []
        rows = self._book.run(
            "SELECT id, type FROM deliveries WHERE state = 'due' AND due <= ? "
            "ORDER BY due, id LIMIT ?",
            self._book.instant() - mode.late,
            limit,
        )
        dropped = [row["id"] for row in rows if {"*", row["type"]} & set(mode.dropped)]
        for name in dropped:
            self._book.run("UPDATE deliveries SET state = 'dropped' WHERE id = ?", name)
        names = [row["id"] for row in rows if row["id"] not in dropped]
        if mode.shuffled is not None:
            random.Random(f"{mode.shuffled} {names}").shuffle(names)  # noqa: S311 - play money
        return names

    def _take(self) -> int | None:
        with self._book.lock:
            mode = self.mode
            plain = not mode.dropped and mode.shuffled is None
            names = self._due(mode, limit=1 if plain else -1)
            if not names:
                return None
            self._book.run("UPDATE deliveries SET state = 'sending' WHERE id = ?", names[0])
            return names[0]

    def _send(self, name: int, post: Post) -> None:
        """Send one; the lock is not held while the other side works."""
        row = self._book.run("SELECT * FROM deliveries WHERE id = ?", name)[0]
        endpoint = self._book.find(row["endpoint"], "webhook_endpoint")
        if endpoint is None:
            self._book.run("UPDATE deliveries SET state = 'dropped' WHERE id = ?", name)
            return
        body = self.body(row["event"])
        status = post(endpoint["url"], body, self.headers(body, endpoint["id"]))
        self._note(row["event"], name, row["tries"] + 1, status)

    def _note(self, event: str, name: int, tries: int, status: int) -> None:
        with self._book.lock:
            taken = 200 <= status < 300
            pause = PAUSES[min(tries, len(PAUSES)) - 1]
            old = self._book.instant() - self._book.get("event", event)["created"]
            given_up = not taken and old > GIVES_UP_AFTER_SECONDS
            self._book.run(
                "UPDATE deliveries SET state = ?, tries = ?, status = ?, due = ? WHERE id = ?",
                "delivered" if taken else "given_up" if given_up else "due",
                tries,
                status,
                self._book.instant() + pause,
                name,
            )
            if taken:
                self._one_less(event)

    def _one_less(self, event: str) -> None:
        """Count what is still to be delivered, as the event shows it."""
        rows = self._book.run(
            "SELECT DISTINCT endpoint FROM deliveries WHERE event = ? AND state IN "
            "('due', 'sending')",
            event,
        )
        self._book.change({**self._book.get("event", event), "pending_webhooks": len(rows)})

    def body(self, event: str) -> bytes:
        """Return the body of an event's delivery."""
        found: Json = self._book.get("event", event)
        return json.dumps(found, indent=2).encode()

    def headers(self, body: bytes, endpoint: str) -> dict[str, str]:
        """Return the headers of a delivery, signed with the endpoint's secret."""
        secret = self._book.note(f"secret:{endpoint}") or ""
        return {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "Stripe-Signature": sign(body, secret, int(self._stamp())),
        }


def sign(body: bytes, secret: str, at: int) -> str:
    """Return the signature header of a body."""
    signed = f"{at}.".encode() + body
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"
