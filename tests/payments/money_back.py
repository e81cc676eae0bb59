"""Payments whose money can go back, made through the verbs against the fake Stripe in process."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import stripe

from accounts.models import Organization
from billing_portal.devstack.fake_stripe import FakeStripe
from payments.asking import look
from payments.facts import DisputeFacts, RefundFacts
from payments.gateway import Gateway
from payments.models import Payment, Refund
from payments.refunding import refund_payment
from payments.topping_up import begin_top_up
from payments.transport import InProcess
from tests.builders import MARCH_1, build_organization
from wallet.adjusting import adjust_credits
from wallet.credits import Credits
from wallet.models import CreditPrice, Wallet
from wallet.money import Money

URLS = ("https://x.test/paid", "https://x.test/left")


def gateway_to(fake: FakeStripe) -> Gateway:
    """Answer a gateway that asks this fake."""
    client = stripe.StripeClient(
        "sk_test_" + "0" * 24,
        stripe_version="2026-08-26.dahlia",
        max_network_retries=0,
        http_client=InProcess(fake.transport),
    )
    return Gateway(client)


def build_priced(currency: str, price: str = "0.01") -> Organization:
    """Make an organization that buys its credits in a currency."""
    CreditPrice.objects.get_or_create(currency=currency, defaults={"price": Decimal(price)})
    return build_organization(currency=currency)


def top_up(
    organization: Organization,
    fake: FakeStripe,
    minor: int,
    *,
    key: str = "first",
    card: str = "ok",
    now: dt.datetime = MARCH_1,
) -> Payment:
    """Buy credits by checkout; answers the payment as it is then."""
    gateway = gateway_to(fake)
    session = begin_top_up(
        organization,
        amount=Money(minor, organization.currency),
        key=key,
        urls=URLS,
        gateway=gateway,
        now=now,
    )
    fake.complete_checkout(session.id, card)
    payment = Payment.objects.get(session_id=session.id)
    return look(payment, gateway=gateway, now=now)


def refund(
    payment: Payment,
    fake: FakeStripe,
    minor: int | None = None,
    *,
    key: str = "one",
    reason: str = "Agreed on the phone",
    now: dt.datetime = MARCH_1,
) -> Refund:
    """Refund a payment by card."""
    amount = None if minor is None else Money(minor, payment.currency)
    gateway = gateway_to(fake)
    return refund_payment(payment, amount=amount, reason=reason, key=key, gateway=gateway, now=now)


def balance_of(organization: Organization) -> Decimal:
    """Answer the credits in the wallet."""
    return Wallet.objects.get(organization=organization).balance


def spend(organization: Organization, credits: int) -> None:
    """Take credits out of the wallet, as usage would."""
    taken = Credits(Decimal(-credits))
    adjust_credits(organization, credits=taken, reason="spent", key="spent", now=MARCH_1)


def told_refunds(fake: FakeStripe, payment: Payment) -> list[RefundFacts]:
    """Answer what Stripe says now of every refund of a payment."""
    return gateway_to(fake).refunds_of(str(payment.intent_id))


def told_dispute(fake: FakeStripe, dispute: str) -> DisputeFacts:
    """Answer what Stripe says now of a dispute."""
    return gateway_to(fake).dispute(dispute)
