"""Disputes: credits leave the wallet when one opens, and come back once if it is won."""

from __future__ import annotations

import itertools
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts.arrows import WrongState
from accounts.models import Act, Letter, Organization
from billing_portal.devstack.fake_stripe import FakeStripe
from invoices.models import CreditNote, Invoice
from payments.disputing import take_in_dispute
from payments.models import Dispute, Payment
from payments.refunding import NothingToRefund, take_in_refund
from payments.returning import NotPaidYet
from tests.builders import MARCH_1, build_organization
from tests.payments.money_back import (
    balance_of,
    refund,
    spend,
    told_dispute,
    told_refunds,
    top_up,
)
from wallet.models import LedgerEntry

pytestmark = pytest.mark.django_db


@pytest.fixture
def fake() -> FakeStripe:
    return FakeStripe(seed=1)


@pytest.fixture
def acme() -> Organization:
    return build_organization()


def disputed(fake: FakeStripe, payment: Payment, amount: int | None = None) -> Any:
    """Let the card's holder contest a payment; answers what Stripe says of it."""
    return told_dispute(fake, fake.dispute(str(payment.intent_id), amount=amount)["id"])


def refund_entries() -> list[Decimal]:
    return list(
        LedgerEntry.objects.filter(kind="refund").order_by("id").values_list("credits", flat=True)
    )


def test_an_open_dispute_takes_the_credits_and_the_invoice_stays_as_it_is(
    acme: Organization, fake: FakeStripe
) -> None:
    payment = top_up(acme, fake, 5000)
    spend(acme, 1000)

    dispute = take_in_dispute(disputed(fake, payment), now=MARCH_1)

    payment.refresh_from_db()
    assert dispute is not None
    assert (dispute.status, dispute.credits, dispute.reason) == ("open", 5000, "fraudulent")
    assert (payment.status, payment.refunded_minor, balance_of(acme)) == ("disputed", 0, -1000)
    assert (Invoice.objects.get().status, CreditNote.objects.count()) == ("paid", 0)
    assert Act.objects.get(verb="dispute").summary == "Dispute of $50.00 (fraudulent) opened"


def test_a_dispute_in_part_takes_that_share(acme: Organization, fake: FakeStripe) -> None:
    payment = top_up(acme, fake, 5000)

    dispute = take_in_dispute(disputed(fake, payment, 1250), now=MARCH_1)

    assert dispute is not None
    assert (dispute.credits, balance_of(acme)) == (1250, 3750)


def test_a_dispute_that_is_won_gives_the_credits_back_once(
    acme: Organization, fake: FakeStripe
) -> None:
    payment = top_up(acme, fake, 5000)
    opened = disputed(fake, payment)
    take_in_dispute(opened, now=MARCH_1)
    fake.decide_dispute(opened.id, won=True)

    for _ in range(3):
        take_in_dispute(told_dispute(fake, opened.id), now=MARCH_1)

    payment.refresh_from_db()
    assert Dispute.objects.get().status == "won"
    assert (payment.status, balance_of(acme)) == ("paid", 5000)
    assert refund_entries() == [-5000, 5000]
    assert CreditNote.objects.count() == 0


def test_a_dispute_that_is_lost_is_a_refund_with_a_credit_note(
    acme: Organization, fake: FakeStripe
) -> None:
    payment = top_up(acme, fake, 5000)
    opened = disputed(fake, payment)
    take_in_dispute(opened, now=MARCH_1)
    fake.decide_dispute(opened.id, won=False)
    letters = Letter.objects.count()

    for _ in range(3):
        take_in_dispute(told_dispute(fake, opened.id), now=MARCH_1)

    payment.refresh_from_db()
    assert (payment.status, payment.refunded_minor, balance_of(acme)) == ("refunded", 5000, 0)
    assert (Invoice.objects.get().status, Invoice.objects.get().credited_minor) == ("paid", 5000)
    assert CreditNote.objects.get().reason == "The card's holder contested the payment"
    assert Letter.objects.count() == letters


def test_a_dispute_in_part_that_is_lost_leaves_the_payment_paid_with_that_part_credited(
    acme: Organization, fake: FakeStripe
) -> None:
    payment = top_up(acme, fake, 5000)
    opened = disputed(fake, payment, 2000)
    take_in_dispute(opened, now=MARCH_1)
    fake.decide_dispute(opened.id, won=False)

    take_in_dispute(told_dispute(fake, opened.id), now=MARCH_1)

    payment.refresh_from_db()
    assert (payment.status, payment.refunded_minor, balance_of(acme)) == ("paid", 2000, 3000)


