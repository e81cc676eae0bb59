"""A renewal whose charge fails: grace, tries, letters, and settling it in time, late or never."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection

from accounts.models import Letter, Organization
from invoices.models import Invoice
from payments.cards import choose_default
from payments.collecting import collect, record_bank_payment
from payments.gateway import through
from payments.models import Payment
from payments.transport import InProcess
from plans.dunning import collect_due, follow_payments
from plans.models import Period, Subscription
from plans.standing import Badge, standing
from plans.subscribing import schedule_change
from tests.builders import MARCH_1
from tests.plans.life import DAY, Life, build_monthly, current, days_of, unpaid_renewal
from usage.gate import ask
from usage.questions import Question
from wallet.balances import balances
from wallet.models import CreditGrant

pytestmark = pytest.mark.django_db


def codes(organization: Organization) -> list[str]:
    letters = Letter.objects.filter(organization=organization).exclude(code="plan_applied")
    return list(letters.order_by("id").values_list("code", flat=True))


def statuses() -> list[str]:
    return [payment.status for payment in Payment.objects.order_by("id")]


def gate(organization: Organization, now: dt.datetime) -> str | None:
    return ask(Question(organization=organization.external_id), now=now).code


def test_a_declined_renewal_runs_on_grace_with_all_that_the_period_grants() -> None:
    life, acme = unpaid_renewal()

    stands = standing(acme, now=life.now)
    assert (stands.badge, stands.banner) == (Badge.PAYMENT_ISSUE, "payment_pending")
    assert stands.access_ends_on == dt.date(2026, 4, 8)
    assert (days_of(current(acme)), stands.days_left) == (("04-01", "04-30"), 30)
    assert balances(acme, now=life.now).plan_credits == 100
    assert gate(acme, life.now) is None
    assert Invoice.objects.get().status == "open"
    assert codes(acme) == ["payment_failed"]


def test_the_card_is_tried_on_the_catalogue_s_days_and_only_the_first_failure_is_mailed() -> None:
    life, acme = unpaid_renewal()

    for day in range(2, 8):
        life.at(f"2026-04-0{day}", "00:00")

    tried = [payment.created_at.day for payment in Payment.objects.order_by("id")]
    assert tried == [1, 2, 4, 6]
    assert statuses() == ["failed"] * 4
    assert codes(acme) == ["payment_failed"]


def test_a_card_is_tried_at_local_midnight_of_the_day() -> None:
    build_monthly()
    life = Life()
    life.subscriber(card="declined", time_zone="America/New_York")
    life.at("2026-04-01", "04:00")

    life.at("2026-04-02", "03:59")
    before = Payment.objects.count()
    life.at("2026-04-02", "04:00")

    assert (before, Payment.objects.count()) == (1, 2)


def test_a_stolen_card_is_not_tried_again() -> None:
    life, acme = unpaid_renewal("stolen_card")

    for day in range(2, 10):
        life.at(f"2026-04-{day:02}")

    assert statuses() == ["failed"]
    assert codes(acme) == ["payment_failed", "payment_overdue"]


def test_no_card_is_a_failed_charge_of_its_own() -> None:
    life, acme = unpaid_renewal(None)

    payment = Payment.objects.get()
    assert (payment.status, payment.decline_code) == ("failed", "no_card")
    assert standing(acme, now=life.now).badge == Badge.PAYMENT_ISSUE
    assert codes(acme) == ["payment_failed"]


@pytest.mark.parametrize("first", ["declined", "stolen_card", None])
def test_another_default_card_is_charged_at_once(first: str | None) -> None:
    life, acme = unpaid_renewal(first)
    life.at("2026-04-01", "12:00")
    card = life.card_for(acme)
    choose_default(acme, card_id=card.pk, now=life.now)

    life.at("2026-04-01", "12:01")

    period = current(acme)
    assert statuses() == ["failed", "paid"]
    assert (period.grace_ends_at, days_of(period)) == (None, ("04-01", "04-30"))
    assert standing(acme, now=life.now).badge == Badge.ACTIVE
    assert CreditGrant.objects.latest("id").expires_at == period.ends_at


def test_another_default_card_that_is_declined_is_tried_once() -> None:
    life, acme = unpaid_renewal()
    card = life.card_for(acme, "declined")
    life.pass_time(minutes=1)
    choose_default(acme, card_id=card.pk, now=life.now)

    for _ in range(5):
        life.pass_time(minutes=1)
        life.sweep()

    assert statuses() == ["failed", "failed"]


def test_a_default_card_that_came_while_the_answer_was_lost_is_charged_once_that_is_known() -> None:
    build_monthly()
    life = Life()
    acme = life.subscriber(card="declined")
    life.fake.fail_next("timeout", path="/v1/payment_intents", method="POST")
    life.at("2026-04-01")
    card = life.card_for(acme)
    life.pass_time(seconds=20)
    choose_default(acme, card_id=card.pk, now=life.now)
    life.sweep()
    meanwhile = statuses()

    life.at("2026-04-01", "00:20")

    assert meanwhile == ["pending"]
    assert statuses() == ["failed", "paid"]


def test_a_bank_payment_within_the_grace_lets_the_period_run_from_its_first_day() -> None:
    life, acme = unpaid_renewal()
    life.at("2026-04-07", "23:00")
    record_bank_payment(acme, reference="B-1", now=life.now)

    life.sweep()

    assert days_of(current(acme)) == ("04-01", "04-30")
    assert current(acme).number == 2
    assert standing(acme, now=life.now + DAY).badge == Badge.ACTIVE
    assert standing(acme, now=life.now).next_billing_day == dt.date(2026, 5, 1)


def test_at_the_midnight_that_ends_the_grace_everything_stops_without_any_job() -> None:
    life, acme = unpaid_renewal()
    midnight = dt.datetime(2026, 4, 8, tzinfo=dt.UTC)

    assert gate(acme, midnight - dt.timedelta(microseconds=1)) is None
    assert gate(acme, midnight) == "payment_overdue"
    stands = standing(acme, now=midnight)
    assert (stands.badge, stands.days_left) == (Badge.EXPIRED, 0)
    assert stands.banner == "payment_pending"
    assert balances(acme, now=midnight).plan_credits == 0
    life.at("2026-04-08")
    life.at("2026-04-20")
    assert codes(acme) == ["payment_failed", "payment_overdue"]


def test_paid_after_the_grace_a_fresh_period_starts_on_that_day_with_the_same_invoice() -> None:
    life, acme = unpaid_renewal()
    life.at("2026-04-12", "10:00")
    collect(
        Invoice.objects.get(),
        key="late",
        gateway=life.gateway,
        now=life.now,
    )
    assert statuses()[-1] == "failed"
    life.fake.answers(acme.cards.get().stripe_id, "ok")
    collect(Invoice.objects.get(), key="later", gateway=life.gateway, now=life.now)

    life.sweep()

    period = current(acme)
    assert (period.number, days_of(period)) == (3, ("04-12", "05-11"))
    assert (period.invoice, Invoice.objects.get().status) == (Invoice.objects.get(), "paid")
    assert Subscription.objects.get().anchor_day == 12
    assert balances(acme, now=life.now).plan_credits == 100
    assert standing(acme, now=life.now).badge == Badge.ACTIVE
    assert len(life.fake.moved()) == 1


def test_an_overdue_plan_does_not_renew_at_its_period_s_end() -> None:
    life, acme = unpaid_renewal()

    life.at("2026-05-02")
    life.at("2026-06-02")

    assert current(acme).number == 2
    assert Invoice.objects.count() == 1


def test_a_scheduled_change_that_cannot_be_charged_runs_on_grace_as_well() -> None:
    build_monthly()
    build_monthly("other", price={"USD": "20.00"})
    life = Life()
    acme = life.subscriber(card="declined")
    schedule_change(acme, plan="other", starts_on=None, now=MARCH_1)

    life.at("2026-04-01")

    assert current(acme).version.name == "Other"
    assert standing(acme, now=life.now).badge == Badge.PAYMENT_ISSUE
    assert codes(acme) == ["plan_change_scheduled", "payment_failed"]


def test_a_charge_that_is_claimed_is_not_made_by_another_worker_that_saw_it_due_as_well() -> None:
    life, _ = unpaid_renewal()
    period = Period.objects.get(number=2)
    Period.objects.filter(pk=period.pk).update(charge_at=life.now)

    class SecondWorker:
        """Stands between the first worker's list and its claim, as a slow one does."""

        done = 0

        def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            if "FOR UPDATE" in sql and not self.done:
                self.done = 1
                gateway = through(InProcess(life.fake.transport), within_transactions=True)
                collect_due(gateway=gateway, now=life.now)
            return execute(sql, params, many, context)

    with connection.execute_wrapper(SecondWorker()):
        collect_due(gateway=life.gateway, now=life.now)

    assert statuses() == ["failed", "failed"]


def test_those_that_failed_long_ago_do_not_keep_a_settled_one_waiting() -> None:
    build_monthly()
    life = Life()
    for number in range(3):
        life.subscriber(f"Failing {number}", card="declined")
    acme = life.subscriber(card="declined")
    life.at("2026-04-01")
    record_bank_payment(acme, reference="B-1", now=life.now)

    assert follow_payments(now=life.now, limit=1) == 1

    assert current(acme).grace_ends_at is None
