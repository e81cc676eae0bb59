"""An owner caps the sessions of a period, is told at 80 % and 100 %, and may reset the cap."""

from __future__ import annotations

import datetime as dt

import pytest

from accounts.models import Organization
from accounts.refusals import Invalid
from plans.models import Counter, Period
from plans.refusals import NoSubscription, PaidPlanOnly
from plans.session_limits import session_limit, set_session_limit
from plans.session_marks import note_sessions
from tests.builders import MARCH_1, apply, build_organization, build_plan
from tests.plans.life import DAY, Life, build_monthly, current
from usage.gate import ask
from usage.questions import Question

pytestmark = pytest.mark.django_db


def with_quota(quota: int | None = 50) -> Organization:
    build_monthly(quotas={} if quota is None else {"sessions": quota})
    return Life().subscriber()


def use(organization: Organization, sessions: int) -> None:
    period = current(organization)
    Counter.objects.update_or_create(
        organization=organization, period=period, meter="sessions", defaults={"used": sessions}
    )
    note_sessions(period.pk, now=MARCH_1)


def told(organization: Organization) -> list[str]:
    letters = organization.letters.filter(code__startswith="session_limit").order_by("id")
    return list(letters.values_list("code", flat=True))


def gate(organization: Organization) -> str | None:
    return ask(Question(organization=organization.external_id), now=MARCH_1).code


@pytest.mark.parametrize(
    ("quota", "own", "limit"), [(50, None, 50), (50, 20, 20), (None, None, None), (None, 9, 9)]
)
def test_the_limit_is_the_owner_s_or_else_the_plan_s_quota(
    quota: int | None, own: int | None, limit: int | None
) -> None:
    acme = with_quota(quota)

    set_session_limit(acme, sessions=own, now=MARCH_1)

    assert session_limit(current(acme)) == limit


@pytest.mark.parametrize("sessions", [0, -1, 51])
def test_a_limit_is_from_one_to_the_plan_s_quota(sessions: int) -> None:
    acme = with_quota()

    with pytest.raises(Invalid) as refusal:
        set_session_limit(acme, sessions=sessions, now=MARCH_1)

    assert set(refusal.value.fields) == {"sessions"}
    assert current(acme).session_limit is None


def test_only_a_paid_plan_that_runs_has_one_and_that_goes_before_the_value() -> None:
    build_plan("trial", "trial", quotas={"sessions": 5})
    acme = with_quota()
    Period.objects.update(renews_until=None)

    with pytest.raises(NoSubscription):
        set_session_limit(build_organization(), sessions=0, now=MARCH_1)
    with pytest.raises(PaidPlanOnly):
        set_session_limit(build_organization(plan="trial"), sessions=0, now=MARCH_1)
    with pytest.raises(PaidPlanOnly):
        set_session_limit(acme, sessions=0, now=MARCH_1 + 31 * DAY)


def test_the_first_whole_number_at_80_percent_is_told_and_at_100_all_work_stops() -> None:
    acme = with_quota()
    set_session_limit(acme, sessions=7, now=MARCH_1)

    steps = []
    for sessions in (5, 6, 6, 7, 8):
        use(acme, sessions)
        steps.append((told(acme)[-1:], gate(acme)))

    assert steps == [
        ([], None),
        (["session_limit_80"], None),
        (["session_limit_80"], None),
        (["session_limit_100"], "session_limit_reached"),
        (["session_limit_100"], "session_limit_reached"),
    ]
    assert len(told(acme)) == 2


def test_of_two_marks_passed_at_once_the_later_is_told() -> None:
    acme = with_quota()

    use(acme, 50)

    assert told(acme) == ["session_limit_100"]


def test_reset_work_goes_on_up_to_the_plan_s_quota_and_its_marks_are_told() -> None:
    acme = with_quota()
    set_session_limit(acme, sessions=10, now=MARCH_1)
    use(acme, 10)

    set_session_limit(acme, sessions=None, now=MARCH_1)

    assert gate(acme) is None
    use(acme, 40)
    assert told(acme) == ["session_limit_100", "session_limit_80"]


def test_it_ends_with_its_period() -> None:
    build_monthly(quotas={"sessions": 50})
    life = Life()
    acme = life.subscriber()
    set_session_limit(acme, sessions=10, now=MARCH_1)

    life.at("2026-04-01")

    assert session_limit(current(acme)) == 50


def test_a_change_of_plan_recalculates_it_at_once() -> None:
    acme = with_quota()
    set_session_limit(acme, sessions=10, now=MARCH_1)
    use(acme, 10)
    build_monthly("other", quotas={"sessions": 20})

    apply(acme, "other", now=MARCH_1 + dt.timedelta(hours=1), invoiced=False)

    assert session_limit(current(acme)) == 20
    assert gate(acme) is None
