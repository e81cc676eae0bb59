"""What Stripe tells us makes us look at what is so now, whatever the message says."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Organization
from payments.handling import LEASE, MOST_ATTEMPTS, handle_due
from payments.inbox import keep, replay
from payments.models import Payment, Refund, StripeEvent
from tests.builders import build_organization, build_site
from tests.payments.stripe_stage import HOUR, MINUTE, Stage, event
from wallet.models import LedgerEntry, Wallet

pytestmark = pytest.mark.django_db


def states() -> dict[str, int]:
    found = StripeEvent.objects.values_list("status", flat=True)
    return {status: list(found).count(status) for status in set(found)}


def test_a_checkout_that_was_paid_is_credited_once_however_often_it_is_told(
    stage: Stage, acme: Organization
) -> None:
    stage.fake.webhooks(doubled=True, shuffled=3)
    stage.paid_top_up(acme)

    stage.hear()
    stage.now += HOUR
    replay(StripeEvent.objects.all(), now=stage.now)
    stage.handle()

    assert Payment.objects.get().status == "paid"
    assert list(LedgerEntry.objects.values_list("kind", "credits")) == [("top_up", 5000)]
    assert states() == {"handled": StripeEvent.objects.count()}


def test_the_message_is_not_believed(stage: Stage, acme: Organization) -> None:
    payment = stage.top_up(acme)
    lie = {"id": payment.session_id, "object": "checkout.session", "payment_status": "paid"}
    keep(event(type="checkout.session.completed", data={"object": lie}), now=stage.now)

    assert stage.handle() == 1

    assert Payment.objects.get().status == "checkout"


def test_a_page_whose_name_was_lost_is_found_by_its_event(stage: Stage, acme: Organization) -> None:
    stage.paid_top_up(acme)
    Payment.objects.update(session_id=None, look_at=None)

    stage.hear()

    assert Payment.objects.get().status == "paid"


def test_a_decline_is_written_down_and_a_late_success_credits_once(
    stage: Stage, acme: Organization
) -> None:
    payment = stage.top_up(acme)
    stage.fake.complete_checkout(str(payment.session_id), "insufficient_funds")
    stage.hear()
    assert Payment.objects.get().decline_code == "insufficient_funds"

    stage.fake.complete_checkout(str(payment.session_id), "ok")
    stage.hear()

    assert Payment.objects.get().status == "paid"
    assert Wallet.objects.get().balance == 5000


def test_a_refund_made_at_stripe_takes_its_credits_back_before_or_after_the_payment(
    stage: Stage, acme: Organization
) -> None:
    payment = stage.paid_top_up(acme)
    session = stage.gateway.session(str(payment.session_id))
    assert session.intent is not None
    stage.gateway.refund(session.intent.id, amount_minor=2000, refund="", key="r")
    stage.fake.webhooks(dropped=["payment_intent.succeeded", "checkout.session.completed"])

    stage.hear()

    assert Payment.objects.get().refunded_minor == 2000
    assert Refund.objects.count() == 1
    assert Wallet.objects.get().balance == 3000


def test_a_dispute_takes_its_credits_back_and_a_won_one_returns_them(
    stage: Stage, acme: Organization
) -> None:
    payment = stage.paid_top_up(acme)
    stage.hear()
    payment.refresh_from_db()
    dispute = stage.fake.dispute(str(payment.intent_id))
    stage.hear()
    assert (Payment.objects.get().status, Wallet.objects.get().balance) == ("disputed", 0)

    stage.fake.decide_dispute(dispute["id"], won=True)
    stage.hear()

    assert (Payment.objects.get().status, Wallet.objects.get().balance) == ("paid", 5000)


@pytest.mark.parametrize(
    ("kind", "about"),
    [
        ("payment_intent.succeeded", {"id": "pi_elsewhere", "object": "payment_intent"}),
        ("customer.updated", {"id": "cus_elsewhere", "object": "customer"}),
        ("charge.succeeded", {"id": "ch_elsewhere", "object": "charge", "payment_intent": None}),
    ],
)
def test_what_is_nothing_of_ours_is_set_aside_with_the_reason(
    stage: Stage, acme: Organization, kind: str, about: dict[str, Any]
) -> None:
    keep(event(type=kind, data={"object": about}), now=stage.now)

    assert stage.handle() == 0

    kept = StripeEvent.objects.get()
    assert kept.status == "set_aside"
    assert kept.last_error


def test_an_attempt_of_another_program_on_the_account_is_set_aside(
    stage: Stage, acme: Organization
) -> None:
    card = stage.fake.card("ok", customer=stage.customer(acme))
    stage.fake.handle(
        "POST",
        "/v1/payment_intents",
        f"amount=700&currency=usd&confirm=true&customer={stage.customer(acme)}"
        f"&payment_method={card['id']}&off_session=true&metadata[payment]=theirs",
        {"authorization": f"Bearer sk_test_{'0' * 24}"},
    )

    stage.hear()

    theirs = StripeEvent.objects.filter(payload__data__object__amount=700)
    assert {kept.status for kept in theirs} == {"set_aside"}
    assert Payment.objects.count() == 0


def test_a_kind_that_nobody_waits_for_is_handled_as_nothing(stage: Stage) -> None:
    keep(event(type="balance.available", data={"object": {"object": "balance"}}), now=stage.now)

    assert stage.handle() == 1


def test_silence_stops_the_sweep_and_is_no_attempt(stage: Stage, acme: Organization) -> None:
    stage.paid_top_up(acme)
    stage.tell()
    StripeEvent.objects.filter(kind="customer.created").delete()
    stage.fake.fail_next("hang_up", times=1)

    assert stage.handle() == 0
    first, *others = StripeEvent.objects.order_by("id")
    assert (first.status, first.attempts) == ("waiting", 0)
    assert first.due_at == stage.now + MINUTE
    assert {other.attempts for other in others} == {0}

    stage.now += MINUTE
    stage.hear()

    assert Payment.objects.get().status == "paid"


def break_it(stage: Stage, acme: Organization) -> StripeEvent:
    """Leave one event that cannot be acted on: Stripe took another amount than was asked."""
    stage.paid_top_up(acme)
    Payment.objects.update(amount_minor=1)
    stage.tell()
    StripeEvent.objects.exclude(kind="payment_intent.succeeded").delete()
    return StripeEvent.objects.get()


def test_what_fails_waits_twice_as_long_each_time_and_is_set_aside_in_the_end(
    stage: Stage, acme: Organization
) -> None:
    kept = break_it(stage, acme)
    pauses: list[dt.timedelta] = []
    while kept.status == "waiting":
        stage.now = kept.due_at
        stage.handle()
        kept.refresh_from_db()
        pauses.append(kept.due_at - stage.now)

    assert pauses[:-1] == [MINUTE * 2**n for n in range(MOST_ATTEMPTS - 1)]
    assert (kept.status, kept.attempts) == ("set_aside", MOST_ATTEMPTS)
    assert "AmountDiffers" in kept.last_error


def test_a_bad_event_does_not_stop_the_others(stage: Stage, acme: Organization) -> None:
    break_it(stage, acme)
    keep(event(2, type="balance.available", data={"object": {}}), now=stage.now)

    assert stage.handle() == 1


def test_an_event_that_ends_its_worker_is_taken_again_and_not_for_ever(
    stage: Stage, acme: Organization
) -> None:
    keep(event(type="balance.available", data={"object": {}}), now=stage.now)
    StripeEvent.objects.update(attempts=1, due_at=stage.now + LEASE)
    assert stage.handle() == 0

    stage.now += LEASE
    StripeEvent.objects.update(attempts=MOST_ATTEMPTS)
    assert stage.handle() == 0

    assert StripeEvent.objects.get().status == "set_aside"


def test_a_limit_leaves_the_rest_in_the_order_of_arrival(stage: Stage) -> None:
    for number in range(3):
        keep(event(number, type="balance.available", data={"object": {}}), now=stage.now)

    assert handle_due(gateway=stage.gateway, now=stage.now, limit=2) == 2

    statuses = StripeEvent.objects.order_by("id").values_list("status", flat=True)
    assert list(statuses) == ["handled", "handled", "waiting"]


def test_credits_are_exact_in_a_currency_without_decimals(stage: Stage) -> None:
    build_site("JPY")
    yen = build_organization("Yen", currency="JPY")
    from_price = Decimal(1000) / Decimal("0.01")

    stage.paid_top_up(yen, 1000)
    stage.hear()

    assert Wallet.objects.get(organization=yen).balance == from_price
