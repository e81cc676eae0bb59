"""Many renew at once: in chunks, those due for longest first, each as if it were alone."""

from __future__ import annotations

import datetime as dt
from unittest.mock import Mock

import pytest
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from invoices.models import Invoice, Series
from plans import renewing
from plans.models import Period
from plans.renewing import renew_due
from plans.renting import rent_several
from tests.builders import MARCH_1, a_call
from tests.faults.threads import at_once
from tests.plans.life import DAY, Life, build_monthly, current
from usage.charging import charge
from usage.gate import ask
from usage.questions import Question
from wallet.ledger import lock_wallet

pytestmark = pytest.mark.django_db


def test_those_that_are_due_for_longest_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    build_monthly()
    life = Life()
    later = life.subscriber("Later")
    late = life.subscriber("Late", time_zone="Asia/Tokyo")
    monkeypatch.setattr(renewing, "CHUNK", 1)

    assert renew_due(now=dt.datetime(2026, 4, 1, 12, tzinfo=dt.UTC)) == 2

    first, second = Invoice.objects.order_by("number")
    assert (first.organization, second.organization) == (late, later)


def test_a_chunk_with_a_bad_row_renews_the_others() -> None:
    build_monthly()
    life = Life()
    good = [life.subscriber(f"Good {number}") for number in range(4)]
    bad = life.subscriber("Bad")
    Period.objects.filter(organization=bad).update(last_day=dt.date.max)

    assert renew_due(now=dt.datetime(2026, 4, 1, 12, tzinfo=dt.UTC)) == 4

    assert [current(organization).number for organization in good] == [2, 2, 2, 2]
    assert current(bad).number == 1
    numbers = Invoice.objects.order_by("number").values_list("number", flat=True)
    assert list(numbers) == [f"INV-{number:06d}" for number in (1, 2, 3, 4)]


def test_nobody_who_asks_waits_for_the_same_failure_twice_in_a_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    build_monthly()
    bad = Life().subscriber("Bad")
    Period.objects.filter(organization=bad).update(last_day=dt.date.max)
    now = dt.datetime(2026, 4, 1, 12, tzinfo=dt.UTC)
    question = Question(bad.external_id, kind="call", channel="web")

    failures = []
    for seconds in (0, 1, 59, 60, 61):
        caplog.clear()
        assert ask(question, now=now + dt.timedelta(seconds=seconds)).allowed
        failures.append(caplog.text.count("not_renewed"))
    caplog.clear()
    renew_due(now=now + dt.timedelta(seconds=62))

    assert failures == [1, 0, 0, 1, 0]
    assert "not_renewed" in caplog.text


def test_no_charge_waits_for_it_either_but_a_deadlock_is_not_held_against_a_renewal(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_monthly()
    acme = Life().subscriber()
    now = dt.datetime(2026, 4, 1, 12, tzinfo=dt.UTC)

    def report(error: Exception) -> int:
        """Charge while renewing raises; answers how often that was tried."""
        caplog.clear()
        monkeypatch.setattr(renewing, "begin_periods", Mock(side_effect=error))
        charge([a_call(acme), a_call(acme)], now=now)
        return caplog.text.count("not_renewed")

    assert [report(OperationalError("deadlock detected")) for _ in range(2)] == [1, 1]
    assert [report(ValueError("a bad row")) for _ in range(3)] == [1, 0, 0]


def test_a_charge_of_many_that_are_due_takes_no_more_statements_than_one_of_few() -> None:
    build_monthly()
    life = Life()
    due = [life.subscriber(f"Org {number}") for number in range(12)]
    Series.objects.create(code="INV")
    now = dt.datetime(2026, 4, 1, 12, tzinfo=dt.UTC)

    with CaptureQueriesContext(connection) as of_two:
        charge([a_call(acme) for acme in due[:2]], now=now)
    with CaptureQueriesContext(connection) as of_ten:
        charge([a_call(acme) for acme in due[2:]], now=now)

    assert len(of_two) == len(of_ten)
    assert {current(acme).number for acme in due} == {2}


@pytest.mark.django_db(transaction=True)
def test_a_wallet_that_somebody_has_is_left_to_the_next_sweep() -> None:
    build_monthly()
    life = Life()
    acme, busy = life.subscriber(), life.subscriber("Busy")
    now = dt.datetime(2026, 4, 1, 12, tzinfo=dt.UTC)
    with transaction.atomic():
        lock_wallet(busy.pk)
        begun: list[int] = []

        at_once(1, lambda _: begun.append(renew_due(now=now)))

    assert begun == [1]
    assert (current(acme).number, current(busy).number) == (2, 1)
    assert renew_due(now=now) == 1


def test_seven_are_renewed_in_as_many_statements_as_one() -> None:
    build_monthly()
    life = Life()
    zones = ["Asia/Tokyo", *["UTC"] * 7]
    for number, zone in enumerate(zones):
        acme = life.subscriber(f"Org {number}", time_zone=zone)
        rent_several(acme, item="phone_number", quantity=2, now=MARCH_1 + DAY)
    Series.objects.create(code="INV")
    midnight = dt.datetime(2026, 4, 1, tzinfo=dt.UTC)

    with CaptureQueriesContext(connection) as of_one:
        assert renew_due(now=midnight - dt.timedelta(hours=1)) == 1
    with CaptureQueriesContext(connection) as of_seven:
        assert renew_due(now=midnight) == 7

    assert len(of_one) == len(of_seven) <= 35
