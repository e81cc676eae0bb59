"""What Stripe says, as plain facts: read from its objects, in our words and units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wallet.money import Money

Plain = dict[str, Any]
"""One of Stripe's objects as JSON has it."""


@dataclass(frozen=True, slots=True)
class Intent:
    """The present state of one attempt at Stripe; amounts in minor units."""

    id: str
    status: str
    amount: Money
    payment: str = ""
    hold: str = ""
    charge: str = ""
    card: str = ""
    decline_code: str = ""
    words: str = ""
    action_url: str = ""

    @property
    def is_paid(self) -> bool:
        return self.status == "succeeded"

    @property
    def is_over(self) -> bool:
        """Answer whether no money will come of it: declined, or given up."""
        return self.status == "canceled" or (
            self.status == "requires_payment_method" and bool(self.decline_code)
        )

    @property
    def needs_action(self) -> bool:
        return self.status == "requires_action"


@dataclass(frozen=True, slots=True)
class Session:
    """A hosted page: for paying, or for setting up a card."""

    id: str
    status: str
    url: str = ""
    payment: str = ""
    organization: str = ""
    customer: str = ""
    intent: Intent | None = None
    card: str = ""


@dataclass(frozen=True, slots=True)
class CardFacts:
    """A card as Stripe shows it: never its number."""

    id: str
    customer: str
    brand: str
    last4: str
    exp_month: int
    exp_year: int


@dataclass(frozen=True, slots=True)
class RefundFacts:
    """The present state of a refund at Stripe."""

    id: str
    status: str
    amount_minor: int
    refund: str = ""
    intent: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class DisputeFacts:
    """The present state of a dispute at Stripe."""

    id: str
    status: str
    amount_minor: int
    intent: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Charge:
    """A card that is to be charged: how much, whose, for which payment of ours."""

    amount: Money
    customer: str
    card: str
    payment: str
    description: str
    present: bool
    return_url: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)


def intent_facts(found: Plain) -> Intent:
    """Read a payment intent; expand its ``latest_charge`` to learn why it was declined."""
    charge = found.get("latest_charge")
    metadata = found.get("metadata") or {}
    error = found.get("last_payment_error") or {}
    action = found.get("next_action") or {}
    return Intent(
        id=found["id"],
        status=found["status"],
        amount=Money(found["amount"], found["currency"].upper()),
        payment=metadata.get("payment", ""),
        hold=metadata.get("hold", ""),
        charge=_id(charge),
        card=_id(found.get("payment_method")),
        decline_code=error.get("decline_code") or error.get("code") or "",
        words=error.get("message") or "",
        action_url=(action.get("redirect_to_url") or {}).get("url") or "",
    )


def session_facts(found: Plain) -> Session:
    """Read a checkout session; expand its intent to learn what became of it."""
    metadata = found.get("metadata") or {}
    intent, setup = found.get("payment_intent"), found.get("setup_intent")
    return Session(
        id=found["id"],
        status=found["status"],
        url=found.get("url") or "",
        payment=metadata.get("payment", ""),
        organization=metadata.get("organization", ""),
        customer=_id(found.get("customer")),
        intent=intent_facts(intent) if isinstance(intent, dict) else None,
        card=_id(setup.get("payment_method")) if isinstance(setup, dict) else "",
    )


def card_facts(found: Plain) -> CardFacts:
    """Read a payment method that is a card."""
    card = found["card"]
    return CardFacts(
        id=found["id"],
        customer=_id(found.get("customer")),
        brand=card["brand"],
        last4=card["last4"],
        exp_month=card["exp_month"],
        exp_year=card["exp_year"],
    )


def refund_facts(found: Plain) -> RefundFacts:
    """Read a refund."""
    return RefundFacts(
        id=found["id"],
        status=found.get("status") or "pending",
        amount_minor=found["amount"],
        refund=(found.get("metadata") or {}).get("refund", ""),
        intent=_id(found.get("payment_intent")),
        words=found.get("failure_reason") or "",
    )


def dispute_facts(found: Plain) -> DisputeFacts:
    """Read a dispute."""
    return DisputeFacts(
        id=found["id"],
        status=found["status"],
        amount_minor=found["amount"],
        intent=_id(found.get("payment_intent")),
        reason=found.get("reason") or "",
    )


def declined_facts(error: Plain, charge: Charge) -> Intent:
    """Read a decline that came as an error: the intent it names, with why."""
    intent = error.get("payment_intent")
    known = intent_facts(intent) if isinstance(intent, dict) else None
    code = error.get("decline_code") or error.get("code") or "declined"
    return Intent(
        id=known.id if known else "",
        status="requires_payment_method",
        amount=charge.amount,
        payment=charge.payment,
        charge=known.charge if known else "",
        card=charge.card,
        decline_code=code,
        words=error.get("message") or "The card was declined.",
    )


def charge_params(charge: Charge) -> Plain:
    """Write a charge as Stripe takes it, confirmed at once."""
    params: Plain = {
        "amount": charge.amount.minor,
        "currency": charge.amount.currency.lower(),
        "customer": charge.customer,
        "payment_method": charge.card,
        "payment_method_types": ["card"],
        "confirm": True,
        "description": charge.description,
        "metadata": {**charge.metadata, "payment": charge.payment},
        "expand": ["latest_charge"],
    }
    if charge.return_url:
        params["return_url"] = charge.return_url
    return params


def _id(found: Any) -> str:
    """Answer the id of an object, expanded or not."""
    return found["id"] if isinstance(found, dict) else str(found or "")
