"""The control API under `/_control/`: time, faults, disputes, webhooks, and the fake's own book."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from billing_portal.devstack.fake_stripe import summing
from billing_portal.devstack.fake_stripe.api import FakeStripe

Verb = Callable[..., Any]


class Control:
    """What tests and curious people do to the fake; every verb takes JSON."""

    def __init__(self, fake: FakeStripe) -> None:
        self._fake = fake
        self._reads: dict[str, Verb] = {
            "book": fake.book,
            "charges": fake.moved,
            "refunds": lambda: summing.given_back(fake.store),
            "holds": lambda: summing.open_holds(fake.store),
            "events": fake.events,
            "deliveries": self._deliveries,
            "clock": lambda: {"now": fake.store.instant()},
        }
        self._verbs: dict[str, Verb] = {
            "reset": fake.reset,
            "advance": fake.advance,
            "tick": fake.tick,
            "fail": fake.fail_next,
            "heal": fake.heal,
            "card": fake.card,
            "answers": fake.answers,
            "complete_checkout": fake.complete_checkout,
            "authenticate": fake.authenticate,
            "authenticate_intent": fake.authenticate_intent,
            "expire": fake.expire,
            "dispute": fake.dispute,
            "decide_dispute": fake.decide_dispute,
            "listen": fake.listen,
            "webhooks": lambda **changes: asdict(fake.webhooks(**changes)),
            "resend": fake.resend,
        }

    def read(self, name: str, query: Mapping[str, list[str]]) -> Any:
        """Answer a question.

        :raises KeyError: there is no such question.
        """
        if name == "events":
            return self._fake.events(*query.get("type", []))
        return self._reads[name]()

    def do(self, name: str, given: Mapping[str, Any]) -> Any:
        """Do what is asked, with what is given as its arguments.

        :raises KeyError: there is no such verb.
        """
        return self._verbs[name](**given)

    def _deliveries(self) -> list[dict[str, Any]]:
        return [dict(row) for row in self._fake.store.run("SELECT * FROM deliveries ORDER BY id")]
