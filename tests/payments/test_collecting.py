"""Bank payments: the whole of the oldest open invoice, once per bank reference."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, transaction

from accounts.arrows import WrongState
from accounts.models import Letter
from accounts.refusals import Invalid
from invoices.models import Document, Invoice
from payments.collecting import NothingToPay, record_bank_payment
from payments.models import Payment
from tests.builders import MARCH_1, apply, build_organization, build_plan
from wallet.money import Money

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def test_a_bank_payment_settles_the_oldest_open_invoice_and_owes_its_receipt() -> None:
    build_plan()
    acme = build_organization(plan="starter")
    apply(acme, "starter", now=MARCH_1 + DAY)

    payment = record_bank_payment(acme, reference="SEPA-1", now=MARCH_1 + 2 * DAY)

    assert payment.invoice is not None
    assert (payment.invoice.number, str(payment.amount)) == ("INV-000001", "99.00")
    statuses = Invoice.objects.order_by("id").values_list("status", flat=True)
    assert list(statuses) == ["paid", "open"]
    receipt = Document.objects.get(kind="receipt")
    assert receipt.number == "RCP-000001"
    assert Letter.objects.get(code="payment_received").document_number == receipt.number


def test_the_same_reference_again_is_the_same_payment() -> None:
    build_plan()
    acme = build_organization(plan="starter")
    apply(acme, "starter", now=MARCH_1 + DAY)

    first = record_bank_payment(acme, reference="SEPA-1", now=MARCH_1)
    again = record_bank_payment(acme, reference=" SEPA-1 ", now=MARCH_1 + DAY)

    assert first == again
    assert Payment.objects.count() == 1


def test_another_amount_an_empty_reference_and_nothing_open_are_refused() -> None:
    build_plan()
    acme = build_organization(plan="starter")

    with pytest.raises(Invalid) as refusal:
        record_bank_payment(acme, reference="A", amount=Money(9800, "USD"), now=MARCH_1)
    assert refusal.value.fields["amount"]
    with pytest.raises(Invalid):
        record_bank_payment(acme, reference=" ", now=MARCH_1)
    record_bank_payment(acme, reference="A", amount=Money(9900, "USD"), now=MARCH_1)
    with pytest.raises(NothingToPay):
        record_bank_payment(acme, reference="B", now=MARCH_1)


def test_the_database_refuses_a_second_payment_of_an_invoice() -> None:
    build_plan()
    acme = build_organization(plan="starter")
    payment = record_bank_payment(acme, reference="A", now=MARCH_1)

    with pytest.raises(IntegrityError, match="an_invoice_is_paid_once"), transaction.atomic():
        Payment.objects.create(
            organization=acme,
            invoice=payment.invoice,
            key="bank:B",
            method="bank",
            status="paid",
            currency="USD",
            amount_minor=9900,
            created_at=MARCH_1,
            settled_at=MARCH_1,
        )


STATES = [
    (start, to)
    for start in Payment.Status.values
    for to in Payment.Status.values
    if to not in Payment.ARROWS[start]
]


@pytest.mark.parametrize(("start", "to"), STATES)
def test_a_payment_walks_no_arrow_that_is_not_there(start: str, to: str) -> None:
    acme = build_organization()
    payment = Payment.objects.create(
        organization=acme,
        key="x",
        method="bank",
        status=start,
        currency="USD",
        amount_minor=1,
        created_at=MARCH_1,
        settled_at=MARCH_1,
    )

    with pytest.raises(WrongState):
        payment.move(to)


@pytest.mark.parametrize(
    ("start", "to"), [(start, to) for start, ends in Payment.ARROWS.items() for to in ends]
)
def test_a_payment_walks_every_arrow_once(start: str, to: str) -> None:
    acme = build_organization()
    payment = Payment.objects.create(
        organization=acme,
        key="x",
        method="bank",
        status=start,
        currency="USD",
        amount_minor=1,
        created_at=MARCH_1,
        settled_at=MARCH_1,
    )
    stale = Payment.objects.get()

    payment.move(to)

    assert Payment.objects.get().status == to
    with pytest.raises(WrongState):
        stale.move(to)
