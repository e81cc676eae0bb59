"""What follows a period: its renewal, a scheduled change, or nothing; and who decides that."""

from __future__ import annotations

import datetime as dt

import pytest

from plans.canceling import cancel
from plans.following import Prospects, choose_renewal, grace_end
from plans.models import Period, RenewalChoice, Subscription
from plans.standing import standing
from plans.subscribing import schedule_change
from tests.builders import MARCH_1, apply, build_organization, build_plan
from tests.plans.life import DAY, Life, build_monthly, current

pytestmark = pytest.mark.django_db


def subscription() -> Subscription:
    return Subscription.objects.select_related("version", "organization").get()


def renews() -> bool:
    current = subscription()
    return Prospects.of([current.pk]).renews(current)


@pytest.mark.parametrize(
    ("plan", "staff", "answer"),
    [
        (True, None, True),
        (False, None, False),
        (True, False, False),
        (False, True, True),
    ],
)
def test_staff_decide_about_renewals_before_the_plan_does(
    plan: bool, staff: bool | None, answer: bool
) -> None:
    build_monthly(auto_renew=plan)
    acme = Life().subscriber()

    choose_renewal(acme, auto_renew=staff, now=MARCH_1)

    assert renews() is answer
    assert (current(acme).renews_until is not None) is answer


def test_staff_take_their_choice_back() -> None:
    build_monthly(auto_renew=False)
    acme = Life().subscriber()
    choose_renewal(acme, auto_renew=True, now=MARCH_1)

    choose_renewal(acme, auto_renew=None, now=MARCH_1)

    assert not RenewalChoice.objects.exists()
    assert current(acme).renews_until is None


def test_staff_s_choice_outlasts_a_change_of_plan_and_comes_before_the_first() -> None:
    build_monthly()
    build_monthly("other")
    Life()
    acme = build_organization()
    choose_renewal(acme, auto_renew=False, now=MARCH_1)

    for plan in ("starter", "other"):
        apply(acme, plan, now=MARCH_1)

        assert not renews()
        assert standing(acme, now=MARCH_1).next_billing_day is None


def test_a_trial_never_renews() -> None:
    build_plan("trial", "trial", auto_renew=True)
    acme = build_organization(plan="trial")

    choose_renewal(acme, auto_renew=True, now=MARCH_1)

    assert not renews()
    assert current(acme).renews_until is None


def test_what_is_cancelled_does_not_renew() -> None:
    build_monthly()
    acme = Life().subscriber()

    cancel(acme, now=MARCH_1)

    assert not renews()
    assert current(acme).renews_until is None


def test_a_period_waits_for_its_renewal_as_long_as_a_grace_lasts() -> None:
    build_monthly()
    acme = Life(grace_days=3).subscriber()
    period = current(acme)

    assert period.ends_at == dt.datetime(2026, 4, 1, tzinfo=dt.UTC)
    assert period.over_at == dt.datetime(2026, 4, 4, tzinfo=dt.UTC)
    assert period.days_left(period.ends_at) == 0


def test_a_plan_that_does_not_renew_waits_for_a_change_at_its_end_and_for_no_later_one() -> None:
    build_monthly(auto_renew=False)
    build_monthly("other")
    acme = Life().subscriber()

    schedule_change(acme, plan="other", starts_on=None, now=MARCH_1)
    waits = current(acme).renews_until
    schedule_change(acme, plan="other", starts_on=dt.date(2026, 4, 5), now=MARCH_1)

    assert waits is not None
    assert current(acme).renews_until is None


@pytest.mark.parametrize(
    ("zone", "ends"),
    [
        ("UTC", dt.datetime(2026, 4, 4, 0, tzinfo=dt.UTC)),
        ("Europe/Berlin", dt.datetime(2026, 4, 3, 22, tzinfo=dt.UTC)),
        ("Pacific/Auckland", dt.datetime(2026, 4, 3, 11, tzinfo=dt.UTC)),
    ],
)
def test_a_grace_ends_at_a_local_midnight(zone: str, ends: dt.datetime) -> None:
    build_monthly()
    acme = Life(MARCH_1 - DAY).subscriber(time_zone=zone)
    period = Period.objects.select_related("organization").get(organization=acme)
    period.first_day = dt.date(2026, 3, 28)

    assert grace_end(period) == ends
