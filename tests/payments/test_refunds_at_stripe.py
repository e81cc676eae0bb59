"""Refunds at Stripe: its silence and refusals, what comes back later, what others refund there."""

from __future__ import annotations

import datetime as dt

import pytest

from accounts.models import Act, Organization
from billing_portal.devstack.fake_stripe import FakeStripe
from invoices.models import CreditNote, Invoice
from payments.models import Payment, Refund
from payments.recording_refunds import RefundDiffers
from payments.refunding import NothingToRefund, refund_payment, resolve_refunds, take_in_refund
from payments.returning import NotPaidYet
from tests.builders import MARCH_1, build_organization
from tests.payments.money_back import balance_of, gateway_to, refund, told_refunds, top_up

pytestmark = pytest.mark.django_db
MINUTE, HOUR = dt.timedelta(minutes=1), dt.timedelta(hours=1)


@pytest.fixture
def fake() -> FakeStripe:
    return FakeStripe(seed=1)


@pytest.fixture
def acme() -> Organization:
    return build_organization()


@pytest.mark.parametrize("fault", ["refused", "hang_up", "timeout", "error_500", "stored_500"])
def test_a_lost_answer_leaves_it_pending_and_the_sweep_finds_it(
    acme: Organization, fake: FakeStripe, fault: str
) -> None:
    payment = top_up(acme, fake, 5000)
    fake.fail_next(fault, path="/v1/refunds*", method="POST")

    pending = refund(payment, fake)

    assert (pending.status, pending.look_at) == ("pending", MARCH_1 + MINUTE)
    assert balance_of(acme) == 5000
    with pytest.raises(NothingToRefund):
        refund(payment, fake, key="again")
    fake.heal()
    assert resolve_refunds(gateway=gateway_to(fake), now=MARCH_1) == 0
    assert resolve_refunds(gateway=gateway_to(fake), now=MARCH_1 + MINUTE) == 1
    assert resolve_refunds(gateway=gateway_to(fake), now=MARCH_1 + 3 * HOUR) == 0
    pending.refresh_from_db()
    assert (pending.status, balance_of(acme), fake.book()["refunds"]) == ("done", 0, 1)


def test_silence_is_asked_after_1_5_and_30_minutes_and_then_hourly(
    acme: Organization, fake: FakeStripe
) -> None:
    payment = top_up(acme, fake, 5000)
    fake.fail_next("timeout", path="/v1/refunds*", times=99)
    pending = refund(payment, fake)
    now, gaps = MARCH_1, []

    for _ in range(5):
        pending.refresh_from_db()
        assert pending.look_at is not None
        gaps.append((pending.look_at - now) // MINUTE)
        now = pending.look_at
        resolve_refunds(gateway=gateway_to(fake), now=now)

    assert gaps == [1, 4, 25, 60, 60]


def test_a_crash_before_stripe_was_asked_is_finished_by_the_sweep(
    acme: Organization, fake: FakeStripe
) -> None:
    payment = top_up(acme, fake, 5000)
    refund_payment(payment, amount=None, reason="x", key="x", gateway=None, now=MARCH_1)

    resolve_refunds(gateway=gateway_to(fake), now=MARCH_1 + HOUR)

    assert (Refund.objects.get().status, fake.book()["refunds"]) == ("done", 1)


def test_an_answer_that_was_lost_a_day_ago_is_found_and_not_refunded_twice(
    acme: Organization, fake: FakeStripe
) -> None:
    payment = top_up(acme, fake, 5000)
    fake.fail_next("timeout", path="/v1/refunds*", method="POST")
    refund(payment, fake, 2000)
    fake.advance(hours=30)

    resolve_refunds(gateway=gateway_to(fake), now=MARCH_1 + 30 * HOUR)

    assert (Refund.objects.get().status, balance_of(acme)) == ("done", 3000)
    assert len(told_refunds(fake, payment)) == 1


def test_what_stripe_refuses_failed_in_its_words_and_moves_nothing(
    acme: Organization, fake: FakeStripe
) -> None:
    payment = top_up(acme, fake, 5000)
    fake.dispute(str(payment.intent_id))

    failed = refund(payment, fake, 100)

    assert failed.status == "failed"
    assert "charged back" in failed.failure
    assert (balance_of(acme), CreditNote.objects.count()) == (5000, 0)
    assert Act.objects.get(verb="refund_failed").reason == "Agreed on the phone"


def test_a_refund_that_the_bank_sends_back_puts_the_credits_back_once(
    acme: Organization, fake: FakeStripe
) -> None:
    payment = top_up(acme, fake, 5000, card="refund_fails")
    refund(payment, fake)
    assert balance_of(acme) == 0
    fake.advance(seconds=10)

    for _ in range(3):
        take_in_refund(told_refunds(fake, payment)[0], now=MARCH_1 + HOUR)

    payment.refresh_from_db()
    assert Refund.objects.get().status == "failed"
    assert (payment.status, payment.refunded_minor, balance_of(acme)) == ("paid", 0, 5000)
    act = Act.objects.get(verb="refund_failed")
    assert "The credits are in the wallet again; the credit note stands." in act.summary


def test_after_a_failed_refund_the_next_one_uses_the_credit_note_that_stands(
    acme: Organization, fake: FakeStripe
) -> None:
    payment = top_up(acme, fake, 5000, card="refund_fails")
    refund(payment, fake, 3000)
    fake.advance(seconds=10)
    take_in_refund(told_refunds(fake, payment)[0], now=MARCH_1)

    refund(payment, fake, 2000, key="two")
    refund(payment, fake, 2500, key="three")

    notes = CreditNote.objects.order_by("id").values_list("amount_minor", flat=True)
    assert list(notes) == [3000, 1500]
    assert Invoice.objects.get().credited_minor == 4500


def test_a_refund_made_at_stripe_is_taken_in_once(acme: Organization, fake: FakeStripe) -> None:
    payment = top_up(acme, fake, 5000)
    gateway_to(fake).refund(str(payment.intent_id), amount_minor=1500, refund="", key="dashboard")
    facts = told_refunds(fake, payment)[0]

    taken = [take_in_refund(facts, now=MARCH_1) for _ in range(3)]

    payment.refresh_from_db()
    assert len({row.pk for row in taken if row}) == 1
    assert (payment.refunded_minor, balance_of(acme)) == (1500, 3500)
    assert CreditNote.objects.get().reason == "Refunded in Stripe's dashboard"


def test_a_voided_hold_is_no_refund_and_an_unpaid_payment_is_looked_at_first(
    acme: Organization, fake: FakeStripe
) -> None:
    payment = top_up(acme, fake, 5000)
    refund(payment, fake)
    facts = told_refunds(fake, payment)[0]
    Refund.objects.all().delete()
    Payment.objects.update(status="checkout")

    with pytest.raises(NotPaidYet):
        take_in_refund(facts, now=MARCH_1)
    Payment.objects.update(intent_id="pi_other")
    assert take_in_refund(facts, now=MARCH_1) is None


def test_another_amount_at_stripe_is_not_written_down(acme: Organization, fake: FakeStripe) -> None:
    payment = top_up(acme, fake, 5000)
    refund(payment, fake, 2000)
    Refund.objects.update(amount_minor=1999)

    with pytest.raises(RefundDiffers):
        take_in_refund(told_refunds(fake, payment)[0], now=MARCH_1)
