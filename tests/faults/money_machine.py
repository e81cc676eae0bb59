"""A machine that lets money come and go back in any order, and a model of what must be then."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from fractions import Fraction

from accounts.models import Organization
from accounts.refusals import Refusal
from billing_portal.devstack.fake_stripe import FakeStripe, Refused
from invoices import invariants as invoices
from payments import invariants as payments
from payments.answers import StripeRefused
from payments.disputing import take_in_dispute
from payments.models import Dispute, Payment, Refund
from payments.refunding import resolve_refunds, take_in_refund
from tests.builders import MARCH_1
from tests.payments.money_back import balance_of, build_priced, gateway_to, refund, top_up
from wallet import invariants as wallet

FAULTS = ("refused", "hang_up", "timeout", "error_500", "stored_500", "error_429")
MOST_PAYMENTS = 3
DUST = Decimal("0.00001")


class MoneyMachine:
    """One organization, its payments, and a Stripe that sometimes says nothing."""

    def __init__(self, seed: int) -> None:
        self.lot = random.Random(seed)
        self.fake = FakeStripe(seed=seed)
        self.gateway = gateway_to(self.fake)
        currency, price = self.lot.choice([("EUR", "0.03"), ("JPY", "7"), ("KWD", "0.003")])
        self.organization: Organization = build_priced(currency, price)
        self.now = MARCH_1
        self.step = 0
        self.disputes: list[str] = []

    @property
    def steps(self) -> list[Callable[[], object]]:
        """What may happen next."""
        again = (self.buy, self.give_back, self.give_back, self.contest, self.decide)
        return [*again, self.give_back_at_stripe, self.hear, self.hear, self.look, self.wait]

    def run(self, steps: int) -> None:
        """Let things happen; after each of them the books are right."""
        self.buy()
        for _ in range(steps):
            self.step += 1
            self.now += dt.timedelta(minutes=self.lot.randint(1, 40))
            self.lot.choice(self.steps)()
            # That a refund came again is heard later than of the dispute that it made possible.
            self.require_invariants(but=("I7",))
        self.settle()
        self.require_invariants()
        self.compare()

    # --- What may happen ----------------------------------------------------------------------

    def buy(self) -> None:
        if Payment.objects.count() < MOST_PAYMENTS:
            card = self.lot.choice(["ok", "ok", "refund_fails"])
            minor = self.lot.randint(700, 9000) * 10
            key = f"buy:{self.step}"
            top_up(self.organization, self.fake, minor, key=key, card=card, now=self.now)

    def give_back(self) -> None:
        payment = self._any()
        if self.lot.random() < 0.4:
            self.fake.fail_next(self.lot.choice(FAULTS), path="/v1/refunds*", method="POST")
        part = None if self.lot.random() < 0.2 else self._part(payment)
        with suppress(Refusal):
            refund(payment, self.fake, part, key=f"refund:{self.step}", now=self.now)
        self.fake.heal()

    def give_back_at_stripe(self) -> None:
        payment = self._any()
        part, key = self._part(payment), f"dashboard:{self.step}"
        with suppress(StripeRefused):
            self.gateway.refund(str(payment.intent_id), amount_minor=part, refund="", key=key)

    def contest(self) -> None:
        payment = self._any()
        try:
            amount = None if self.lot.random() < 0.5 else self._part(payment)
            made = self.fake.dispute(str(payment.intent_id), amount=amount)
        except Refused:
            return
        self.disputes.append(made["id"])

    def decide(self) -> None:
        for dispute in self.disputes:
            if self.gateway.dispute(dispute).status == "needs_response":
                self.fake.decide_dispute(dispute, won=self.lot.random() < 0.5)
                return

    def hear(self) -> None:
        """Stripe tells of something, late, early or again."""
        told = self.gateway.refunds_of(str(self._any().intent_id))
        for facts in self.lot.choices(told, k=2) if told else []:
            take_in_refund(facts, now=self.now)
        if self.disputes:
            facts_of = self.gateway.dispute(self.lot.choice(self.disputes))
            take_in_dispute(facts_of, now=self.now)

    def look(self) -> None:
        resolve_refunds(gateway=self.gateway, now=self.now)

    def wait(self) -> None:
        self.fake.advance(hours=self.lot.choice([1, 30]))

    def _any(self) -> Payment:
        return self.lot.choice(list(Payment.objects.order_by("id")))

    def _part(self, payment: Payment) -> int:
        return self.lot.randint(1, payment.amount_minor // 10) * 10

    # --- What must be then --------------------------------------------------------------------

    def settle(self) -> None:
        """Let everything be heard and looked at."""
        self.fake.advance(hours=1)
        self.now += dt.timedelta(hours=2)
        self.look()
        for payment in Payment.objects.all():
            for facts in self.gateway.refunds_of(str(payment.intent_id)):
                take_in_refund(facts, now=self.now)
        for dispute in self.disputes:
            take_in_dispute(self.gateway.dispute(dispute), now=self.now)

    def require_invariants(self, *, but: tuple[str, ...] = ()) -> None:
        for floor in (wallet, payments, invoices):
            for invariant in floor.INVARIANTS:
                broken = [] if invariant.code in but else invariant.broken(now=self.now)
                assert broken == [], f"step {self.step}: {invariant.code} {broken}"

    def compare(self) -> None:
        """Our books say what Stripe's say, and the wallet holds what was bought and not lost."""
        assert not Refund.objects.filter(status="pending").exists()
        held = Fraction(0)
        for payment in Payment.objects.all():
            told = self.gateway.refunds_of(str(payment.intent_id))
            back = sum(facts.amount_minor for facts in told if facts.status == "succeeded")
            ours = payment.refunds.filter(status="done").values_list("amount_minor", flat=True)
            assert sum(ours) == back, payment.pk
            gone = back + sum(self._contested(payment))
            assert gone <= payment.amount_minor
            assert payment.credits is not None
            held += Fraction(payment.credits) * (1 - Fraction(gone, payment.amount_minor))
        assert abs(Fraction(balance_of(self.organization)) - held) < Fraction(DUST)

    def _contested(self, payment: Payment) -> list[int]:
        found = [self.gateway.dispute(dispute) for dispute in self.disputes]
        mine = [facts for facts in found if facts.intent == payment.intent_id]
        assert {facts.id for facts in mine} == set(
            Dispute.objects.filter(payment=payment).values_list("stripe_id", flat=True)
        )
        return [facts.amount_minor for facts in mine if facts.status != "won"]
