"""A purchase that nobody finishes is given up after a while; what comes after all still begins."""

from __future__ import annotations

import pytest

from accounts.models import Organization
from payments.models import Payment, Refund
from payments.unwanted import send_back
from plans.applying import PlanRequest, apply_plan
from plans.buying import begin_bought, close_abandoned
from plans.models import Purchase
from plans.standing import Badge, standing
from plans.subscribing import Chosen, choose_now
from tests.builders import build_organization
from tests.pages import statements
from tests.plans.life import DAY, URLS, Life, build_monthly

pytestmark = pytest.mark.django_db


def choose(life: Life, organization: Organization, *, key: str = "form") -> Chosen:
    return choose_now(
        organization,
        plan="starter",
        changing=False,
        key=key,
        urls=URLS,
        gateway=life.gateway,
        now=life.now,
    )


@pytest.fixture
def life() -> Life:
    build_monthly()
    return Life()


@pytest.mark.parametrize("answer", [None, "declined"])
def test_a_page_that_nobody_finishes_is_given_up_after_a_week(
    life: Life, answer: str | None
) -> None:
    chosen = choose(life, build_organization())
    if answer:
        life.finish_page(chosen.payment, answer)

    begin_bought(now=life.now + 6 * DAY)
    kept = Purchase.objects.get().closed_at
    begin_bought(now=life.now + 8 * DAY)

    assert kept is None
    assert Purchase.objects.get().closed_at == life.now + 8 * DAY


def test_what_was_given_up_costs_the_sweep_nothing(life: Life) -> None:
    for number in range(3):
        choose(life, build_organization(f"Acme {number}"))
    with statements() as before:
        begin_bought(now=life.now + 8 * DAY)
    with statements() as after:
        begin_bought(now=life.now + 9 * DAY)

    assert Purchase.objects.filter(closed_at__isnull=True).count() == 0
    assert len(after) == len(before) == 2


def test_one_that_is_paid_after_all_begins_when_its_owner_comes_back(life: Life) -> None:
    acme = build_organization()
    chosen = choose(life, acme)
    assert close_abandoned(now=life.now + 8 * DAY) == 1
    assert chosen.payment is not None
    chosen.payment.move(Payment.Status.PAID, settled_at=life.now + 8 * DAY)

    assert begin_bought(now=life.now + 8 * DAY, organization=acme) == 1

    assert standing(acme, now=life.now + 8 * DAY).badge == Badge.ACTIVE


def test_one_that_is_paid_after_all_begins_also_when_nobody_comes_back(life: Life) -> None:
    acme = build_organization()
    chosen = choose(life, acme)
    begin_bought(now=life.now + 8 * DAY)
    assert chosen.payment is not None
    chosen.payment.move(Payment.Status.PAID, settled_at=life.now + 9 * DAY)

    begun = [begin_bought(now=life.now + 9 * DAY) for _ in range(2)]

    assert begun == [1, 0]
    assert standing(acme, now=life.now + 9 * DAY).badge == Badge.ACTIVE


def test_one_that_is_paid_after_all_is_sent_back_once_where_another_plan_began(life: Life) -> None:
    acme = build_organization()
    chosen = choose(life, acme)
    begin_bought(now=life.now + 8 * DAY)
    apply_plan(acme, PlanRequest(plan="starter"), reason="by phone", now=life.now + 8 * DAY)
    assert chosen.payment is not None
    chosen.payment.move(Payment.Status.PAID, settled_at=life.now + 9 * DAY)

    begun = [begin_bought(now=life.now + 9 * DAY + DAY / 24) for _ in range(2)]

    assert begun == [0, 0]
    assert Refund.objects.get().payment == chosen.payment
    assert Purchase.objects.get().closed_at == life.now + 9 * DAY + DAY / 24


def test_one_whose_money_is_sent_back_is_given_up_at_once_and_keeps_nobody_from_buying(
    life: Life,
) -> None:
    acme = build_organization()
    chosen = choose(life, acme)
    apply_plan(acme, PlanRequest(plan="starter"), reason="by phone", now=life.now)
    assert chosen.payment is not None
    chosen.payment.move(Payment.Status.PAID, settled_at=life.now)

    for _ in range(2):
        assert begin_bought(now=life.now + DAY / 24) == 0

    purchase = Purchase.objects.get()
    assert purchase.closed_at == life.now + DAY / 24
    assert Refund.objects.get() == send_back(chosen.payment, reason="again", now=life.now)
    life.card_for(acme)
    again = choose_now(
        acme,
        plan="starter",
        changing=True,
        key="other",
        urls=URLS,
        gateway=life.gateway,
        now=life.now + DAY,
    )
    assert again.period is not None
