"""The API's desk: who may ask, what was asked, the answer, and the answer under its key."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from billing_portal.devstack.fake_stripe import (
    accounts,
    balance,
    charges,
    checkout,
    customers,
    disputes,
    endpoints,
    faults,
    forms,
    parameters,
    payment_intents,
    payment_methods,
    portal,
    refunds,
    setup_intents,
)
from billing_portal.devstack.fake_stripe.book import API_VERSION, Book, Moment
from billing_portal.devstack.fake_stripe.calls import Call, Route
from billing_portal.devstack.fake_stripe.expanding import expand
from billing_portal.devstack.fake_stripe.keys import Keys, fingerprint
from billing_portal.devstack.fake_stripe.refusals import (
    Broken,
    ConnectionLost,
    Refused,
    UnknownAddress,
    WrongKey,
)

RESOURCES = (
    accounts, balance, charges, checkout, customers, disputes, endpoints, payment_intents,
    payment_methods, portal, refunds, setup_intents,
)  # fmt: skip
ROUTES: tuple[Route, ...] = tuple(route for one in RESOURCES for route in one.ROUTES)
TEST_KEY = re.compile(r"(sk|rk)_test_[A-Za-z0-9]{3,}")


@dataclass(frozen=True)
class Answer:
    """What goes back over the wire."""

    status: int
    headers: dict[str, str]
    body: str

    def json(self) -> Any:
        """Return the body, read."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Request:
    """One request as it came."""

    method: str
    path: str
    raw: dict[str, Any]
    key: str | None
    version: str
    id: str
    fault: faults.Fault | None = None


@dataclass
class Outcome:
    """An answer on its way: whether it is a replay, and whether it will arrive."""

    status: int
    body: str
    replayed: bool = False
    lost: bool = False


class Desk:
    """Answers requests from the book."""

    def __init__(self, book: Book, *, site: str, tick: Callable[[], None]) -> None:
        self._book = book
        self.site = site
        self._tick = tick
        self._keys = Keys(book)

    def handle(self, method: str, path: str, body: str, headers: Mapping[str, str]) -> Answer:
        """Answer one request.

        :raises ConnectionLost: the client hears nothing.
        """
        given = {name.lower(): value for name, value in headers.items()}
        version, name = given.get("stripe-version", API_VERSION), self._book.new_id("req", 14)
        method, address = method.upper(), urlsplit(path)
        key = given.get("idempotency-key") if method == "POST" else None
        try:
            # Before anything waits for the book: a second request must find the first at work.
            with self._keys.claim(key):
                self._tick()
                fault = faults.due(self._book, method, address.path)
                if fault:
                    fault.strike_before()
                _authorize(given.get("authorization", ""))
                raw = forms.read(body if method == "POST" else address.query)
                where = unquote(address.path)
                request = Request(method, where, raw, key, version, name, fault)
                outcome = self._once(request)
        except Refused as refused:
            fault, outcome = None, Outcome(refused.status, json.dumps(refused.body(), indent=2))
        if fault:
            fault.strike_after()
        if outcome.lost:
            raise ConnectionLost("hang_up")
        return Answer(outcome.status, _headers(outcome, name, version, given), outcome.body)

    def _once(self, request: Request) -> Outcome:
        mark = fingerprint(request.method, request.path, request.raw)
        with self._book.lock:
            if stored := self._keys.recall(request.key, mark):
                return Outcome(*stored, replayed=True)
            return self._run(request, mark)

    def _run(self, request: Request, mark: str) -> Outcome:
        moment = Moment(request.id, request.key, request.version)
        try:
            with self._book.within(moment):
                status, body = self._answer(request)
                self._keys.keep(request.key, mark, status, body)
        except Refused as refused:
            status, body = refused.status, json.dumps(refused.body(), indent=2)
            if refused.began:
                self._keys.keep(request.key, mark, status, body)
        return Outcome(status, body, lost=moment.lost)

    def _answer(self, request: Request) -> tuple[int, str]:
        route, names = _route(request.method, request.path)
        given = parameters.check(request.raw, route.spec)
        thing = route.handler(Call(self._book, given, names, self.site))
        thing = expand(self._book, thing, given.get("expand") or [])
        if request.fault and request.fault.name == "stored_500":
            return 500, json.dumps(Broken(began=True).body(), indent=2)
        return 200, json.dumps(thing, indent=2)


def _route(method: str, path: str) -> tuple[Route, dict[str, str]]:
    for route in ROUTES:
        names = route.match(method, path)
        if names is not None:
            return route, names
    raise UnknownAddress(method, path)


def _authorize(header: str) -> None:
    """Let test keys in; live ones are not even looked at further."""
    key = header.removeprefix("Bearer ").strip()
    if not key:
        raise WrongKey(
            "You did not provide an API key. You need to provide your API key in the "
            "Authorization header, using Bearer auth."
        )
    if key.startswith(("sk_live_", "rk_live_")):
        raise WrongKey("This is the fake Stripe: it takes no live key. Use it nowhere else.")
    if not TEST_KEY.fullmatch(key):
        raise WrongKey(f"Invalid API Key provided: {key[:8]}****")


def _headers(outcome: Outcome, name: str, version: str, given: Mapping[str, str]) -> dict[str, str]:
    headers = {
        "Content-Type": "application/json",
        "Request-Id": name,
        "Stripe-Version": version,
    }
    if key := given.get("idempotency-key"):
        headers["Idempotency-Key"] = key
    if outcome.replayed:
        headers["Idempotent-Replayed"] = "true"
    if outcome.status in (409, 500):
        headers["Stripe-Should-Retry"] = "true" if outcome.status == 409 else "false"
    return headers
