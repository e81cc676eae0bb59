"""Refunds: money goes back once, its credits leave the wallet, the invoice is credited."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Act, Letter, Organization
from accounts.refusals import Invalid
from billing_portal.devstack.fake_stripe import FakeStripe
from invoices.models import CreditNote, Document, Invoice
from payments.collecting import record_bank_payment
from payments.models import Payment, Refund
from payments.refunding import (
    NothingToRefund,
    latest_paid,
    refund_payment,
)
from tests.builders import MARCH_1, build_organization, build_plan, build_user
from tests.payments.money_back import (
    balance_of,
    build_priced,
    gateway_to,
    refund,
    spend,
    told_refunds,
    top_up,
)
from wallet.models import LedgerEntry
from wallet.money import Money

pytestmark = pytest.mark.django_db
MINUTE, HOUR = dt.timedelta(minutes=1), dt.timedelta(hours=1)


@pytest.fixture
def fake() -> FakeStripe:
    return FakeStripe(seed=1)


@pytest.fixture
def acme() -> Organization:
    return build_organization()


def bank_payment() -> Payment:
    build_plan()
    return record_bank_payment(build_organization(plan="starter"), reference="SEPA-1", now=MARCH_1)


def test_a_full_refund_of_a_top_up_takes_its_credits_back(
    acme: Organization, fake: FakeStripe
) -> None:
    payment = top_up(acme, fake, 5000)
    assert balance_of(acme) == 5000

    done = refund(payment, fake)

    payment.refresh_from_db()
    invoice = Invoice.objects.get()
    assert (done.status, done.credits, done.look_at) == ("done", 5000, None)
    assert (payment.status, payment.refunded_minor) == ("refunded", 5000)
    assert (invoice.status, invoice.credited_minor) == ("paid", 5000)
    assert balance_of(acme) == 0
    entry = LedgerEntry.objects.get(kind="refund")
    assert (entry.credits, entry.key) == (-5000, f"refund:{done.token}")
    assert fake.book()["refunds"] == 1
    assert told_refunds(fake, payment)[0].refund == str(done.token)


def test_a_refund_in_part_leaves_the_payment_paid_and_credits_that_part(
    acme: Organization, fake: FakeStripe
) -> None:
    payment = top_up(acme, fake, 5000)

    refund(payment, fake, 1250, reason="Half an hour was down")

    payment.refresh_from_db()
    note = CreditNote.objects.get()
    assert (payment.status, str(payment.refunded)) == ("paid", "12.50")
    assert (note.number, str(note.amount), note.reason) == (
        "CN-000001",
        "12.50",
        "Half an hour was down",
    )
    assert Invoice.objects.get().credited_minor == 1250
    assert balance_of(acme) == 3750


def test_the_last_part_takes_exactly_the_credits_that_are_left(fake: FakeStripe) -> None:
    acme = build_priced("EUR", "0.03")
    payment = top_up(acme, fake, 1000)
    assert payment.credits == Decimal("333.333333")

    taken = [refund(payment, fake, 333, key=str(number)).credits for number in range(3)]
    rest = refund(payment, fake, key="rest")

    payment.refresh_from_db()
    assert [str(credits) for credits in taken] == ["111.000000", "111.000000", "111.000000"]
    assert rest.credits == Decimal("0.333333")
    assert (payment.status, balance_of(acme)) == ("refunded", 0)


def test_credits_that_were_spent_are_taken_below_zero(acme: Organization, fake: FakeStripe) -> None:
    payment = top_up(acme, fake, 5000)
    spend(acme, 4000)

    refund(payment, fake)

    assert balance_of(acme) == -4000


def test_a_bank_payment_is_refunded_without_asking_anybody_and_the_plan_goes_on() -> None:
    payment = bank_payment()

    done = refund_payment(
        payment, amount=None, reason="Paid twice", key="a", gateway=None, now=MARCH_1
    )

    payment.refresh_from_db()
    assert (done.status, done.credits, done.stripe_id) == ("done", None, None)
    assert (payment.status, Invoice.objects.get().status) == ("refunded", "paid")
    assert str(CreditNote.objects.get().amount) == "99.00"
    assert not LedgerEntry.objects.filter(kind="refund").exists()
    assert payment.organization.subscription.period.replaced_at is None


def test_the_same_key_again_is_the_same_refund(acme: Organization, fake: FakeStripe) -> None:
    payment = top_up(acme, fake, 5000)

    first = refund(payment, fake, 100)
    again = refund(payment, fake, 100)

    assert first == again
    assert (balance_of(acme), fake.book()["refunds"]) == (4900, 1)
    with pytest.raises(Invalid, match="another amount"):
        refund(payment, fake, 200)


@pytest.mark.parametrize(
    ("minor", "words"),
    [(0, "above zero"), (-1, "above zero"), (5001, r"\$50.00 can be refunded")],
)
def test_an_amount_that_cannot_be_is_refused_and_changes_nothing(
    acme: Organization, fake: FakeStripe, minor: int, words: str
) -> None:
    payment = top_up(acme, fake, 5000)

    with pytest.raises(Invalid, match=words) as refusal:
        refund(payment, fake, minor)

    assert refusal.value.fields["amount"]
    assert not Refund.objects.exists()


def test_a_refund_without_a_reason_or_in_other_money_is_refused(
    acme: Organization, fake: FakeStripe
) -> None:
    payment = top_up(acme, fake, 5000)

    with pytest.raises(Invalid, match="Say why"):
        refund(payment, fake, reason=" ")
    with pytest.raises(Invalid, match="made in USD"):
        refund_payment(
            payment, amount=Money(1, "EUR"), reason="x", key="x", gateway=None, now=MARCH_1
        )


def test_what_is_not_paid_or_refunded_already_has_nothing_to_refund(
    acme: Organization, fake: FakeStripe
) -> None:
    with pytest.raises(NothingToRefund):
        latest_paid(acme)
    declined = top_up(acme, fake, 5000, card="declined")
    with pytest.raises(NothingToRefund) as refusal:
        refund(declined, fake)
    assert refusal.value.code == "nothing_to_refund"
    payment = top_up(acme, fake, 5000, key="second")
    assert latest_paid(acme) == payment
    refund(payment, fake)
    with pytest.raises(NothingToRefund):
        refund(payment, fake, key="again")


def test_an_act_is_signed_with_its_reason_and_nothing_is_mailed(
    acme: Organization, fake: FakeStripe
) -> None:
    payment, clerk = top_up(acme, fake, 5000), build_user()
    letters = Letter.objects.count()

    refund_payment(
        payment,
        amount=Money(1000, "USD"),
        reason="Agreed",
        key="a",
        gateway=gateway_to(fake),
        actor=clerk,
        now=MARCH_1,
    )

    act = Act.objects.get(verb="refund")
    assert (act.actor, act.reason) == (clerk, "Agreed")
    assert act.summary == "Refund of $10.00 of card payment INV-000001"
    assert act.after["credit_note"] == "CN-000001"
    assert Letter.objects.count() == letters


def test_the_credit_note_has_a_document_that_waits_to_be_rendered(
    acme: Organization, fake: FakeStripe
) -> None:
    refund(top_up(acme, fake, 5000), fake, 1000)

    document = Document.objects.get(kind="credit_note")
    assert (document.number, document.status) == ("CN-000001", "waiting")
    assert document.facts["total_minor"] == 1000


@pytest.mark.parametrize(
    ("currency", "price", "paid", "part", "credits", "left"),
    [
        ("JPY", "2", 7000, 1750, "875.000000", "2625"),
        ("KWD", "0.005", 10_500, 1_500, "300.000000", "1800"),
    ],
)
def test_currencies_without_and_with_three_decimals_are_refunded_right(
    fake: FakeStripe, currency: str, price: str, paid: int, part: int, credits: str, left: str
) -> None:
    acme = build_priced(currency, price)
    payment = top_up(acme, fake, paid)

    done = refund(payment, fake, part)

    assert (str(done.credits), balance_of(acme)) == (credits, Decimal(left))
    assert [one.amount_minor for one in told_refunds(fake, payment)] == [part]
    assert Document.objects.get(kind="credit_note").facts["total_minor"] == part


def test_a_card_is_not_sent_the_third_decimal_that_stripe_does_not_take(fake: FakeStripe) -> None:
    payment = top_up(build_priced("KWD", "0.005"), fake, 10_500)

    with pytest.raises(Invalid, match="two decimals"):
        refund(payment, fake, 1_005)


def test_the_database_refuses_to_refund_more_than_was_paid() -> None:
    payment = bank_payment()

    with pytest.raises(IntegrityError, match="refunded_within_paid"), transaction.atomic():
        Payment.objects.filter(pk=payment.pk).update(refunded_minor=payment.amount_minor + 1)
    with pytest.raises(IntegrityError, match="refund_above_zero"), transaction.atomic():
        Refund.objects.create(
            payment=payment, key="x", status="done", amount_minor=0, reason="x", created_at=MARCH_1
        )
