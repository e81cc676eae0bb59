"""Staff apply plans by card, decide what renews, rent and give back; worklists say who waits."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.db.models import QuerySet

from accounts.models import Act, Organization
from billing_portal.operating.worklists import WORKLISTS, with_badge
from invoices.models import Invoice
from payments.models import Payment
from plans.canceling import cancel
from plans.models import DemoRequest, Period, Plan, Purchase, Rental, ScheduledChange, Subscription
from plans.standing import Badge, standing
from plans.subscribing import schedule_change
from tests.billing_portal.staff import address, hidden, operator, text_of
from tests.billing_portal.test_operating import confirm, do, look
from tests.builders import MARCH_1, build_organization, build_plan
from tests.plans.life import Life, build_monthly

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)
BY_CARD = {"plan": "big", "charge": "card"}


@pytest.fixture
def life(settings: Any) -> Life:
    """A site on 1 March, with a Stripe that the console asks."""
    build_monthly()
    build_plan("big", price={"USD": "199.00"}, auto_renew=True)
    world = Life()
    settings.STRIPE_TRANSPORT = world.fake.transport
    return world


def current(organization: Organization) -> Period:
    return (
        Subscription.objects.select_related("period__version").get(organization=organization).period
    )


def found(code: str, now: dt.datetime) -> list[str]:
    """Answer the names of those on a worklist."""
    (worklist,) = (one for one in WORKLISTS if one.code == code)
    return names(worklist.find(Organization.objects.all(), now))


def names(organizations: QuerySet[Organization]) -> list[str]:
    return list(organizations.order_by("name").values_list("name", flat=True))


def test_a_plan_paid_by_card_is_charged_on_confirmation_and_takes_effect(life: Life) -> None:
    acme = life.subscriber()
    with time_machine.travel(life.now + DAY, tick=False):
        client = operator()
        preview = look(client, acme, "apply", **BY_CARD)
        assert "$199.00 is charged to Visa ending in" in text_of(preview)
        assert not Payment.objects.exists()

        confirm(client, acme, "apply", preview, **BY_CARD)

    payment = Payment.objects.get()
    assert (payment.status, payment.amount.display()) == ("paid", "$199.00")
    assert current(acme).version.name == "Big"
    assert life.fake.book()["charges"] == 1
    act = Act.objects.filter(organization=acme, verb="buy_plan").get()
    assert (act.reason, bool(act.actor)) == ("Because", True)


def test_a_declined_card_is_told_and_everything_stays_and_the_form_can_be_sent_again(
    life: Life,
) -> None:
    acme = life.subscriber(card="declined")
    before = current(acme)
    with time_machine.travel(life.now + DAY, tick=False):
        client = operator()
        preview = look(client, acme, "apply", **BY_CARD)
        token = hidden(preview, "token")

        told = confirm(client, acme, "apply", preview, **BY_CARD)

        assert "declined: Your card was declined." in text_of(told)
        assert "Nothing was changed." in text_of(told)
        assert hidden(told, "token") != token
        do(client, acme, "apply", **BY_CARD | {"charge": "invoice"})
    assert Payment.objects.get().status == "failed"
    assert current(acme).pk != before.pk
    assert Invoice.objects.filter(organization=acme, status="open").count() == 1


def test_an_answer_that_is_lost_is_pending_and_charged_once(life: Life) -> None:
    acme = life.subscriber(card="lost_answer")
    with time_machine.travel(life.now + DAY, tick=False):
        client = operator()
        preview = look(client, acme, "apply", **BY_CARD)
        confirm(client, acme, "apply", preview, **BY_CARD)

        assert "payment is pending" in text_of(client.get(address(acme)))
        confirm(client, acme, "apply", preview, **BY_CARD)
    assert Payment.objects.get().status == "pending"
    assert current(acme).version.name == "Starter"
    assert life.fake.book()["charges"] == 1


def test_without_a_card_nothing_can_be_charged_and_the_form_says_so(life: Life) -> None:
    acme = life.subscriber(card=None)
    with time_machine.travel(life.now + DAY, tick=False):
        told = look(operator(), acme, "apply", **BY_CARD)

    assert "There is no card on file." in text_of(told)


def test_the_preview_says_that_applying_voids_an_unpaid_renewal_and_drops_a_change(
    life: Life,
) -> None:
    acme = life.subscriber(card="declined")
    life.at("2026-04-01")
    invoice = Invoice.objects.get(organization=acme, status="open")
    with time_machine.travel(life.now, tick=False):
        client = operator()
        shown = text_of(client.get(address(acme)))
        preview = look(client, acme, "apply", plan="big", charge="invoice")

        assert "Payment issue : access ends on 8 Apr 2026" in shown
        assert f"Invoice {invoice} over" in text_of(preview)
        assert "becomes void" in text_of(preview)
        confirm(client, acme, "apply", preview, plan="big", charge="invoice")
    invoice.refresh_from_db()
    assert invoice.status == "void"


def test_staff_decide_that_a_plan_does_not_renew_and_take_it_back(life: Life) -> None:
    acme = life.subscriber()
    with time_machine.travel(life.now, tick=False):
        client = operator()
        preview = look(client, acme, "renewal", auto_renew="no")
        assert "renews on 1 Apr 2026" in text_of(preview)
        assert "ends after 31 Mar 2026" in text_of(preview)
        confirm(client, acme, "renewal", preview, auto_renew="no")
        assert standing(acme, now=life.now).next_billing_day is None
        assert "Renews by itself no" in text_of(client.get(address(acme)))
        assert "already" in text_of(look(client, acme, "renewal", auto_renew="no"))

        do(client, acme, "renewal", auto_renew="plan", reason="Asked for it")

    assert standing(acme, now=life.now).next_billing_day == dt.date(2026, 4, 1)
    acts = Act.objects.filter(organization=acme, verb="choose_renewal")
    assert {act.reason for act in acts} == {"Because", "Asked for it"}


def test_a_choice_that_somebody_else_changed_meanwhile_is_confirmed_anew(life: Life) -> None:
    acme = life.subscriber()
    with time_machine.travel(life.now, tick=False):
        client = operator()
        preview = look(client, acme, "renewal", auto_renew="no")
        do(client, acme, "renewal", auto_renew="yes")

        told = confirm(client, acme, "renewal", preview, auto_renew="no")

    assert "Something changed since this preview" in text_of(told)
    assert standing(acme, now=life.now).next_billing_day is not None


def test_staff_begin_and_end_a_rental_with_a_reason(life: Life) -> None:
    acme = life.subscriber()
    asked = {"item": "phone_number", "reference": "+15550100", "quantity": "1"}
    with time_machine.travel(life.now, tick=False):
        client = operator()
        preview = look(client, acme, "rent", **asked)
        assert "$0.00 $2.00" in text_of(preview)
        confirm(client, acme, "rent", preview, **asked)
        rental = Rental.objects.get(organization=acme)
        assert "Rents 1 × Phone number $2.00" in text_of(client.get(address(acme)))
        again = look(client, acme, "rent", **asked)
        assert "rented already" in text_of(again)

        do(client, acme, "return", rental=str(rental.pk), reason="Wrong number")

    rental.refresh_from_db()
    assert rental.ended_at is not None
    verbs = set(Act.objects.filter(organization=acme).values_list("verb", "reason"))
    assert {("rent", "Because"), ("give_back", "Wrong number")} <= verbs


def test_several_are_rented_at_once_and_never_twice_by_one_preview(life: Life) -> None:
    acme = life.subscriber()
    asked = {"item": "phone_number", "reference": "", "quantity": "3"}
    with time_machine.travel(life.now, tick=False):
        client = operator()
        preview = look(client, acme, "rent", **asked)
        confirm(client, acme, "rent", preview, **asked)
        confirm(client, acme, "rent", preview, **asked)
        both = look(client, acme, "rent", **asked | {"reference": "+15550100"})

    assert Rental.objects.held().filter(organization=acme).count() == 3
    assert "With a reference it is one." in text_of(both)


def test_worklists_name_who_is_in_grace_who_has_stopped_and_who_changes(life: Life) -> None:
    life.subscriber("Declined", card="declined")
    well = life.subscriber("Well")
    schedule_change(well, plan="big", starts_on=dt.date(2026, 6, 1), now=life.now)
    life.at("2026-04-02")

    assert found("grace", life.now) == ["Declined"]
    assert found("grace-over", life.now) == []
    assert found("upcoming", life.now) == ["Well"]
    assert names(with_badge(Organization.objects.all(), Badge.PAYMENT_ISSUE, now=life.now)) == [
        "Declined"
    ]
    life.at("2026-04-09")
    assert found("grace", life.now) == []
    assert found("grace-over", life.now) == ["Declined"]
    with time_machine.travel(life.now, tick=False):
        page = text_of(operator().get(address(well)))
    assert "Upcoming subscription Big starts on 1 Jun 2026" in page


def test_the_filter_by_badge_finds_what_shows_it(life: Life) -> None:
    life.subscriber("Active")
    life.subscriber("Declined", card="declined")
    canceled = life.subscriber("Canceled")
    cancel(canceled, now=life.now)
    build_organization("None", now=life.now)

    for instant in ("2026-03-20", "2026-04-02", "2026-04-20"):
        life.at(instant)
        for badge in Badge:
            shown = [
                organization.name
                for organization in Organization.objects.order_by("name")
                if standing(organization, now=life.now).badge == badge
            ]
            assert names(with_badge(Organization.objects.all(), badge, now=life.now)) == shown


def test_worklists_name_demo_requests_and_what_is_paid_and_not_begun(life: Life) -> None:
    acme = life.subscriber("Acme")
    big = Plan.objects.select_related("version").get(code="big")
    DemoRequest.objects.create(organization=acme, plan=big, at=life.now)
    payment = Payment.objects.create(
        organization=acme,
        key="plan:x",
        purpose=Payment.Purpose.PLAN,
        method=Payment.Method.CARD,
        status=Payment.Status.PAID,
        currency="USD",
        amount_minor=19900,
        created_at=life.now,
        settled_at=life.now,
    )
    assert big.version is not None
    Purchase.objects.create(
        payment=payment,
        organization=acme,
        version=big.version,
        source=Period.Source.CHOSEN,
        lines=[],
        created_at=life.now,
    )

    assert found("demos", life.now) == ["Acme"]
    assert found("bought", life.now) == ["Acme"]
    assert found("demos", MARCH_1) == ["Acme"]
    assert not ScheduledChange.objects.exists()
