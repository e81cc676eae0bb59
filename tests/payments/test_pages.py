"""Billing history: every payment, whatever became of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
import time_machine

from accounts.models import Organization
from payments.collecting import record_bank_payment
from payments.models import Payment
from tests.builders import MARCH_1, build_organization, build_plan
from tests.pages import browser_of, see, statements

pytestmark = pytest.mark.django_db
LATE = MARCH_1 + dt.timedelta(hours=12)


@pytest.fixture(autouse=True)
def acme() -> Iterator[Organization]:
    build_plan("starter")
    with time_machine.travel(LATE, tick=False):
        yield build_organization("Acme", plan="starter", time_zone="Asia/Kolkata")


def pay(acme: Organization, status: str, count: int = 1) -> None:
    known = Payment.objects.count()
    Payment.objects.bulk_create(
        Payment(
            organization=acme,
            key=f"k{known + n}",
            method="card",
            status=status,
            currency="USD",
            amount_minor=1250,
            created_at=LATE,
            settled_at=LATE if status == "paid" else None,
        )
        for n in range(count)
    )


def test_a_bank_payment_is_told_with_its_reference_its_invoice_and_its_local_day(
    acme: Organization,
) -> None:
    record_bank_payment(acme, reference="SEPA-1107", now=LATE)

    said = see(browser_of(acme), "/billing/history/")

    # 21:00 in London is half past two the next day in Kolkata.
    assert "2 Mar 2026 Invoice Bank transfer SEPA-1107" in said
    assert "INV-000001 Paid $99.00" in said


@pytest.mark.parametrize(
    ("status", "word"),
    [
        ("failed", "Failed"),
        ("checkout", "Checkout Started, never paid"),
        ("pending", "Pending Waiting for the bank's answer"),
        ("paid", "Paid"),
        ("refunded", "Refunded"),
        ("disputed", "Disputed Contested at the bank"),
    ],
)
def test_every_payment_is_listed_whatever_became_of_it(
    acme: Organization, status: str, word: str
) -> None:
    pay(acme, status)

    assert f"{word} $12.50" in see(browser_of(acme), "/billing/history/")


def test_a_refund_in_part_says_how_much_went_back(acme: Organization) -> None:
    pay(acme, "paid")
    Payment.objects.update(refunded_minor=250)

    assert "Paid $2.50 refunded $12.50" in see(browser_of(acme), "/billing/history/")


def test_only_what_was_paid_has_a_receipt(acme: Organization) -> None:
    record_bank_payment(acme, reference="SEPA-1107", now=LATE)
    pay(acme, "failed")

    said = see(browser_of(acme), "/billing/history/")

    assert "Failed $12.50 None" in said
    assert "Paid $99.00 Receipt RCP-000001" in said


def test_without_payments_the_page_says_what_will_be_here(acme: Organization) -> None:
    assert "There are no payments yet." in see(browser_of(acme), "/billing/history/")


def test_another_organizations_payments_are_not_here(acme: Organization) -> None:
    pay(acme, "paid")

    said = see(browser_of(build_organization("Other")), "/billing/history/")

    assert "There are no payments yet." in said


def test_two_hundred_payments_cost_as_many_statements_as_ten(acme: Organization) -> None:
    client = browser_of(acme)
    pay(acme, "paid", 10)
    with statements() as few:
        client.get("/billing/history/")
    pay(acme, "paid", 190)
    with statements() as many:
        client.get("/billing/history/")

    assert len(many) == len(few) <= 12
