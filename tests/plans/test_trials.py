"""The trial: its end, its extension, and its letters, each sent once."""

from __future__ import annotations

import datetime as dt

import pytest

from accounts.models import Letter, Organization
from accounts.refusals import Invalid
from plans.models import Counter, Period
from plans.refusals import NotOnTrial
from plans.reminding import remind_due
from plans.standing import Badge, standing
from plans.trials import extend_trial
from tests.builders import MARCH_1, apply, build_organization, build_plan
from wallet.balances import balances

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def on_trial(period: str = "14 days", **terms: object) -> Organization:
    build_plan("trial", "trial", period=period, **terms)
    return build_organization(plan="trial")


def letters_after(acme: Organization, days: int) -> list[str]:
    """Let the sweep run every day at one in the morning, and answer what is owed by then."""
    for day in range(days + 1):
        remind_due(now=MARCH_1.replace(hour=1) + DAY * day)
    return list(acme.letters.order_by("id").values_list("code", flat=True))


def use_sessions(used: int, *, now: dt.datetime) -> Period:
    """Count sessions as charging will: the counter moves and the sweep is asked to look."""
    period = Period.objects.get()
    Counter.objects.update_or_create(
        organization=period.organization, period=period, meter="sessions", defaults={"used": used}
    )
    Period.objects.filter(pk=period.pk).update(look_at=now)
    return period


def test_letters_go_out_seven_and_two_days_before_the_end_and_after_it_once_each() -> None:
    acme = on_trial()

    assert letters_after(acme, 40) == ["trial_days_7", "trial_days_2", "trial_ended"]


def test_the_badge_says_ending_soon_from_the_first_reminder() -> None:
    acme = on_trial()

    badges = []
    for day in (6, 7, 13, 14):
        letters_after(acme, day)
        badges.append(standing(acme, now=MARCH_1 + DAY * day).badge)

    assert badges == [Badge.TRIAL, Badge.TRIAL_ENDING, Badge.TRIAL_ENDING, Badge.EXPIRED]


def test_a_late_sweep_sends_only_the_latest_mark_with_the_true_figure() -> None:
    acme = on_trial()

    remind_due(now=MARCH_1 + DAY * 13)

    letter = acme.letters.get()
    assert (letter.code, letter.context["days_left"]) == ("trial_days_2", 1)


def test_after_the_end_only_the_end_is_mailed() -> None:
    acme = on_trial()

    remind_due(now=MARCH_1 + DAY * 30)

    assert acme.letters.get().code == "trial_ended"


def test_a_mark_that_is_passed_when_the_trial_begins_is_not_mailed() -> None:
    acme = on_trial("5 days")

    assert letters_after(acme, 9) == ["trial_days_2", "trial_ended"]


@pytest.mark.parametrize(
    ("used", "letter"),
    [(29, None), (30, "trial_sessions_60"), (44, "trial_sessions_60"), (45, "trial_sessions_90")],
)
def test_session_marks_are_reached_at_the_first_whole_number_at_or_above(
    used: int, letter: str | None
) -> None:
    acme = on_trial(quotas={"sessions": 50})
    use_sessions(used, now=MARCH_1)

    remind_due(now=MARCH_1)
    remind_due(now=MARCH_1)

    assert list(acme.letters.values_list("code", flat=True)) == ([letter] if letter else [])


def test_sessions_that_are_used_up_end_the_trial_and_an_extension_starts_them_at_zero() -> None:
    acme = on_trial(quotas={"sessions": 50})
    period = use_sessions(50, now=MARCH_1 + DAY)
    Period.objects.filter(pk=period.pk).update(used_up_at=MARCH_1 + DAY)
    remind_due(now=MARCH_1 + DAY)
    ended = standing(acme, now=MARCH_1 + DAY)

    extend_trial(acme, days=3, reason="kind", now=MARCH_1 + 2 * DAY)

    again = standing(acme, now=MARCH_1 + 2 * DAY)
    assert (ended.badge, ended.days_left) == (Badge.EXPIRED, 0)
    assert (again.badge, again.days_left) == (Badge.TRIAL, 3)
    assert Counter.objects.get().used == 0
    assert letters_after(acme, 9) == ["trial_ended", "trial_days_2", "trial_ended"]


def test_a_running_trial_gets_days_after_its_last_day_and_no_new_credits() -> None:
    acme = on_trial(included_credits="40")

    period = extend_trial(acme, days=10, reason="kind", now=MARCH_1 + DAY)

    assert period.last_day == dt.date(2026, 3, 24)
    has = balances(acme, now=MARCH_1 + 20 * DAY)
    assert (has.wallet, has.plan_credits) == (500, 40)
    assert Period.objects.count() == 1


def test_an_ended_trial_runs_that_many_days_from_today() -> None:
    acme = on_trial()

    period = extend_trial(acme, days=3, reason="kind", now=MARCH_1 + 30 * DAY)

    assert period.last_day == dt.date(2026, 4, 2)
    assert standing(acme, now=MARCH_1 + 30 * DAY).days_left == 3


def test_day_letters_and_the_end_letter_are_due_again_after_an_extension() -> None:
    acme = on_trial()
    letters_after(acme, 13)

    extend_trial(acme, days=10, reason="kind", now=MARCH_1 + 13 * DAY)

    codes = letters_after(acme, 40)
    assert codes == [
        "trial_days_7",
        "trial_days_2",
        "trial_days_7",
        "trial_days_2",
        "trial_ended",
    ]


def test_only_a_trial_is_extended_and_by_at_least_one_day() -> None:
    acme = on_trial()
    build_plan()

    for days in (0, -1, 10**9):
        with pytest.raises(Invalid):
            extend_trial(acme, days=days, reason="kind", now=MARCH_1)
    apply(acme, "starter", now=MARCH_1)
    with pytest.raises(NotOnTrial):
        extend_trial(acme, days=3, reason="kind", now=MARCH_1)


def test_a_plan_says_so_seven_days_before_its_end_and_at_it() -> None:
    build_plan()
    ending = build_organization(plan="starter")

    for day in range(29):
        remind_due(now=MARCH_1 + DAY * day)

    told = Letter.objects.filter(code="period_ending").values_list("organization_id", flat=True)
    assert list(told) == [ending.pk]
    remind_due(now=MARCH_1 + DAY * 31)
    assert ending.letters.filter(code="subscription_ended").count() == 1
