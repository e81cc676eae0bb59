"""Money comes and goes back in any order, at once or twice: the books stay right."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from billing_portal.devstack.fake_stripe import FakeStripe
from invoices.models import CreditNote, Invoice
from payments import returning
from payments.disputing import take_in_dispute
from payments.models import Payment, Refund
from payments.refunding import take_in_refund
from tests.builders import MARCH_1, build_organization
from tests.faults.money_machine import MoneyMachine
from tests.faults.threads import at_once
from tests.payments.money_back import (
    balance_of,
    gateway_to,
    refund,
    told_dispute,
    told_refunds,
    top_up,
)
from wallet.credits import ZERO
from wallet.models import LedgerEntry

at_once_in_the_database = pytest.mark.django_db(transaction=True)


def run(seeds: range, steps: int) -> None:
    for seed in seeds:
        with transaction.atomic():
            try:
                MoneyMachine(seed).run(steps)
            except AssertionError as error:
                raise AssertionError(f"seed {seed}: {error}") from error
            transaction.set_rollback(True)


@pytest.mark.django_db
def test_in_any_order_the_books_say_what_stripe_s_say() -> None:
    run(range(8), 20)


@pytest.mark.faults
@pytest.mark.django_db
def test_in_300_orders_of_50_steps_the_books_say_what_stripe_s_say() -> None:
    run(range(1_000, 1_300), 50)


@pytest.mark.django_db
def test_credits_that_are_not_given_back_once_a_dispute_is_won_are_found(monkeypatch: Any) -> None:
    monkeypatch.setattr("payments.disputing.put_back", lambda *_, **__: None)

    with pytest.raises(AssertionError, match="I6"):
        run(range(8), 20)


@pytest.mark.django_db
def test_a_share_that_forgets_what_went_before_is_found(monkeypatch: Any) -> None:
    monkeypatch.setattr(returning, "_credits_gone", lambda _: ZERO)

    with pytest.raises(AssertionError, match="seed"):
        run(range(8), 20)


def refunds_at_once(threads: int) -> tuple[Payment, list[BaseException]]:
    """Let threads refund 7.00 each of one payment of 50.00."""
    fake = FakeStripe(seed=1)
    payment = top_up(build_organization(), fake, 5000)
    raised = at_once(threads, lambda number: refund(payment, fake, 700, key=f"{number}"))
    payment.refresh_from_db()
    return payment, raised


@at_once_in_the_database
def test_refunds_at_once_never_exceed_what_was_paid() -> None:
    payment, raised = refunds_at_once(16)

    assert (Refund.objects.count(), len(raised)) == (7, 9)
    assert {type(error).__name__ for error in raised} <= {"Invalid", "NothingToRefund"}
    assert (payment.status, payment.refunded_minor) == ("paid", 4900)
    assert balance_of(payment.organization) == 100
    assert Invoice.objects.get().credited_minor == 4900
    numbers = CreditNote.objects.order_by("number").values_list("number", flat=True)
    assert list(numbers) == [f"CN-{number:06d}" for number in range(1, 8)]


@at_once_in_the_database
def test_without_the_lock_too_many_refunds_are_asked_for(monkeypatch: Any) -> None:
    def unlocked(payment: Payment) -> Payment:
        return Payment.objects.select_related("organization").get(pk=payment.pk)

    monkeypatch.setattr("payments.refunding.lock_payment", unlocked)

    refunds_at_once(16)

    assert Refund.objects.count() > 7


@at_once_in_the_database
def test_the_same_refund_asked_for_and_told_of_by_many_is_made_once() -> None:
    fake = FakeStripe(seed=1)
    payment = top_up(build_organization(), fake, 5000)
    raised = at_once(16, lambda _: refund(payment, fake, 700, key="same"))
    facts = told_refunds(fake, payment)

    raised += at_once(16, lambda _: take_in_refund(facts[0], now=MARCH_1))

    assert raised == []
    assert len(facts) == 1
    assert Refund.objects.get().status == "done"
    assert LedgerEntry.objects.filter(kind="refund").count() == 1


@at_once_in_the_database
@pytest.mark.parametrize(("won", "left"), [(True, 5000), (False, 0)])
def test_a_dispute_that_many_tell_of_moves_its_credits_once(won: bool, left: int) -> None:
    fake = FakeStripe(seed=1)
    payment = top_up(build_organization(), fake, 5000)
    opened = told_dispute(fake, fake.dispute(str(payment.intent_id))["id"])
    fake.decide_dispute(opened.id, won=won)
    closed = gateway_to(fake).dispute(opened.id)
    told = (opened, closed)

    raised = at_once(16, lambda number: take_in_dispute(told[number % 2], now=MARCH_1))

    assert raised == []
    assert balance_of(payment.organization) == left
    assert LedgerEntry.objects.filter(kind="refund").count() == (2 if won else 1)
    assert CreditNote.objects.count() == (0 if won else 1)
