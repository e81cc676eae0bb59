"""The fake Stripe: what the in-process transport, the server, the scenarios and the tests hold."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from billing_portal.devstack.fake_stripe import (
    cards,
    checkout,
    checkout_paying,
    disputes,
    endpoints,
    events,
    faults,
    payment_intents,
    payment_methods,
    refunds,
    summing,
)
from billing_portal.devstack.fake_stripe.book import Book, Clock, Json, Moment
from billing_portal.devstack.fake_stripe.calls import Call
from billing_portal.devstack.fake_stripe.deliveries import Deliveries, Mode, Post
from billing_portal.devstack.fake_stripe.desk import Answer, Desk
from billing_portal.devstack.fake_stripe.refusals import CardDeclined, Refused

SITE = "http://fake-stripe.invalid"


class FakeStripe:
    """Stripe, as far as we use it, with its own memory.

    ``path`` is where it remembers; ``site`` where its hosted pages are; ``stamp`` the time with
    which webhooks are signed.
    """

    def __init__(
        self,
        path: str | Path = ":memory:",
        *,
        site: str = SITE,
        seed: int | None = None,
        stamp: Callable[[], float] = time.time,
    ) -> None:
        self.store = Book(path, seed=seed)
        self.store.publish = lambda: events.publish(self.store)
        self.site = site
        self.deliveries = Deliveries(self.store, stamp=stamp)
        self._desk = Desk(self.store, site=site, tick=self.tick)

    def close(self) -> None:
        """Let go of the database."""
        self.store.close()

    def move_to(self, site: str) -> None:
        """Say where the hosted pages are."""
        self.site = self._desk.site = site

    def reset(self) -> None:
        """Forget everything but where webhooks go."""
        with self.store.lock:
            kept = self.store.all("webhook_endpoint")
            secrets = {one["id"]: self.store.note(f"secret:{one['id']}") or "" for one in kept}
            self.store.empty()
            for one in kept:
                self.store.add(one)
                self.store.write_note(f"secret:{one['id']}", secrets[one["id"]])

    # --- The API ----------------------------------------------------------------------------

    def handle(self, method: str, path: str, body: str, headers: Mapping[str, str]) -> Answer:
        """Answer one request; ``path`` carries the query.

        :raises ConnectionLost: the client hears nothing.
        """
        return self._desk.handle(method, path, body, headers)

    def transport(
        self, method: str, path: str, body: str, headers: Mapping[str, str]
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Answer one request as a status, headers and a body.

        :raises ConnectionError: the client hears nothing.
        """
        answer = self.handle(method, path, body, headers)
        return answer.status, answer.headers, answer.body.encode()

    def fail_next(
        self,
        fault: str,
        *,
        path: str = "*",
        method: str = "*",
        times: int = 1,
        seconds: float = 120,
    ) -> None:
        """Let the next calls to such a path fail: one of ``faults.FAULTS``."""
        faults.plant(self.store, fault, path=path, method=method, times=times, seconds=seconds)

    def heal(self) -> None:
        """Take back the faults that are planted."""
        faults.clear(self.store)

    # --- Time -------------------------------------------------------------------------------

    def set_clock(self, clock: Clock) -> None:
        """Let somebody else say what time it is."""
        self.store.set_clock(clock)

    def advance(self, *, seconds: float = 0, hours: float = 0, days: float = 0) -> None:
        """Move time on, and do what falls due."""
        step = dt.timedelta(seconds=seconds, hours=hours, days=days)
        self.store.advance(step.total_seconds())
        self.tick()

    def tick(self) -> None:
        """Do what has fallen due: sessions and holds expire, refunds come back."""
        with self.store.lock:
            for identity, kind in self.store.due_timers():
                with self.store.within(Moment()):
                    self.store.let_sleep(identity)
                    self._fall_due(identity, kind)

    def _fall_due(self, identity: str, kind: str) -> None:
        if kind == "session":
            checkout.end(self.store, self.store.get("checkout.session", identity))
        elif kind == "hold":
            intent = self.store.get("payment_intent", identity)
            payment_intents.give_up(self.store, intent, "automatic")
        elif kind == "refund":
            refunds.fail(self.store, identity)

    # --- Cards ------------------------------------------------------------------------------

    def card(
        self,
        answer: str = "ok",
        *,
        customer: str | None = None,
        brand: str = "visa",
        last4: str | None = None,
        expires: tuple[int, int] | None = None,
    ) -> Json:
        """Make a card that answers so, a customer's own if one is named."""
        with self.store.within(Moment()):
            made = cards.chosen(answer, brand=brand)
            method = payment_methods.make(self.store, made, last4=last4, expires=expires)
            return payment_methods.give(self.store, method, customer) if customer else method

    def answers(self, method: str, answer: str) -> None:
        """Let a saved card answer so from now on: one of ``cards.ANSWERS``."""
        cards.set_answer(self.store, method, answer)

    # --- Checkout ---------------------------------------------------------------------------

    def complete_checkout(
        self,
        session: str,
        card: str = "ok",
        *,
        brand: str = "visa",
        last4: str | None = None,
        expires: tuple[int, int] | None = None,
        authenticate: bool = True,
        save: bool = False,
    ) -> Json:
        """Do what a person does on the page, and return the session.

        ``card`` is an answer, a test id or a saved card. A card that declines leaves the session
        open; one that wants its owner has him there, unless he does not ``authenticate``.

        :raises Refused: the session is over, or no such card.
        """
        self.tick()
        try:
            with self.store.within(Moment()):
                opened = self._session(session)
                checkout_paying.refuse_closed(opened)
                method = checkout_paying.card_for(
                    self.store, opened, card, brand=brand, last4=last4, expires=expires
                )
                done = checkout_paying.submit(self.store, opened, method, site=self.site, save=save)
        except CardDeclined:
            return self._session(session)
        if done["status"] == "open":
            return self.authenticate(session, passed=authenticate)
        return done

    def authenticate(self, session: str, *, passed: bool = True) -> Json:
        """End the 3-D Secure that a session waits for."""
        try:
            with self.store.within(Moment()):
                return checkout_paying.authenticate(
                    self.store, self._session(session), site=self.site, passed=passed
                )
        except CardDeclined:
            return self._session(session)

    def authenticate_intent(self, intent: str, *, passed: bool = True) -> Json:
        """End the 3-D Secure that a payment or setup intent waits for."""
        with self.store.within(Moment()):
            found = self.store.find(intent)
            if found is None or found.get("status") != "requires_action":
                raise Refused(f"{intent} waits for nobody.")
            return checkout_paying.authenticate_intent(
                self.store, found, site=self.site, passed=passed
            )

    def open_setup(self, customer: str, back: str) -> str:
        """Open a page on which a card is saved, which goes back there; return its address."""
        given = {"mode": "setup", "customer": customer, "payment_method_types": ["card"]}
        urls = {"success_url": back, "cancel_url": back}
        session = checkout.create(Call(self.store, {**given, **urls}, site=self.site))
        return str(session["url"])

    def abandon(self, session: str) -> Json:
        """Walk away from the page: the session stays open until it expires."""
        return self._session(session)

    def expire(self, session: str) -> Json:
        """Let a session's time be over now."""
        with self.store.within(Moment()):
            opened = self._session(session)
            checkout_paying.refuse_closed(opened)
            return checkout.end(self.store, opened)

    def _session(self, session: str) -> Json:
        return self.store.get("checkout.session", session, param="session")

    # --- Disputes ---------------------------------------------------------------------------

    def dispute(
        self, charge: str, *, amount: int | None = None, reason: str = "fraudulent"
    ) -> Json:
        """Let a customer dispute a charge, or the charge of a payment intent."""
        with self.store.within(Moment()):
            intent = self.store.find(charge, "payment_intent")
            found = self.store.get("charge", intent["latest_charge"] if intent else charge)
            return disputes.open_dispute(self.store, found, amount=amount, reason=reason)

    def decide_dispute(self, dispute: str, *, won: bool) -> Json:
        """Let the bank decide."""
        with self.store.within(Moment()):
            return disputes.decide(self.store, dispute, won=won)

    # --- Webhooks ---------------------------------------------------------------------------

    def listen(self, url: str, secret: str, *, enabled: tuple[str, ...] = ("*",)) -> Json:
        """Send events there, signed with this secret; the same address twice is one endpoint."""
        with self.store.within(Moment()):
            for known in self.store.all("webhook_endpoint", url=url):
                self.store.write_note(f"secret:{known['id']}", secret)
                return known
            return endpoints.add(self.store, url, enabled=list(enabled), secret=secret)

    def webhooks(self, **changes: Any) -> Mode:
        """Deliver events badly: ``late``, ``doubled``, ``shuffled``, ``dropped``, ``held``."""
        self.deliveries.mode = replace(self.deliveries.mode, **changes)
        return self.deliveries.mode

    def deliver(self, post: Post) -> int:
        """Send what is due, and what comes of it; return how many were tried."""
        self.tick()
        return self.deliveries.work_off(post)

    def resend(self, event: str) -> None:
        """Send an event once more."""
        self.deliveries.resend(event)

    def events(self, *kinds: str) -> list[Json]:
        """Return what happened, oldest first; of these types where some are named."""
        found = reversed(self.store.all("event"))
        return [one for one in found if not kinds or one["type"] in kinds]

    # --- The book ---------------------------------------------------------------------------

    def book(self) -> dict[str, Any]:
        """Return counts of what moved money, and sums per currency."""
        return summing.summary(self.store)

    def moved(self) -> list[Json]:
        """Return the charges that moved money, oldest first."""
        return summing.moved(self.store)
