"""Money for an invoice that waits for none any more is taken, and goes back by itself."""

from __future__ import annotations

import pytest

from billing_portal.devstack.fake_stripe import FakeStripe
from invoices.issuing import issue_invoice
from invoices.models import CreditNote, Document, Invoice
from invoices.totals import Line
from payments.customers import customer_of
from payments.facts import Charge
from payments.models import Payment, Refund
from payments.refunding import resolve_refunds
from payments.unwanted import drop_invoice, send_back
from tests.builders import MARCH_1, build_organization
from tests.payments.money_back import gateway_to
from wallet.money import Money

pytestmark = pytest.mark.django_db


def charged(fake: FakeStripe) -> Payment:
    """Make a payment of an open invoice whose card was charged, and which is not recorded yet."""
    acme = build_organization()
    lines = [Line("plan", "Starter", Money(9900, "USD"))]
    invoice = issue_invoice(acme, key="plan", lines=lines, now=MARCH_1)
    payment = Payment.objects.create(
        organization=acme,
        invoice=invoice,
        key="collect:plan",
        method="card",
        status="pending",
        currency="USD",
        amount_minor=9900,
        created_at=MARCH_1,
    )
    gateway = gateway_to(fake)
    customer = customer_of(acme, gateway=gateway, now=MARCH_1)
    card = fake.card("ok", customer=customer)["id"]
    charge = Charge(payment.amount, customer, card, str(payment.token), "Starter", present=True)
    payment.intent_id = gateway.charge(charge, key="charge").id
    payment.save()
    return payment


def recorded(payment: Payment) -> Payment:
    """Record a payment as paid, as the settling verb does it."""
    reason = drop_invoice(payment)
    payment.move("paid", settled_at=MARCH_1)
    if reason:
        send_back(payment, reason=reason, now=MARCH_1)
    return payment


@pytest.mark.parametrize("status", ["void", "paid"])
def test_the_money_goes_back_and_neither_receipt_nor_credit_note_is_written(status: str) -> None:
    fake = FakeStripe(seed=1)
    payment = charged(fake)
    Invoice.objects.get().move(status, settled_at=MARCH_1)

    recorded(payment)
    resolve_refunds(gateway=gateway_to(fake), now=MARCH_1)

    payment.refresh_from_db()
    assert (payment.status, payment.invoice, payment.reference) == (
        "refunded",
        None,
        f"INV-000001, {status} already",
    )
    assert Refund.objects.get().reason == f"The invoice was {status} already"
    assert fake.book()["refunds"] == 1
    assert CreditNote.objects.count() == 0
    assert not Document.objects.filter(kind="receipt").exists()


@pytest.mark.parametrize("status", ["open", "uncollectible"])
def test_an_invoice_that_waits_for_money_keeps_its_payment(status: str) -> None:
    payment = charged(FakeStripe(seed=1))
    if status != "open":
        Invoice.objects.get().move(status)

    recorded(payment)

    payment.refresh_from_db()
    assert payment.invoice is not None
    assert not Refund.objects.exists()


def test_the_refund_is_intended_once() -> None:
    payment = charged(FakeStripe(seed=1))
    Invoice.objects.get().move("void")

    first = send_back(payment, reason="The invoice was void already", now=MARCH_1)

    assert send_back(payment, reason="The invoice was void already", now=MARCH_1) == first