@pytest.mark.parametrize("won", [True, False])
def test_every_order_and_repetition_ends_in_the_same_state(won: bool) -> None:
    ends, closed = set(), "won" if won else "lost"
    for order in itertools.permutations(["needs_response", "under_review", closed]):
        with transaction.atomic():
            fake = FakeStripe(seed=1)
            payment = top_up(build_organization(), fake, 5000)
            opened = disputed(fake, payment, 3000)
            for status in order * 2:
                take_in_dispute(replace(opened, status=status), now=MARCH_1)
            payment.refresh_from_db()
            notes = CreditNote.objects.count()
            ends.add((payment.status, payment.refunded_minor, *refund_entries(), notes))
            transaction.set_rollback(True)

    assert ends == {("paid", 0, -3000, 3000, 0) if won else ("paid", 3000, -3000, 1)}


def test_a_dispute_of_what_a_refund_left_takes_exactly_the_rest(
    acme: Organization, fake: FakeStripe
) -> None:
    payment = top_up(acme, fake, 4999)
    refund(payment, fake, 1667)

    opened = disputed(fake, payment)
    take_in_dispute(opened, now=MARCH_1)
    fake.decide_dispute(opened.id, won=False)
    take_in_dispute(told_dispute(fake, opened.id), now=MARCH_1)

    payment.refresh_from_db()
    assert (payment.status, payment.refunded_minor, balance_of(acme)) == ("refunded", 4999, 0)
    assert [note.amount_minor for note in CreditNote.objects.order_by("id")] == [1667, 3332]


def test_nothing_is_refunded_while_a_dispute_is_open_and_again_once_it_is_won(
    acme: Organization, fake: FakeStripe
) -> None:
    payment = top_up(acme, fake, 5000)
    opened = disputed(fake, payment)
    take_in_dispute(opened, now=MARCH_1)

    with pytest.raises(NothingToRefund):
        refund(payment, fake)
    fake.decide_dispute(opened.id, won=True)
    take_in_dispute(told_dispute(fake, opened.id), now=MARCH_1)

    assert refund(payment, fake).status == "done"
    assert balance_of(acme) == 0


@pytest.mark.parametrize(
    "status", ["warning_needs_response", "warning_under_review", "warning_closed", "prevented"]
)
def test_a_mere_question_of_the_bank_takes_nothing(
    acme: Organization, fake: FakeStripe, status: str
) -> None:
    payment = top_up(acme, fake, 5000)

    taken = take_in_dispute(replace(disputed(fake, payment), status=status), now=MARCH_1)

    assert taken is None
    assert (balance_of(acme), Dispute.objects.count()) == (5000, 0)


def test_a_dispute_of_nothing_of_ours_is_none_and_one_before_the_money_waits(
    acme: Organization, fake: FakeStripe
) -> None:
    payment = top_up(acme, fake, 5000)
    facts = disputed(fake, payment)
    Payment.objects.update(status="checkout")

    with pytest.raises(NotPaidYet):
        take_in_dispute(facts, now=MARCH_1)
    assert take_in_dispute(replace(facts, intent="pi_other"), now=MARCH_1) is None
    assert take_in_dispute(replace(facts, intent=""), now=MARCH_1) is None


STATES = [(start, to) for start in Dispute.Status.values for to in Dispute.Status.values]


@pytest.mark.parametrize(("start", "to"), STATES)
def test_a_dispute_walks_its_arrows_and_no_other(
    acme: Organization, fake: FakeStripe, start: str, to: str
) -> None:
    payment = top_up(acme, fake, 5000)
    dispute = Dispute.objects.create(
        payment=payment, stripe_id="du_1", status=start, amount_minor=1, opened_at=MARCH_1
    )

    if to in Dispute.ARROWS[start]:
        dispute.move(to)
        assert Dispute.objects.get().status == to
    else:
        with pytest.raises(WrongState):
            dispute.move(to)


def test_the_database_refuses_a_dispute_of_nothing(acme: Organization, fake: FakeStripe) -> None:
    payment = top_up(acme, fake, 5000)

    with pytest.raises(IntegrityError, match="dispute_above_zero"), transaction.atomic():
        Dispute.objects.create(payment=payment, stripe_id="du_1", amount_minor=0, opened_at=MARCH_1)


def test_a_refund_that_came_again_unheard_leaves_every_share_right_once_it_is_heard(
    acme: Organization, fake: FakeStripe
) -> None:
    payment = top_up(acme, fake, 10_000, card="refund_fails")
    refund(payment, fake, 6000)
    fake.advance(seconds=10)
    failed = told_refunds(fake, payment)[0]

    opened = disputed(fake, payment, 8000)
    take_in_dispute(opened, now=MARCH_1)
    fake.decide_dispute(opened.id, won=False)
    take_in_dispute(told_dispute(fake, opened.id), now=MARCH_1)
    elsewhere = replace(failed, id="re_2", refund="", amount_minor=1500, status="succeeded")
    take_in_refund(elsewhere, now=MARCH_1)
    assert balance_of(acme) == 10_000 - 6000 - 8000 - 1500
    take_in_refund(failed, now=MARCH_1)

    payment.refresh_from_db()
    assert balance_of(acme) == 10_000 - 8000 - 1500
    assert (payment.status, payment.refunded_minor) == ("paid", 9500)
