"""An unpaid renewal is given up: its invoice is void, and money that still comes goes back."""

from __future__ import annotations

import pytest

from invoices.models import Invoice
from payments.models import Payment
from plans.canceling import cancel
from plans.standing import Badge, standing
from tests.builders import apply
from tests.plans.life import Life, build_monthly, current, unpaid_renewal
from usage.gate import ask
from usage.questions import Question
from wallet.balances import balances

pytestmark = pytest.mark.django_db


def test_cancelled_in_grace_it_ends_at_once_and_its_invoice_is_void() -> None:
    life, acme = unpaid_renewal()
    life.at("2026-04-03", "10:00")

    cancel(acme, now=life.now)

    stands = standing(acme, now=life.now)
    assert (stands.badge, stands.is_over, stands.banner) == (Badge.CANCELED, True, None)
    asked = Question(organization=acme.external_id)
    assert ask(asked, now=life.now).code == "subscription_ended"
    assert Invoice.objects.get().status == "void"
    assert balances(acme, now=life.now).plan_credits == 0
    tried = Payment.objects.count()
    for day in range(4, 12):
        life.at(f"2026-04-{day:02}")
    assert Payment.objects.count() == tried
    assert current(acme).number == 2


def test_a_plan_that_staff_apply_voids_the_unpaid_invoice() -> None:
    life, acme = unpaid_renewal()

    apply(acme, "starter", now=life.now, invoiced=False)
    life.at("2026-04-09")

    assert Invoice.objects.get().status == "void"
    assert standing(acme, now=life.now).badge == Badge.ACTIVE
    assert Payment.objects.get().status == "failed"


def lost(life: Life) -> None:
    """Let Stripe charge and its answer be lost."""
    life.fake.fail_next("timeout", path="/v1/payment_intents", method="POST")


def test_a_lost_answer_is_no_failure_and_is_not_charged_again() -> None:
    build_monthly()
    life = Life()
    acme = life.subscriber()
    lost(life)

    life.at("2026-04-01")
    pending = (Payment.objects.get().status, standing(acme, now=life.now).badge)
    life.at("2026-04-01", "00:20")

    assert pending == ("pending", Badge.ACTIVE)
    assert Payment.objects.get().status == "paid"
    assert not acme.letters.filter(code="payment_failed").exists()
    assert current(acme).grace_ends_at is None
    assert len(life.fake.moved()) == 1


@pytest.mark.parametrize("voided_by", ["cancel", "apply"])
def test_money_that_comes_for_a_void_invoice_goes_back(voided_by: str) -> None:
    build_monthly()
    life = Life()
    acme = life.subscriber()
    lost(life)
    life.at("2026-04-01")
    if voided_by == "cancel":
        cancel(acme, now=life.now)
    else:
        apply(acme, "starter", now=life.now, invoiced=False)

    life.at("2026-04-01", "01:00")
    life.at("2026-04-01", "02:00")

    assert Invoice.objects.get().status == "void"
    assert Payment.objects.get().status == "refunded"
    assert life.fake.book()["refunds"] == 1
