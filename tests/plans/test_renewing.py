"""Plans renew by themselves on their local day: period, invoice, charge, credits, each once."""

from __future__ import annotations

import datetime as dt

import pytest

from accounts.models import Act
from invoices.models import Invoice
from payments.models import Payment
from plans.amending import amend
from plans.following import choose_renewal
from plans.models import Counter, Period, Plan, ScheduledChange, Subscription
from plans.renting import rent_several
from plans.standing import Badge, standing
from plans.subscribing import schedule_change
from tests.builders import MARCH_1, build_organization, build_plan
from tests.plans.life import DAY, Life, build_monthly, current, days_of
from wallet.balances import balances
from wallet.models import CreditGrant

pytestmark = pytest.mark.django_db


def lines(invoice: Invoice) -> list[tuple[str, str]]:
    return [(line.code, str(line.amount)) for line in invoice.lines.order_by("position")]


def test_a_plan_renews_with_one_period_invoice_charge_and_grant() -> None:
    build_monthly()
    life = Life()
    acme = life.subscriber()

    now = life.at("2026-04-01")

    period = current(acme)
    assert (period.number, days_of(period)) == (2, ("04-01", "04-30"))
    invoice = Invoice.objects.get()
    assert (invoice.status, str(invoice.total)) == ("paid", "99.00")
    assert Payment.objects.get().status == "paid"
    assert len(life.fake.moved()) == 1
    assert balances(acme, now=now).plan_credits == 100
    assert CreditGrant.objects.count() == 2
    assert standing(acme, now=now).badge == Badge.ACTIVE
    assert standing(acme, now=now).next_billing_day == dt.date(2026, 5, 1)
    assert list(acme.letters.exclude(code="plan_applied").values_list("code", flat=True)) == [
        "payment_received"
    ]


def test_it_renews_in_the_minute_after_local_midnight_and_not_before() -> None:
    build_monthly()
    life = Life()
    acme = life.subscriber(time_zone="Asia/Tokyo")

    life.at("2026-03-31", "14:59")
    before = current(acme).number
    life.at("2026-03-31", "15:00")

    assert before == 1
    assert current(acme).starts_at == dt.datetime(2026, 3, 31, 15, tzinfo=dt.UTC)


def test_a_monthly_period_keeps_its_anchor_day() -> None:
    build_monthly(price={})
    life = Life(dt.datetime(2026, 1, 31, 9, tzinfo=dt.UTC))
    life.subscriber()

    for _ in range(100):
        life.pass_time(days=1)
        life.sweep(times=1)

    assert [days_of(period) for period in Period.objects.order_by("number")] == [
        ("01-31", "02-27"),
        ("02-28", "03-30"),
        ("03-31", "04-29"),
        ("04-30", "05-30"),
    ]


def test_where_nothing_is_to_pay_there_is_no_invoice_and_the_period_runs() -> None:
    build_monthly(price={})
    life = Life()
    acme = life.subscriber(card=None)

    life.at("2026-04-01")

    period = current(acme)
    assert (period.number, period.grace_ends_at) == (2, None)
    assert not Invoice.objects.exists()
    assert not Payment.objects.exists()


def test_a_plan_that_does_not_renew_ends() -> None:
    build_monthly(auto_renew=False)
    life = Life()
    acme = life.subscriber()

    now = life.at("2026-04-01")

    assert Period.objects.count() == 1
    assert standing(acme, now=now).badge == Badge.EXPIRED
    assert acme.letters.filter(code="subscription_ended").count() == 1


def test_staff_s_choice_renews_a_plan_that_would_not() -> None:
    build_monthly(auto_renew=False)
    life = Life()
    acme = life.subscriber()
    choose_renewal(acme, auto_renew=True, now=MARCH_1)

    life.at("2026-04-01")

    assert current(acme).number == 2


def test_a_trial_ends_and_never_renews() -> None:
    build_plan("trial", "trial")
    life = Life()
    acme = build_organization(plan="trial")

    life.at("2026-03-31")

    assert current(acme).number == 1


def test_a_renewal_takes_the_newest_terms_but_those_of_a_retired_plan_stay() -> None:
    first = build_monthly()
    kept = build_monthly("kept")
    life = Life()
    acme, other = life.subscriber(), life.subscriber("Other", plan="kept")
    newer = build_monthly(price={"USD": "120.00"})
    build_monthly("kept", price={"USD": "120.00"})
    Plan.objects.filter(pk=kept.pk).update(retired_at=MARCH_1)

    life.at("2026-04-01")

    assert first.pk == newer.pk
    assert current(acme).version == newer.version
    assert current(other).version == kept.version


def test_after_a_move_to_the_east_the_next_period_begins_where_the_one_that_ran_has_ended() -> None:
    build_monthly()
    life = Life()
    acme = life.subscriber()
    ends_at = current(acme).ends_at
    amend(acme, {"time_zone": "Asia/Tokyo"}, now=MARCH_1)

    life.at("2026-04-01")

    first, second = acme.periods.order_by("number")
    assert first.ends_at == second.starts_at == ends_at
    assert (second.first_day, second.last_day) == (dt.date(2026, 4, 1), dt.date(2026, 4, 30))


