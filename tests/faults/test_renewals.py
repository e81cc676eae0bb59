"""Workers die at any step of a renewal, or do it twice at once: it happens once (R1, R6)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from contextlib import suppress

import pytest
from django.db import connection

from accounts.models import Act, Letter
from payments.gateway import Gateway
from payments.models import Payment
from plans import renewing
from plans.models import Period
from plans.renewing import renew_due
from tests.fakes.stripe_world import Killed
from tests.faults.renewal_story import CHARGED, DUE, POINTS, Morning, Point, Reaper
from tests.faults.threads import at_once, take_out_row_locks

by_name = pytest.mark.parametrize("point", POINTS, ids=[point.name for point in POINTS])


def kill_at(*points: Point, organizations: int, kills: int) -> Morning:
    """Let workers die at points as often as said at each, and then come to the end."""
    morning = Morning(organizations, Reaper(kills, points=points))
    for _ in range(3 * len(points)):
        morning.work_and_rise_again()
        morning.pass_time(minutes=11)
        if not any(morning.reaper.left.values()):
            break
    morning.wait_for_the_rest()
    return morning


@by_name
@pytest.mark.django_db
def test_a_worker_killed_at_any_point_has_renewed_once(point: Point) -> None:
    morning = kill_at(point, organizations=2, kills=2)

    assert morning.reaper.kills == [point.name] * 2
    assert morning.found_wrong() == []


@pytest.mark.faults
@pytest.mark.django_db
def test_100_organizations_whose_workers_die_at_each_of_18_points_renew_once() -> None:
    morning = kill_at(*POINTS, organizations=100, kills=100)

    assert morning.found_wrong() == []
    kills = Counter(morning.reaper.kills)
    # A charge that was cut off at another point is found at Stripe, and not asked for again.
    once = kills.pop(CHARGED.name)
    assert kills == {point.name: 100 for point in POINTS if point != CHARGED}
    assert once >= 50


@pytest.mark.django_db(transaction=True)
def test_a_renewal_in_no_transaction_is_found_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    take_out_row_locks(monkeypatch)
    bare = vars(renewing._begin_next)["__wrapped__"]
    monkeypatch.setattr(renewing, "_begin_next", bare)

    wrong = kill_at(POINTS[1], organizations=2, kills=2).found_wrong()

    assert "I10b" in wrong


@pytest.mark.django_db
def test_a_charge_under_another_key_each_time_is_found_doubled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    charge = Gateway.charge
    monkeypatch.setattr(Gateway, "find_intent", lambda *_, **__: None)
    monkeypatch.setattr(
        Gateway, "charge", lambda gateway, what, **_: charge(gateway, what, key=str(uuid.uuid4()))
    )

    wrong = kill_at(CHARGED, organizations=1, kills=1).found_wrong()

    assert any("charges 2 not 1" in figure for figure in wrong)


def kill_at_random(*, organizations: int, kills: int, workers: int, seed: int) -> Morning:
    """Let workers die anywhere by chance; one of them renders, as WeasyPrint has no threads."""
    morning = Morning(organizations, Reaper(kills, chance=1 / 40, seed=seed))

    def work(number: int) -> None:
        for _ in range(3):
            morning.work_and_rise_again(renders=number == 0)
            morning.pass_time_for_all(minutes=4)

    raised = at_once(workers, work)
    assert raised == []
    while any(morning.reaper.left.values()):
        morning.pass_time(minutes=1)
        with suppress(Killed):
            morning.work()
    morning.wait_for_the_rest()
    return morning


@pytest.mark.django_db(transaction=True)
def test_two_workers_that_die_at_random_have_renewed_once() -> None:
    morning = kill_at_random(organizations=4, kills=20, workers=2, seed=1)

    assert len(morning.reaper.kills) == 20
    assert morning.found_wrong() == []


@pytest.mark.faults
@pytest.mark.django_db(transaction=True)
def test_1000_random_deaths_of_8_workers_have_renewed_200_once() -> None:
    morning = kill_at_random(organizations=200, kills=1000, workers=8, seed=7)

    assert len(morning.reaper.kills) == 1000
    assert morning.found_wrong() == []


def renew_at_once(organizations: int, workers: int) -> Morning:
    """Let workers whose clocks differ by up to five minutes do all of it together."""
    morning = Morning(organizations, Reaper(0))
    morning.pass_time(minutes=5)

    def work(number: int) -> None:
        skew = dt.timedelta(minutes=(number % 3 - 1) * 5)
        for _ in range(3):
            morning.work(renders=number == 0, now=morning.now + skew)

    assert at_once(workers, work) == []
    morning.wait_for_the_rest()
    return morning


@pytest.mark.django_db(transaction=True)
def test_six_workers_whose_clocks_differ_renew_each_organization_once() -> None:
    morning = renew_at_once(organizations=6, workers=6)

    assert morning.found_wrong() == []
    begun = Period.objects.filter(number=2).values_list("starts_at", flat=True)
    assert set(begun) == {DUE.replace(minute=0)}


@pytest.mark.django_db(transaction=True)
def test_without_row_locks_and_constraints_renewing_at_once_is_found_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    guards = ("period_numbered_once", "periods_do_not_overlap")
    morning = Morning(8, Reaper(0))
    take_out_row_locks(monkeypatch)
    with connection.cursor() as cursor:
        definitions = []
        for guard in guards:
            cursor.execute(
                "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", [guard]
            )
            definitions.append(cursor.fetchone()[0])
            cursor.execute(f"ALTER TABLE plans_period DROP CONSTRAINT {guard}")
    try:
        at_once(4, lambda _: renew_due(now=morning.now))

        assert Period.objects.filter(number__gt=1).count() != 8
    finally:
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE plans_period CASCADE")
            for guard, definition in zip(guards, definitions, strict=True):
                cursor.execute(f"ALTER TABLE plans_period ADD CONSTRAINT {guard} {definition}")


def live_with_two_beats(organizations: int, days: int) -> tuple[Morning, list[BaseException]]:
    """Let two beats ring every day; every fourth organization's card always declines."""
    morning = Morning(organizations, Reaper(0))
    for organization in morning.organizations[::4]:
        for card in organization.cards.all():
            morning.fake.answers(card.stripe_id, "declined")
    raised = []
    for _ in range(days):
        raised += at_once(2, lambda _: morning.sweep(times=1))
        morning.pass_time(days=1)
    return morning, raised


