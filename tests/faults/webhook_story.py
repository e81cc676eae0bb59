"""One payment and the seven events that tell of it, to be delivered in any order."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

from accounts.models import Letter
from invoices.models import CreditNote, Document, Invoice
from payments.inbox import take_in
from payments.models import Dispute, Payment, Refund, StripeEvent
from payments.reconciling import reconcile
from tests.builders import build_organization
from tests.payments.stripe_stage import Stage, signature, written
from tests.undoing import undone
from wallet.models import LedgerEntry, Wallet

KINDS = (
    "customer.created",
    "payment_intent.created",
    "payment_intent.processing",
    "charge.succeeded",
    "checkout.session.completed",
    "charge.refunded",
    "charge.dispute.created",
)
Order = Sequence[int]
EndState = dict[str, Any]

END_STATE: EndState = {
    "payment": [("disputed", 1000)],
    "wallet": [0],
    "entries": [("refund", -4000), ("refund", -1000), ("top_up", 5000)],
    "refunds": [("done", 1000, 1000)],
    "disputes": [("open", 4000, 4000)],
    "invoices": [("paid", 5000)],
    "credit notes": 1,
    "receipts": 1,
    "letters": ["payment_received"],
    "events": {"handled"},
}


class Story:
    """A top-up of 50.00 of which 10.00 were refunded and the rest is disputed; all at Stripe."""

    def __init__(self) -> None:
        self.stage = Stage()
        acme = build_organization(external_id="acme")
        payment = self.stage.paid_top_up(acme)
        intent = self.stage.gateway.session(str(payment.session_id)).intent
        assert intent is not None
        self.stage.gateway.refund(intent.id, amount_minor=1000, refund="", key="r")
        self.stage.fake.dispute(intent.id)
        self._tell_of_processing()
        self.bodies = [written(self.stage.fake.events(kind)[0]) for kind in KINDS]

    def _tell_of_processing(self) -> None:
        """Add the event that only slower ways to pay have."""
        created = self.stage.fake.events("payment_intent.created")[0]
        kind = "payment_intent.processing"
        self.stage.fake.store.add({**created, "id": "evt_processing", "type": kind})

    def deliver(self, number: int) -> None:
        """Let one event arrive."""
        now = self.stage.now
        body = self.bodies[number]
        take_in(body, signature(body, at=now.timestamp()), now=now)

    def play(self, order: Order, *, handle: bool = True) -> None:
        """Let events arrive in this order, each acted on before the next one comes."""
        for number in order:
            self.deliver(number)
            if handle:
                self.stage.handle()

    def reconcile(self) -> None:
        """Let the night find what never came."""
        reconcile(gateway=self.stage.gateway, now=self.stage.now)
        self.stage.handle()


def end_state() -> EndState:
    """Answer all that must be the same whatever the order was."""
    return {
        "payment": list(Payment.objects.values_list("status", "refunded_minor")),
        "wallet": list(Wallet.objects.values_list("balance", flat=True)),
        "entries": sorted(LedgerEntry.objects.values_list("kind", "credits")),
        "refunds": list(Refund.objects.values_list("status", "amount_minor", "credits")),
        "disputes": list(Dispute.objects.values_list("status", "amount_minor", "credits")),
        "invoices": list(Invoice.objects.values_list("status", "total_minor")),
        "credit notes": CreditNote.objects.count(),
        "receipts": Document.objects.filter(kind="receipt").count(),
        "letters": sorted(Letter.objects.values_list("code", flat=True)),
        "events": set(StripeEvent.objects.values_list("status", flat=True)),
    }


def doubled(order: Order, dice: random.Random) -> list[int]:
    """Deliver every event a second time, at a place that the dice choose."""
    twice = list(order)
    for number in order:
        twice.insert(dice.randint(0, len(twice)), number)
    return twice


def found_wrong(orders: Sequence[Order], play: Callable[[Order], None]) -> list[tuple[Order, Any]]:
    """Play each order from the same beginning; answers those that end otherwise."""
    wrong = []
    for order in orders:
        with undone():
            play(order)
            ended = end_state()
        if ended != END_STATE:
            differs = {name: is_ for name, is_ in ended.items() if is_ != END_STATE[name]}
            wrong.append((order, differs))
    return wrong
