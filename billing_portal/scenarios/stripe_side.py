"""Stripe's side of a story: a fake in this process that pays, confirms, and tells us of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from billing_portal.devstack.fake_stripe import FakeStripe, cards
from billing_portal.scenarios.clock import Clock
from payments.gateway import through
from payments.inbox import NotFromStripe, take_in
from payments.transport import InProcess

SECRET = "whsec_story"  # noqa: S105 - signs what a story's Stripe says to itself
ADDRESS = "https://story.invalid/stripe/webhook/"


class StripeSide:
    """The fake, on the story's clock, with a webhook that leads to our own inbox."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.fake = FakeStripe(seed=1, stamp=self._timestamp)
        self.fake.set_clock(lambda: clock.now)
        self.fake.listen(ADDRESS, SECRET)
        self.gateway = through(InProcess(self.fake.transport))

    def complete_checkout(self, session: str, answers: str, *, brand: str) -> dict[str, Any]:
        """Let somebody finish a hosted page with a new card."""
        return self.fake.complete_checkout(session, answers, brand=brand)

    def card_of(self, session: Mapping[str, Any]) -> str:
        """Answer the id of the card that a finished set-up page has saved."""
        setup = self.fake.store.get("setup_intent", session["setup_intent"])
        return str(setup["payment_method"])

    def pay(self, session: str, card: str) -> bool:
        """Let somebody pay on a hosted page; answers false where the browser heard nothing."""
        heard = not card.startswith("pm_") or self._answer_of(card) != "lost_answer"
        self.fake.complete_checkout(session, card)
        return heard

    def confirm(self, intent: str) -> None:
        """Let the owner of a card confirm a payment."""
        self.fake.authenticate_intent(intent)

    def answers(self, card: str, answers: str) -> None:
        """Let a card answer differently from now on."""
        self.fake.answers(card, answers)

    def say_again(self, times: int) -> None:
        """Let Stripe deliver its last event again; where it said nothing, nothing."""
        said = self.fake.events()
        for _ in range(times if said else 0):
            self.fake.resend(said[-1]["id"])
            self.tell()

    def tell(self) -> bool:
        """Deliver what Stripe has to say; answers whether there was something."""
        return self.fake.deliver(self._post) > 0

    def book(self) -> dict[str, int]:
        """Answer the counts of Stripe's own book."""
        book = self.fake.book()
        return {name: book[name] for name in ("charges", "refunds", "open_holds")}

    def _timestamp(self) -> float:
        return self.clock.now.timestamp()

    def _answer_of(self, card: str) -> str:
        return str(cards.answer_of(self.fake.store, card))

    def _post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        try:
            take_in(body, headers["Stripe-Signature"], now=self.clock.now)
        except NotFromStripe:
            return 400
        return 200


def _hear_nothing(method: str, path: str, body: str, headers: Mapping[str, str]) -> NoReturn:
    raise ConnectionError("nobody answers")


DEAF = through(InProcess(_hear_nothing))
