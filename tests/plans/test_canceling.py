"""An owner cancels for the period's end, and may take that back until then."""

from __future__ import annotations

import datetime as dt

import pytest

from accounts.models import Act
from plans.canceling import cancel, undo_cancel
from plans.models import Period, ScheduledChange
from plans.refusals import NoSubscription, NotCanceled, PaidPlanOnly
from plans.standing import Badge, standing
from plans.subscribing import schedule_change
from tests.builders import MARCH_1, apply, build_organization, build_plan
from tests.plans.life import DAY, Life, build_monthly, current

pytestmark = pytest.mark.django_db


def test_features_stay_until_the_end_and_then_nothing_follows() -> None:
    build_monthly()
    life = Life()
    acme = life.subscriber()

    cancel(acme, now=life.now)

    stands = standing(acme, now=life.now)
    assert (stands.badge, stands.days_left, stands.next_billing_day) == (Badge.CANCELED, 31, None)
    midnight = dt.datetime(2026, 4, 1, tzinfo=dt.UTC)
    assert not standing(acme, now=midnight - dt.timedelta(microseconds=1)).is_over
    assert standing(acme, now=midnight).is_over
    life.at("2026-04-02")
    assert standing(acme, now=life.now).badge == Badge.CANCELED
    assert Period.objects.count() == 1
    assert list(acme.letters.order_by("id").values_list("code", flat=True)) == [
        "plan_applied",
        "subscription_canceled",
        "subscription_ended",
    ]


def test_who_cancelled_himself_is_not_warned_of_the_end() -> None:
    build_monthly()
    life = Life()
    acme = life.subscriber()
    cancel(acme, now=life.now)

    for day in range(20, 32):
        life.at(f"2026-03-{day}")

    assert not acme.letters.filter(code="period_ending").exists()


def test_a_scheduled_change_dies_with_it_and_does_not_come_back() -> None:
    build_monthly()
    build_monthly("other")
    life = Life()
    acme = life.subscriber()
    schedule_change(acme, plan="other", starts_on=None, now=life.now)

    cancel(acme, now=life.now)
    undo_cancel(acme, now=life.now)

    assert not ScheduledChange.objects.exists()
    life.at("2026-04-01")
    assert current(acme).version.name == "Starter"


def test_cancelled_twice_is_cancelled_once() -> None:
    build_monthly()
    acme = Life().subscriber()

    for _ in range(2):
        cancel(acme, now=MARCH_1)

    assert Act.objects.filter(verb="cancel").count() == 1
    assert acme.letters.filter(code="subscription_canceled").count() == 1


def test_taken_back_it_renews_as_if_nothing_had_been() -> None:
    build_monthly()
    life = Life()
    acme = life.subscriber()
    cancel(acme, now=life.now)
    life.at("2026-03-31", "23:59")

    undo_cancel(acme, now=life.now)

    assert standing(acme, now=life.now).badge == Badge.ACTIVE
    life.at("2026-04-01")
    assert current(acme).number == 2


def test_there_must_be_a_paid_plan_that_runs() -> None:
    build_monthly()
    build_plan("trial", "trial")
    life = Life()
    fresh, trial = build_organization("Fresh"), build_organization("Trial", plan="trial")
    ended = life.subscriber()
    Period.objects.filter(organization=ended).update(renews_until=None)

    with pytest.raises(NoSubscription):
        cancel(fresh, now=MARCH_1)
    with pytest.raises(PaidPlanOnly):
        cancel(trial, now=MARCH_1)
    with pytest.raises(NoSubscription):
        cancel(ended, now=MARCH_1 + 31 * DAY)


def test_only_a_cancellation_that_has_not_ended_is_taken_back() -> None:
    build_monthly()
    life = Life()
    acme = life.subscriber()

    with pytest.raises(NoSubscription):
        undo_cancel(build_organization(), now=MARCH_1)
    with pytest.raises(NotCanceled):
        undo_cancel(acme, now=MARCH_1)
    cancel(acme, now=MARCH_1)
    with pytest.raises(NotCanceled):
        undo_cancel(acme, now=dt.datetime(2026, 4, 1, tzinfo=dt.UTC))


def test_a_cancellation_in_grace_cannot_be_taken_back() -> None:
    build_monthly()
    life = Life()
    acme = life.subscriber(card="declined")
    life.at("2026-04-01")
    cancel(acme, now=life.now)

    with pytest.raises(NotCanceled):
        undo_cancel(acme, now=life.now)


def test_a_plan_that_staff_apply_takes_the_cancellation_back() -> None:
    build_monthly()
    life = Life()
    acme = life.subscriber()
    cancel(acme, now=life.now)

    apply(acme, "starter", now=life.now, invoiced=False)

    assert standing(acme, now=life.now).badge == Badge.ACTIVE
