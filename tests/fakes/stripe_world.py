"""A Stripe for a test: the fake on the test's own clock, and our gateway to it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

from accounts.models import Organization
from billing_portal.devstack.fake_stripe import FakeStripe
from payments.cards import add_card
from payments.customers import customer_of
from payments.gateway import Gateway, through
from payments.models import Card
from payments.transport import InProcess
from tests.builders import MARCH_1

Answered = tuple[int, Mapping[str, str], bytes]
Transport = Callable[[str, str, str, Mapping[str, str]], Answered]


class Killed(BaseException):
    """The process dies here, as by kill -9: nothing of ours catches it."""


class StripeWorld:
    """The fake, the time it is, and what stands between us and it."""

    def __init__(self, now: dt.datetime = MARCH_1) -> None:
        self.now = now
        self.fake = FakeStripe(seed=1)
        self.fake.set_clock(lambda: self.now)
        self.dies_after_asking = False
        self.gateway: Gateway = through(InProcess(self._pass_on))

    def pass_time(self, **span: float) -> dt.datetime:
        """Move the clock; answers what time it is then."""
        self.now += dt.timedelta(**span)
        return self.now

    def card_for(self, organization: Organization, answers: str = "ok") -> Card:
        """Give an organization a card on file."""
        customer = customer_of(organization, gateway=self.gateway, now=self.now)
        made = self.fake.card("ok", customer=customer)
        card = add_card(organization, card=made["id"], gateway=self.gateway, now=self.now)
        self.fake.answers(made["id"], answers)
        return card

    def _pass_on(self, method: str, path: str, body: str, headers: Mapping[str, str]) -> Answered:
        try:
            return self.fake.transport(method, path, body, headers)
        finally:
            if self.dies_after_asking and method == "POST":
                raise Killed
