"""What a process does over and over while it is measured: each load is one door's work."""

from __future__ import annotations

import datetime as dt
import itertools
import os
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Membership, Organization, User
from billing_portal.benchmarks.population import AGENTS, CHANNELS, TIERS
from usage.charging import charge
from usage.gate import ask
from usage.questions import Question

BATCH = 500
LAST_HOUR = 3600
POOL = 5000
OWNER = "owner@bench.example"


class Caller:
    """A platform that reports calls of some organizations and asks the gate for them."""

    def __init__(self, names: Sequence[str], seed: int) -> None:
        self.names = list(names)
        self.dice = random.Random(seed)
        self._ids = (f"{os.getpid()}-{seed}-{number}" for number in itertools.count())
        self._calls = self._drawn()
        self._batch: list[dict[str, Any]] = []
        self._client: Client | None = None

    def _drawn(self) -> Iterator[dict[str, Any]]:
        """Draw calls beforehand, so that the dice cost the measured process next to nothing."""
        now = timezone.now()
        pool = [self._call(now) for _ in range(POOL)]
        return itertools.cycle(pool)

    def _call(self, now: dt.datetime) -> dict[str, Any]:
        ago = dt.timedelta(seconds=self.dice.randrange(LAST_HOUR))
        return {
            "organization": self.dice.choice(self.names),
            "agent": self.dice.choice(AGENTS),
            "kind": "call",
            "channel": self.dice.choice(CHANNELS),
            "voice_tier": self.dice.choice(TIERS),
            "started_at": (now - ago).isoformat(),
            "connected": True,
            "seconds": self.dice.randint(1, 1800),
        }

    def calls(self, count: int, **facts: str) -> list[dict[str, Any]]:
        """Answer reports that were never sent before."""
        return [
            {**call, "id": event_id, **facts}
            for call, event_id in zip(itertools.islice(self._calls, count), self._ids, strict=False)
        ]

    def charge(self, count: int = 1, **facts: str) -> int:
        """Charge reports in one request, all of them."""
        self._batch = self.calls(count, **facts)
        return _charged(self._batch, "charged")

    def replay(self) -> int:
        """Send the batch before once more."""
        return _charged(self._batch or self.calls(BATCH), "duplicate")

    def ask(self) -> int:
        """Ask the gate whether a call may start."""
        question = Question(
            organization=self.dice.choice(self.names),
            kind="call",
            channel="web",
            agent=self.dice.choice(AGENTS),
        )
        assert ask(question, now=timezone.now()).allowed
        return 1

    def open_page(self) -> int:
        """Open *Plan & usage* as an owner."""
        if self._client is None:
            self._client = owners_client(self.names[0])
        answer = self._client.get(reverse("plan_and_usage"))
        assert answer.status_code == 200, answer.status_code
        return 1


Load = Callable[[Caller], int]


def charge_one(caller: Caller) -> int:
    """Charge one call of any organization."""
    return caller.charge()


def charge_hot(caller: Caller) -> int:
    """Charge one call, always of the same organization."""
    return caller.charge(organization=caller.names[0])


def charge_batch(caller: Caller) -> int:
    """Charge a batch of calls of any organizations."""
    return caller.charge(BATCH)


def charge_hot_batch(caller: Caller) -> int:
    """Charge a batch of calls, all of the same organization."""
    return caller.charge(BATCH, organization=caller.names[0])


def owners_client(external_id: str) -> Client:
    """Answer a browser in which the owner of an organization is logged in."""
    owner, _ = User.objects.get_or_create(email=OWNER)
    organization = Organization.objects.get(external_id=external_id)
    Membership.objects.get_or_create(
        organization=organization, user=owner, defaults={"role": Membership.Role.OWNER}
    )
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(owner)
    return client


def _charged(calls: Sequence[dict[str, Any]], expected: str) -> int:
    results = charge(calls, now=timezone.now())
    assert {result.status for result in results} == {expected}, results[0]
    return len(calls)