def test_what_was_counted_stays_with_the_old_period() -> None:
    build_monthly(quotas={"outbound_calls": 5})
    life = Life()
    acme = life.subscriber()
    old = current(acme)
    Counter.objects.create(organization=acme, period=old, meter="outbound_calls", used=5)

    life.at("2026-04-01")

    assert not Counter.objects.filter(period=current(acme)).exists()
    assert Counter.objects.get(period=old).used == 5


def test_the_invoice_has_plan_rentals_and_the_rent_begun_meanwhile_once() -> None:
    build_monthly()
    life = Life()
    acme = life.subscriber()
    rent_several(acme, item="phone_number", quantity=2, now=MARCH_1 + 15 * DAY)

    life.at("2026-04-01")
    life.at("2026-05-01")

    april, may = Invoice.objects.order_by("id")
    assert lines(april) == [
        ("plan", "99.00"),
        ("rental:phone_number", "4.00"),
        ("rental_prorata:phone_number", "2.06"),  # 16 of 31 days, two numbers of 2.00
    ]
    assert lines(may) == [("plan", "99.00"), ("rental:phone_number", "4.00")]


def test_a_change_for_the_end_of_the_period_takes_its_place() -> None:
    build_monthly()
    build_monthly("other", price={"USD": "20.00"}, included_credits="7")
    life = Life()
    acme = life.subscriber()
    schedule_change(acme, plan="other", starts_on=None, now=MARCH_1)

    now = life.at("2026-04-01")

    period = current(acme)
    assert (period.version.name, period.source, period.number) == ("Other", "chosen", 2)
    assert str(Invoice.objects.get().total) == "20.00"
    assert balances(acme, now=now).plan_credits == 7
    assert not ScheduledChange.objects.exists()
    assert Act.objects.filter(verb="change_plan").count() == 1


def test_a_change_in_mid_period_begins_a_fresh_one_with_its_own_anchor() -> None:
    build_monthly()
    build_monthly("other")
    life = Life()
    acme = life.subscriber()
    schedule_change(acme, plan="other", starts_on=dt.date(2026, 3, 20), now=MARCH_1)

    life.at("2026-03-19", "23:59")
    before = current(acme).number
    life.at("2026-03-20")

    assert before == 1
    assert days_of(current(acme)) == ("03-20", "04-19")
    assert Subscription.objects.get().anchor_day == 20


def test_before_a_later_change_the_plan_renews_and_keeps_it() -> None:
    build_monthly()
    build_monthly("other")
    life = Life()
    acme = life.subscriber()
    schedule_change(acme, plan="other", starts_on=dt.date(2026, 4, 3), now=MARCH_1)

    life.at("2026-04-01")
    renewed = current(acme)
    life.at("2026-04-03")

    assert (renewed.version.name, renewed.source) == ("Starter", "renewed")
    assert days_of(current(acme)) == ("04-03", "05-02")
    assert [invoice.status for invoice in Invoice.objects.order_by("id")] == ["paid", "paid"]


def test_sweeps_that_are_three_days_late_renew_from_the_day_that_was_due() -> None:
    build_monthly()
    life = Life()
    acme = life.subscriber()

    now = life.at("2026-04-04")

    assert days_of(current(acme)) == ("04-01", "04-30")
    assert standing(acme, now=now).badge == Badge.ACTIVE
    assert len(life.fake.moved()) == 1


def test_late_sweeps_renew_first_and_change_then_as_they_would_have_in_time() -> None:
    build_monthly()
    build_monthly("other")
    life = Life()
    acme = life.subscriber()
    schedule_change(acme, plan="other", starts_on=dt.date(2026, 4, 3), now=MARCH_1)

    life.at("2026-04-04")

    assert [
        (period.version.name, f"{period.starts_at:%m-%d}")
        for period in Period.objects.select_related("version").order_by("number")
    ] == [("Starter", "03-01"), ("Starter", "04-01"), ("Other", "04-03")]
    assert days_of(current(acme)) == ("04-03", "05-02")


def test_months_that_were_missed_are_renewed_one_after_the_other() -> None:
    build_monthly(price={})
    life = Life()
    acme = life.subscriber()

    for _ in range(3):
        life.at("2026-06-02")

    assert days_of(current(acme)) == ("06-01", "06-30")
    assert Period.objects.count() == 4


def test_access_goes_on_while_the_sweep_is_late_but_not_for_ever() -> None:
    build_monthly()
    acme = Life().subscriber()

    late = dt.datetime(2026, 4, 7, 23, 59, tzinfo=dt.UTC)

    assert not standing(acme, now=late).is_over
    assert standing(acme, now=late + dt.timedelta(minutes=1)).is_over


def test_a_plan_that_is_sold_no_more_in_a_currency_renews_on_the_terms_it_has() -> None:
    build_monthly()
    life = Life()
    euro = life.subscriber("Euro", currency="EUR")
    acme = life.subscriber()
    had = current(euro).version
    build_monthly(price={"USD": "99.00"})

    life.at("2026-04-01")

    assert (current(euro).number, current(acme).number) == (2, 2)
    assert (current(euro).version == had, current(acme).version == had) == (True, False)
