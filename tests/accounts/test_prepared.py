"""A statement that is asked alone is a transaction of its own, or part of the one that is open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest
from django.db import DataError, IntegrityError, OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.prepared import ask_alone
from tests.builders import MARCH_1, a_call, build_organization, build_plan
from usage.charging import charge
from usage.models import UsageEvent

pytestmark = pytest.mark.django_db(transaction=True)
ADD = "INSERT INTO said VALUES (%s::int) RETURNING word"


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


def statements_that_the_server_keeps() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements")
        [(count,)] = cursor.fetchall()
    return int(count)


def test_what_is_asked_alone_is_kept_at_once() -> None:
    assert ask_alone(ADD, ["1"]) == "1"
    assert ask_alone("SELECT %s::text || 'é'", ["ä"]) == "äé"
    assert ask_alone("SELECT %s::text", [None]) is None

    connection.close()
    assert words() == [1]


@pytest.mark.parametrize(("word", "error"), [("1", IntegrityError), ("no number", DataError)])
def test_what_fails_is_an_error_of_django_and_keeps_nothing(
    word: str, error: type[Exception]
) -> None:
    ask_alone(ADD, ["1"])

    with pytest.raises(error):
        ask_alone(ADD, [word])

    assert words() == [1]
    assert ask_alone(ADD, ["2"]) == "2"


def test_within_a_transaction_it_is_part_of_it() -> None:
    with suppress(ZeroDivisionError), transaction.atomic():
        assert ask_alone(ADD, ["1"]) == "1"
        raise ZeroDivisionError

    assert words() == []


def test_who_listens_hears_of_it() -> None:
    with CaptureQueriesContext(connection) as heard:
        ask_alone(ADD, ["1"])

    assert "INSERT INTO said" in heard.captured_queries[0]["sql"]


def test_where_nothing_may_be_prepared_it_is_asked_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connection.close()
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "prepare_threshold", None)

    assert ask_alone(ADD, ["1"]) == "1"

    assert statements_that_the_server_keeps() == 0
    connection.close()  # it would prepare nothing for those who come next


def test_a_session_that_the_server_ended_is_an_error_and_the_next_one_is_asked() -> None:
    connection.ensure_connection()
    with pytest.raises(OperationalError):
        ask_alone("SELECT pg_terminate_backend(pg_backend_pid())", [])
    connection.close_if_unusable_or_obsolete()  # as after every request

    assert ask_alone(ADD, ["1"]) == "1"


def test_a_statement_that_is_asked_again_was_prepared_once() -> None:
    connection.close()

    for word in ("1", "2", "3"):
        ask_alone(ADD, [word])

    assert statements_that_the_server_keeps() == 1


def test_what_the_server_was_made_to_forget_is_told_it_again() -> None:
    build_plan()
    acme = build_organization(plan="starter", credits=100)
    statuses = []

    for _ in range(3):
        statuses += [result.status for result in charge([a_call(acme)], now=MARCH_1)]
        with connection.cursor() as cursor:
            # As psycopg does after some rollbacks.
            cursor.execute("DEALLOCATE ALL")

    assert statuses == ["charged"] * 3
    assert UsageEvent.objects.count() == 3
