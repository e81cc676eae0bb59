"""A talk with the server is one transaction: all of it is kept, or nothing, whatever happens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
import pytest
from django.db import DataError, IntegrityError, ProgrammingError, connection, transaction

from plans.models import Period
from tests.builders import MARCH_1, a_call, build_organization, build_plan, build_site
from usage.charging import charge
from usage.models import UsageEvent
from usage.talking import ForgottenError, can_talk, talking

pytestmark = pytest.mark.django_db(transaction=True)
ADD = "INSERT INTO said VALUES (%s::int)"
READ = "SELECT word, NULL FROM said ORDER BY word"


@pytest.fixture(autouse=True)
def said() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE said (word int UNIQUE)")
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE said")


def words() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT word FROM said ORDER BY word")
        return [word for (word,) in cursor.fetchall()]


def test_what_is_told_is_kept_when_the_talk_ends() -> None:
    with talking() as talk:
        talk.tell(ADD, ["1"])
        talk.tell(ADD, ["2"])
        assert talk.ask(READ, []) == [("1", None), ("2", None)]

    connection.close()
    assert words() == [1, 2]


def test_nothing_is_kept_of_a_talk_that_somebody_leaves_by_an_error() -> None:
    with suppress(ZeroDivisionError), talking() as talk:
        talk.ask(ADD, ["1"])
        talk.tell(ADD, ["2"])
        raise ZeroDivisionError

    assert words() == []


@pytest.mark.parametrize("second", ["1", "no number"])
def test_nothing_is_kept_when_the_last_that_was_told_fails(second: str) -> None:
    def talk() -> None:
        with talking() as talk:
            talk.ask(ADD, ["1"])
            talk.tell(ADD, [second])

    with pytest.raises((IntegrityError, DataError)):
        talk()

    assert words() == []


def test_a_statement_that_makes_no_sense_is_raised_as_an_error_of_django() -> None:
    with pytest.raises(ProgrammingError), talking() as talk:
        talk.ask("SELECT nonsense", [])

    assert words() == []


def test_locks_are_held_from_the_first_question_to_the_end() -> None:
    with talking() as talk:
        talk.tell(ADD, ["1"])
        talk.ask("LOCK TABLE said", [])

        with pytest.raises(psycopg.errors.LockNotAvailable), another() as other:
            other.execute("LOCK TABLE said NOWAIT")

    with another() as other:
        other.execute("LOCK TABLE said NOWAIT")


def test_what_was_forgotten_after_a_rollback_is_known_again_the_next_time() -> None:
    with talking() as talk:
        talk.ask(READ, [])
    forget()

    with pytest.raises(ForgottenError), talking() as talk:
        talk.ask(READ, [])

    with talking() as talk:
        talk.tell(ADD, ["1"])
    assert words() == [1]


def test_a_charge_whose_statements_were_forgotten_is_made_all_the_same() -> None:
    build_plan()
    acme = build_organization(plan="starter")
    assert can_talk()
    statuses = []

    for number in range(4):
        statuses += [result.status for result in charge([a_call(acme)], now=MARCH_1)]
        if number % 2:
            forget()

    assert statuses == ["charged"] * 4
    assert UsageEvent.objects.count() == 4


def test_within_another_transaction_a_charge_is_part_of_it() -> None:
    build_plan()
    acme = build_organization(plan="starter")

    with suppress(ZeroDivisionError), transaction.atomic():
        charge([a_call(acme)], now=MARCH_1)
        assert not can_talk()
        raise ZeroDivisionError

    assert not UsageEvent.objects.exists()


@contextmanager
def another() -> Iterator[psycopg.Connection[Any]]:
    """Open a session of somebody else."""
    where = connection.get_connection_params()
    with psycopg.connect(
        **{key: where[key] for key in ("dbname", "host", "user") if key in where}
    ) as other:
        yield other


def forget() -> None:
    """Have the server forget every statement, as psycopg does after some rollbacks."""
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")


def test_a_charge_that_finds_its_plan_not_yet_renewed_takes_the_longer_way() -> None:
    build_site()
    build_plan(auto_renew=True, included_credits="10", rates={"call_minutes": "4"})
    acme = build_organization(plan="starter")
    end = Period.objects.get().ends_at

    [result] = charge([a_call(acme, started_at=end.isoformat())], now=end)

    assert (result.plan_credits, result.wallet) == (4, 0)
    assert Period.objects.filter(starts_at=end).exists()
