"""A plan that is paid by card: declined, lost, to be confirmed, late; begun once it is paid."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from accounts.models import Organization
from invoices.models import Invoice
from payments.cards import NoCard
from payments.models import Payment
from plans.applying import PlanRequest, propose
from plans.applying_by_card import apply_by_card
from plans.buying import begin_bought
from plans.models import Period, Purchase, Rental
from plans.refusals import PreviewOutdated
from plans.renting import rent_several
from plans.standing import Badge, standing
from plans.subscribing import Chosen, choose_now
from tests.builders import MARCH_1, build_organization
from tests.plans.life import DAY, URLS, Life, build_monthly, current, days_of
from wallet.balances import balances

pytestmark = pytest.mark.django_db
INTENTS = "/v1/payment_intents"


def subscriber(card: str | None = "ok") -> tuple[Life, Organization]:
    build_monthly()
    build_monthly("other", price={"USD": "150.00"}, included_credits="7")
    life = Life()
    return life, life.subscriber(card=card)


def change(life: Life, organization: Organization, **how: Any) -> Chosen:
    return choose_now(
        organization,
        plan="other",
        changing=True,
        urls=URLS,
        gateway=life.gateway,
        now=life.now,
        **{"key": "form", **how},
    )


def by_staff(life: Life, organization: Organization, **how: Any) -> Payment | None:
    request = PlanRequest(plan="other", **how)
    return apply_by_card(
        organization, request, reason="asked", key="admin", gateway=life.gateway, now=life.now
    )


def test_declined_there_is_a_failed_payment_no_invoice_and_all_stays_as_it_was() -> None:
    life, acme = subscriber("declined")

    chosen = change(life, acme)
    life.sweep()

    assert (chosen.payment.status, chosen.period) == ("failed", None)  # type: ignore[union-attr]  # there is one
    assert (current(acme).number, current(acme).version.name) == (1, "Starter")
    assert balances(acme, now=life.now).plan_credits == 100
    assert not Invoice.objects.exists()
    assert standing(acme, now=life.now).badge == Badge.ACTIVE


def test_paid_it_begins_at_once_with_its_invoice_and_receipt() -> None:
    life, acme = subscriber()

    chosen = change(life, acme)

    assert chosen.period == current(acme)
    assert current(acme).source == "chosen"
    assert Invoice.objects.get() == current(acme).invoice == Payment.objects.get().invoice
    assert acme.letters.filter(code="payment_received").count() == 1


def test_the_same_form_twice_charges_and_begins_once() -> None:
    life, acme = subscriber()

    change(life, acme)
    life.sweep()

    with pytest.raises(PreviewOutdated):  # what it offered is begun
        change(life, acme)

    life.sweep()
    assert len(life.fake.moved()) == 1
    assert (Period.objects.count(), Invoice.objects.count()) == (2, 1)


@pytest.mark.parametrize("lost", ["timeout", "refused", "hang_up", "stored_500"])
def test_a_lost_answer_is_found_by_the_sweeps_and_the_plan_begins_once(lost: str) -> None:
    life, acme = subscriber()
    life.fake.fail_next(lost, path=INTENTS, method="POST")

    chosen = change(life, acme)
    meanwhile = current(acme).number
    life.fake.heal()
    for minutes in (1, 5, 30, 60):
        life.pass_time(minutes=minutes)
        life.sweep()

    assert (chosen.payment.status, meanwhile) == ("pending", 1)  # type: ignore[union-attr]  # there is one
    assert (current(acme).number, current(acme).version.name) == (2, "Other")
    assert len(life.fake.moved()) == 1
    assert Invoice.objects.count() == 1


def test_while_an_answer_is_lost_another_form_charges_nothing_more() -> None:
    life, acme = subscriber()
    life.fake.fail_next("timeout", path=INTENTS, method="POST")
    first = change(life, acme)

    again = change(life, acme, key="another form")
    staff = by_staff(life, acme)
    for minutes in (1, 5, 30, 60):
        life.pass_time(minutes=minutes)
        life.sweep()

    assert first.payment == again.payment == staff
    assert len(life.fake.moved()) == 1
    assert current(acme).number == 2


@pytest.mark.parametrize("passed", [True, False])
def test_a_card_that_must_be_confirmed_begins_the_plan_once_it_is(passed: bool) -> None:
    life, acme = subscriber("needs_action")

    chosen = change(life, acme)
    intent = str(Payment.objects.get().intent_id)
    waits = current(acme).number
    life.fake.authenticate_intent(intent, passed=passed)
    life.pass_time(hours=2)
    life.sweep()

    assert (chosen.payment.status, waits) == ("pending", 1)  # type: ignore[union-attr]  # there is one
    assert current(acme).number == (2 if passed else 1)
    assert Payment.objects.get().status == ("paid" if passed else "failed")


def test_a_page_that_is_paid_the_next_day_begins_the_plan_on_that_day() -> None:
    build_monthly()
    life = Life()
    acme = build_organization(time_zone="Asia/Tokyo")
    chosen = choose_now(
        acme,
        plan="starter",
        changing=False,
        key="form",
        urls=URLS,
        gateway=life.gateway,
        now=life.now,
    )
    life.at("2026-03-01", "16:00")

    life.finish_page(chosen.payment)

    assert days_of(current(acme)) == ("03-02", "04-01")


def test_a_declined_page_can_still_be_paid_with_another_card() -> None:
    build_monthly()
    life = Life()
    acme = build_organization()
    chosen = choose_now(
        acme,
        plan="starter",
        changing=False,
        key="form",
        urls=URLS,
        gateway=life.gateway,
        now=life.now,
    )
    life.finish_page(chosen.payment, "declined")
    declined = standing(acme, now=life.now).badge

    life.finish_page(chosen.payment)

    assert declined == Badge.NONE
    assert Payment.objects.get().status == "paid"
    assert standing(acme, now=life.now).badge == Badge.ACTIVE


def test_what_was_agreed_is_invoiced_though_the_price_has_changed_meanwhile() -> None:
    life, acme = subscriber()
    life.fake.fail_next("timeout", path=INTENTS, method="POST")
    change(life, acme)
    build_monthly("other", price={"USD": "999.00"})
    rent_several(acme, item="phone_number", quantity=1, now=life.now + dt.timedelta(minutes=1))

    life.pass_time(minutes=2)
    life.sweep()

    assert str(Invoice.objects.get().total) == "150.00"
    assert Rental.objects.get().prorata_period is not None  # it waits for the next invoice


def test_one_purchase_that_cannot_begin_keeps_no_other_waiting() -> None:
    life, acme = subscriber()
    other = life.subscriber("Second")
    for organization in (acme, other):
        life.fake.fail_next("timeout", path=INTENTS, method="POST")
        change(life, organization)
    Purchase.objects.filter(organization=acme).update(source="nonsense")

    life.pass_time(minutes=2)
    life.sweep()

    assert (current(acme).number, current(other).number) == (1, 2)
    assert begin_bought(now=life.now) == 0


def test_staff_charge_the_default_card_and_the_plan_begins_with_their_window() -> None:
    life, acme = subscriber()

    payment = by_staff(life, acme, days=10)

    assert payment is not None
    assert payment.status == "paid"
    assert days_of(current(acme)) == ("03-01", "03-10")
    assert current(acme).source == "applied"
    assert acme.letters.filter(code="plan_applied").count() == 2


def test_staff_cannot_charge_a_card_that_is_not_there_or_declined() -> None:
    life, bare = subscriber(None)
    declining = life.subscriber("Declining", card="declined")

    with pytest.raises(NoCard):
        by_staff(life, bare)
    payment = by_staff(life, declining)

    assert payment is not None
    assert payment.status == "failed"
    assert {current(bare).number, current(declining).number} == {1}
    assert not Invoice.objects.exists()


def test_staff_confirm_what_they_saw_or_nothing_is_charged() -> None:
    life, acme = subscriber()
    request = PlanRequest(plan="other")
    digest = propose(acme, request, now=MARCH_1).digest

    with pytest.raises(PreviewOutdated):
        apply_by_card(
            acme,
            request,
            reason="asked",
            key="form",
            digest=digest,
            gateway=life.gateway,
            now=MARCH_1 + DAY,
        )

    assert not Payment.objects.exists()


def test_a_free_plan_by_staff_needs_no_card() -> None:
    build_monthly("other", price={})
    life = Life()
    acme = life.subscriber(plan="other", card=None)

    assert by_staff(life, acme) is None

    assert current(acme).number == 2