def found_wrong_with_two_beats(morning: Morning, days: int) -> list[str]:
    """Answer what is not as one beat would have done it: one period a month, four tries a card."""
    last = (DUE + dt.timedelta(days=days - 1)).date()
    months = [
        dt.date(2026 + month // 12, month % 12 + 1, 1)
        for month in range(3, 30)
        if dt.date(2026 + month // 12, month % 12 + 1, 1) <= last
    ]
    wrong = []
    for number, organization in enumerate(morning.organizations):
        declined = number % 4 == 0
        payments = Payment.objects.filter(organization=organization).order_by("id")
        letters = Letter.objects.filter(organization=organization)
        starts = list(
            organization.periods.filter(number__gt=1).order_by("number").values_list("first_day")
        )
        figures = (
            (starts, [(month,) for month in (months[:1] if declined else months)]),
            (
                [payment.status for payment in payments],
                ["failed"] * 4 if declined else ["paid"] * len(months),
            ),
            (letters.filter(code="payment_failed").count(), int(declined)),
            (letters.filter(code="payment_overdue").count(), int(declined)),
        )
        wrong += [f"{organization}: {is_} not {must}" for is_, must in figures if is_ != must]
    return wrong


@pytest.mark.django_db(transaction=True)
def test_two_beats_renew_and_try_cards_as_one_does() -> None:
    morning, raised = live_with_two_beats(organizations=8, days=40)

    assert raised == []
    assert found_wrong_with_two_beats(morning, 40) == []


@pytest.mark.faults
@pytest.mark.django_db(transaction=True)
def test_two_beats_renew_200_organizations_for_400_days_as_one_does() -> None:
    morning, raised = live_with_two_beats(organizations=200, days=400)

    assert raised == []
    assert found_wrong_with_two_beats(morning, 400) == []


@pytest.mark.django_db
def test_a_beat_that_stood_still_for_three_days_renews_from_the_day_that_was_due() -> None:
    morning = Morning(2, Reaper(0))
    morning.now -= dt.timedelta(minutes=2)
    morning.work()
    early = Period.objects.filter(number=2).count()

    morning.pass_time(days=3)
    morning.wait_for_the_rest()

    assert early == 0
    assert morning.found_wrong() == []
    assert Act.objects.filter(verb="renew").count() == 2
