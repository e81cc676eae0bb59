"""Owners choose plans: now, at the period's end, on a day; each refusal, and their order."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from accounts.models import Organization
from accounts.refusals import Invalid, Refusal
from invoices.models import Invoice
from payments.models import Payment
from plans.canceling import cancel
from plans.models import Plan, ScheduledChange, Site
from plans.refusals import (
    AlreadySubscribed,
    NoSubscription,
    NothingScheduled,
    PaidPlanOnly,
    PaymentDue,
    PlanNotAvailable,
    PreviewOutdated,
    TrialUsed,
)
from plans.standing import Badge, standing
from plans.subscribing import (
    Chosen,
    cancel_change,
    choose_now,
    preview_choice,
    schedule_change,
)
from tests.builders import MARCH_1, apply, build_organization, build_plan
from tests.plans.life import DAY, URLS, Life, build_monthly, current, days_of

pytestmark = pytest.mark.django_db


def choose(life: Life, organization: Organization, plan: str, **how: Any) -> Chosen:
    return choose_now(
        organization,
        plan=plan,
        urls=URLS,
        gateway=life.gateway,
        now=life.now,
        **{"changing": False, "key": "form", **how},
    )


def refusal_of(organization: Organization, plan: str, *, changing: bool, life: Life) -> str:
    with pytest.raises(Refusal) as refusal:
        preview_choice(organization, plan=plan, changing=changing, now=life.now)
    return refusal.value.code


@pytest.mark.parametrize(
    ("plan", "terms"),
    [
        ("nonsense", {}),
        ("hidden", {}),
        ("enterprise", {"kind": "enterprise"}),
        ("by-staff", {"auto_renew": False}),
        ("euro", {"price": {"EUR": "1.00"}}),
    ],
)
def test_owners_choose_public_standard_renewing_plans_of_their_currency(
    plan: str, terms: dict[str, Any]
) -> None:
    life = Life()
    if plan != "nonsense":
        made = build_monthly(plan, **terms)
        if plan == "hidden":
            Plan.objects.filter(pk=made.pk).update(retired_at=MARCH_1)

    assert refusal_of(build_organization(), plan, changing=False, life=life) == "plan_not_available"


def test_the_plan_s_own_fitness_goes_before_the_organization_s_state() -> None:
    build_monthly()
    build_monthly("by-staff", auto_renew=False)
    build_plan("trial", "trial")
    life = Life()
    acme = build_organization(plan="trial")
    apply(acme, "starter", now=life.now, invoiced=False)
    life.at("2026-04-01")

    for changing in (False, True):
        asked = {
            plan: refusal_of(acme, plan, changing=changing, life=life)
            for plan in ("trial", "by-staff", "starter")
        }

        assert asked == {
            "trial": TrialUsed.code,
            "by-staff": PlanNotAvailable.code,
            "starter": PaymentDue.code,
        }


def test_what_runs_is_changed_and_what_does_not_run_is_subscribed_to() -> None:
    build_monthly()
    build_plan("trial", "trial")
    life = Life()
    fresh, trial = build_organization("Fresh"), build_organization("Trial", plan="trial")
    running = life.subscriber()

    assert refusal_of(fresh, "starter", changing=True, life=life) == NoSubscription.code
    assert refusal_of(trial, "starter", changing=True, life=life) == PaidPlanOnly.code
    assert refusal_of(running, "starter", changing=False, life=life) == AlreadySubscribed.code
    life.now += 90 * DAY
    assert refusal_of(running, "starter", changing=True, life=life) == PaidPlanOnly.code


def test_a_subscription_is_paid_on_stripe_s_page_and_begins_when_stripe_says_paid() -> None:
    build_monthly()
    life = Life()
    acme = build_organization()

    chosen = choose(life, acme, "starter")
    again = choose(life, acme, "starter")
    before = standing(acme, now=life.now).badge
    life.finish_page(chosen.payment)

    assert again.checkout_url == chosen.checkout_url
    assert (before, Payment.objects.count()) == (Badge.NONE, 1)
    assert days_of(current(acme)) == ("03-01", "03-31")
    assert [(invoice.status, str(invoice.total)) for invoice in Invoice.objects.all()] == [
        ("paid", "99.00")
    ]
    assert current(acme).invoice == Invoice.objects.get()


def test_a_page_that_nobody_finishes_begins_nothing() -> None:
    build_monthly()
    life = Life()
    acme = build_organization()

    choose(life, acme, "starter")
    for _ in range(50):
        life.pass_time(hours=1)
        life.sweep(times=1)

    assert standing(acme, now=life.now).badge == Badge.NONE
    assert Payment.objects.get().status == "checkout"
    assert not Invoice.objects.exists()


def test_a_change_now_is_charged_to_the_default_card_with_unused_days_taken_off() -> None:
    build_monthly(price={"USD": "31.00"}, included_credits="0")
    build_monthly("other", price={"USD": "100.00"})
    life = Life()
    acme = build_organization()
    life.card_for(acme)
    first = choose(life, acme, "starter")
    life.finish_page(first.payment)
    life.at("2026-03-11", "10:00")

    chosen = choose(life, acme, "other", changing=True, key="change")

    assert chosen.period is not None
    assert days_of(chosen.period) == ("03-11", "04-10")
    lines = Invoice.objects.latest("id").lines.order_by("position")
    assert [(line.code, str(line.amount)) for line in lines] == [
        ("plan", "100.00"),
        ("unused_days", "-20.00"),  # 20 of 31 days are not begun
    ]
    assert life.fake.moved()[-1]["amount"] == 8000


def test_where_the_site_says_so_unused_days_are_not_credited() -> None:
    build_monthly()
    life = Life()
    acme = life.subscriber()
    Site.objects.update(credit_unused_days=False)

    change = preview_choice(acme, plan="starter", changing=True, now=life.now)

    assert [line.code for line in change.lines] == ["plan"]


def test_a_plan_that_costs_nothing_begins_at_once_without_payment() -> None:
    build_monthly(price={})
    life = Life()
    acme = build_organization()

    chosen = choose(life, acme, "starter")

    assert chosen.period is not None
    assert chosen.period.source == "chosen"
    assert not Payment.objects.exists()
    assert not Invoice.objects.exists()


def test_a_choice_whose_preview_is_outdated_is_refused_and_nothing_is_charged() -> None:
    build_monthly()
    build_monthly("other")
    life = Life()
    acme = life.subscriber()
    digest = preview_choice(acme, plan="other", changing=True, now=life.now).digest
    build_monthly("other", price={"USD": "120.00"})

    with pytest.raises(PreviewOutdated):
        choose(life, acme, "other", changing=True, digest=digest)

    assert not Payment.objects.exists()


def test_choosing_a_plan_takes_a_cancellation_back() -> None:
    build_monthly()
    build_monthly("other")
    life = Life()
    scheduling, changing = life.subscriber("One"), life.subscriber("Two")
    for organization in (scheduling, changing):
        cancel(organization, now=life.now)

    schedule_change(scheduling, plan="other", starts_on=None, now=life.now)
    choose(life, changing, "other", changing=True)

    for organization in (scheduling, changing):
        assert standing(organization, now=life.now).badge == Badge.ACTIVE
    assert standing(scheduling, now=life.now).next_billing_day == dt.date(2026, 4, 1)


def test_a_change_is_scheduled_for_the_day_after_the_last_and_a_new_one_replaces_it() -> None:
    build_monthly()
    build_monthly("other")
    life = Life()
    acme = life.subscriber()

    first = schedule_change(acme, plan="other", starts_on=None, now=life.now)
    life.pass_time(minutes=1)
    schedule_change(acme, plan="starter", starts_on=dt.date(2026, 3, 9), now=life.now)

    assert first.starts_on == dt.date(2026, 4, 1)
    upcoming = standing(acme, now=life.now).upcoming
    assert upcoming == ScheduledChange.objects.get()
    assert (upcoming.plan.code, upcoming.starts_on) == ("starter", dt.date(2026, 3, 9))
    assert acme.letters.filter(code="plan_change_scheduled").count() == 2


@pytest.mark.parametrize("day", ["2026-03-01", "2026-02-28", "2036-12-31"])
def test_a_change_is_scheduled_for_a_day_to_come_within_ten_years(day: str) -> None:
    build_monthly()
    life = Life()
    acme = life.subscriber()

    with pytest.raises(Invalid) as refusal:
        schedule_change(acme, plan="starter", starts_on=dt.date.fromisoformat(day), now=life.now)

    assert set(refusal.value.fields) == {"when"}


def test_a_change_is_refused_for_the_plan_then_for_the_state_then_for_its_day() -> None:
    build_monthly()
    life = Life()
    fresh, failing = build_organization(), life.subscriber(card="declined")
    past = MARCH_1.date() - DAY

    with pytest.raises(PlanNotAvailable):
        schedule_change(fresh, plan="nonsense", starts_on=past, now=life.now)
    with pytest.raises(NoSubscription):
        schedule_change(fresh, plan="starter", starts_on=past, now=life.now)
    life.at("2026-04-01")
    with pytest.raises(PaymentDue):
        schedule_change(failing, plan="starter", starts_on=past, now=life.now)


def test_a_scheduled_change_is_cancelled_once_and_the_plan_renews_again() -> None:
    build_monthly()
    build_monthly("other")
    life = Life()
    acme = life.subscriber()
    schedule_change(acme, plan="other", starts_on=None, now=life.now)

    cancel_change(acme, now=life.now)

    with pytest.raises(NothingScheduled):
        cancel_change(acme, now=life.now)
    life.at("2026-04-01")
    assert current(acme).version.name == "Starter"


@pytest.mark.parametrize("kept", [False, True])
def test_any_plan_that_takes_effect_but_a_renewal_drops_what_was_scheduled(kept: bool) -> None:
    build_monthly()
    build_monthly("other")
    life = Life()
    acme = life.subscriber()
    schedule_change(acme, plan="other", starts_on=dt.date(2026, 4, 20), now=life.now)

    if kept:
        life.at("2026-04-01")
    else:
        apply(acme, "starter", now=life.now, invoiced=False)

    assert ScheduledChange.objects.exists() is kept
