"""Callbacks are signed, sent in order, tried for three days, given up, and sent again by staff."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection

from accounts.calling_back import CLAIM, MOST_ATTEMPTS, PAUSES, call_back
from accounts.models import Callback, WebhookEndpoint
from accounts.webhook_endpoints import OVERLAP, enable, rotate
from tests.accounts.calling import (
    DAY,
    MINUTE,
    SECOND,
    hear,
    numbers,
    owe,
    owe_several,
    statuses,
)
from tests.builders import MARCH_1, build_organization
from tests.fakes.receiver import YES, Heard, Receiver, listening
from tests.fakes.stripe_world import Killed

pytestmark = pytest.mark.django_db


def test_a_message_says_what_happened_and_is_signed(receiver: Receiver) -> None:
    acme = build_organization(external_id="acme")
    endpoint = hear(receiver)
    owe(acme, key="INV-000001", now=MARCH_1 + dt.timedelta(microseconds=1))

    assert call_back(now=MARCH_1 + MINUTE) == 1

    [heard] = receiver.heard
    assert heard.message == {
        "type": "invoice.paid",
        "timestamp": "2026-03-01T09:00:00.000001Z",
        "data": {"organization": "acme", "number": "INV-000001"},
    }
    assert heard.is_signed_with(endpoint.secret)
    assert heard.headers["webhook-timestamp"] == str(int((MARCH_1 + MINUTE).timestamp()))
    assert heard.headers["content-type"] == "application/json"
    assert heard.id == Callback.objects.get().message_id
    assert "." not in heard.id
    assert endpoint.secret not in str(heard.headers)


def test_another_secret_does_not_verify(receiver: Receiver) -> None:
    hear(receiver)
    owe(build_organization())
    call_back(now=MARCH_1)
    WebhookEndpoint.objects.update(secret="whsec_" + "A" * 44)

    assert not receiver.heard[0].is_signed_with(WebhookEndpoint.objects.get().secret)


def test_while_a_secret_changes_both_verify_and_afterwards_the_new_one(receiver: Receiver) -> None:
    acme, endpoint = build_organization(), hear(receiver)
    old, new = endpoint.secret, rotate(endpoint, now=MARCH_1).secret

    for key, now in (("1", MARCH_1), ("2", MARCH_1 + OVERLAP - SECOND), ("3", MARCH_1 + OVERLAP)):
        owe(acme, key=key)
        call_back(now=now)

    verified = [(one.is_signed_with(old), one.is_signed_with(new)) for one in receiver.heard]
    assert verified == [(True, True), (True, True), (False, True)]


def test_rotated_again_within_a_day_it_is_the_unseen_secret_that_goes(receiver: Receiver) -> None:
    acme, endpoint = build_organization(), hear(receiver)
    old, lost = endpoint.secret, rotate(endpoint, now=MARCH_1).secret
    new = rotate(endpoint, now=MARCH_1 + MINUTE).secret
    owe(acme)
    call_back(now=MARCH_1 + MINUTE)

    [heard] = receiver.heard
    assert [heard.is_signed_with(secret) for secret in (old, lost, new)] == [True, False, True]


def test_those_of_an_organization_come_in_their_order_and_each_once(receiver: Receiver) -> None:
    acme, other = build_organization(), build_organization("Other")
    hear(receiver)
    for key in "12345":
        owe(acme, key=f"a{key}")
        owe(other, key=f"o{key}")

    assert [call_back(now=MARCH_1), call_back(now=MARCH_1)] == [10, 0]

    assert sorted(numbers(receiver)) == sorted(f"{o}{n}" for o in "ao" for n in "12345")
    for letter in "ao":
        assert [n for n in numbers(receiver) if n[0] == letter] == [f"{letter}{n}" for n in "12345"]


def test_what_is_behind_a_failed_one_waits_for_it_and_others_do_not(receiver: Receiver) -> None:
    acme, other = build_organization(external_id="acme"), build_organization("Other")
    hear(receiver)
    owe_several(acme, "a1", "a2")
    owe_several(other, "o1", "o2")
    receiver.answer = lambda heard: (500, {}, b"no") if heard.what[0] == "acme" else YES

    call_back(now=MARCH_1)

    assert sorted(numbers(receiver)) == ["a1", "o1", "o2"]
    receiver.answer = lambda _: YES
    call_back(now=MARCH_1 + 4 * SECOND)
    assert sorted(numbers(receiver)) == ["a1", "o1", "o2"]
    call_back(now=MARCH_1 + 6 * SECOND)
    assert numbers(receiver)[3:] == ["a1", "a2"]


def test_an_endpoint_that_is_silent_keeps_nobody_else_waiting(receiver: Receiver) -> None:
    organizations = [build_organization(f"Org {n}") for n in range(5)]
    with listening() as gone:
        silent = hear(gone)
    hear(receiver)
    for organization in organizations:
        owe(organization)

    call_back(now=MARCH_1)
    call_back(now=MARCH_1 + SECOND)

    assert len(receiver.heard) == 5
    assert statuses().count("delivered") == 5
    # It was tried once in each sweep, not once for each organization.
    tried = Callback.objects.filter(endpoint=silent, attempts__gt=0)
    assert tried.count() == 2


def test_those_that_fail_come_after_those_that_do_not(receiver: Receiver) -> None:
    acme = build_organization()
    failing, healthy = hear(receiver, path="/failing"), hear(receiver, path="/healthy")
    WebhookEndpoint.objects.filter(pk=failing.pk).update(failing_since=MARCH_1)
    owe(acme)

    call_back(now=MARCH_1)

    assert [heard.path for heard in receiver.heard] == ["/hooks/healthy", "/hooks/failing"]
    assert not WebhookEndpoint.objects.filter(failing_since__isnull=False).exists()
    assert healthy.pk > failing.pk


def test_it_is_tried_for_three_days_and_then_given_up_and_the_next_one_goes(
    receiver: Receiver,
) -> None:
    acme, endpoint = build_organization(), hear(receiver)
    owe_several(acme, "first", "second")
    receiver.answer = lambda heard: (
        (503, {}, b"not now") if heard.message["data"]["number"] == "first" else YES
    )
    now, pauses = MARCH_1, []
    first = Callback.objects.order_by("id")[0]
    while first.status == Callback.Status.WAITING:
        call_back(now=now)
        first.refresh_from_db()
        if first.status == Callback.Status.WAITING:
            pauses.append(first.due_at - now)
            now = first.due_at

    assert numbers(receiver) == ["first"] * MOST_ATTEMPTS
    assert all(least <= pause <= least * 1.1 for least, pause in zip(PAUSES, pauses, strict=True))
    assert 3 * DAY <= now - MARCH_1 < 3.6 * DAY
    assert (first.attempts, first.last_status, first.last_answer) == (10, 503, "not now")
    endpoint.refresh_from_db()
    assert endpoint.failing_since == MARCH_1
    assert {heard.id for heard in receiver.heard} == {first.message_id}

    assert call_back(now=now) == 1
    assert statuses() == ["dead", "delivered"]


def test_what_failed_together_comes_back_apart(receiver: Receiver) -> None:
    hear(receiver)
    for number in range(20):
        owe(build_organization(f"Org {number}"))
    receiver.answer = lambda _: (500, {}, b"")

    call_back(now=MARCH_1)

    assert len(set(Callback.objects.values_list("due_at", flat=True))) > 5


def test_a_receiver_that_asks_for_patience_is_given_it(receiver: Receiver) -> None:
    hear(receiver)
    owe(build_organization())
    receiver.answer = lambda _: (429, {"Retry-After": "3600"}, b"")

    call_back(now=MARCH_1)

    assert Callback.objects.get().due_at == MARCH_1 + 60 * MINUTE


@pytest.mark.parametrize("status", [301, 307, 400, 404, 500])
def test_what_is_no_yes_is_a_no(receiver: Receiver, status: int) -> None:
    hear(receiver)
    owe(build_organization())
    receiver.answer = lambda _: (status, {"Location": receiver.url}, b"")

    assert call_back(now=MARCH_1) == 0
    assert len(receiver.heard) == 1
    assert statuses() == ["waiting"]


def test_who_says_gone_is_switched_off_and_what_waited_is_given_up(receiver: Receiver) -> None:
    acme, endpoint = build_organization(), hear(receiver)
    owe_several(acme, "1", "2", "3")
    receiver.answer = lambda heard: (
        (410, {}, b"") if heard.message["data"]["number"] == "2" else YES
    )

    call_back(now=MARCH_1)

    endpoint.refresh_from_db()
    assert (endpoint.disabled_at, endpoint.disabled_because) == (MARCH_1, "It answered 410 Gone.")
    assert statuses() == ["delivered", "dead", "dead"]
    assert owe(acme, key="4") == 0
    enable(endpoint)
    assert owe(acme, key="5") == 1


def test_a_worker_that_dies_between_sending_and_noting_sends_again_in_order(
    receiver: Receiver,
) -> None:
    hear(receiver)
    owe_several(build_organization(), "1", "2", "3")

    def die(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith("UPDATE") and "delivered_at" in sql:
            raise Killed
        return execute(sql, *rest)

    with connection.execute_wrapper(die), pytest.raises(Killed):
        call_back(now=MARCH_1)
    assert call_back(now=MARCH_1 + CLAIM - SECOND) == 0
    assert call_back(now=MARCH_1 + CLAIM) == 3

    assert numbers(receiver) == ["1", "1", "2", "3"]
    assert receiver.heard[0].id == receiver.heard[1].id


def test_one_that_kills_every_worker_is_given_up_in_the_end(receiver: Receiver) -> None:
    hear(receiver)
    owe_several(build_organization(), "deadly", "next")

    def kill(heard: Heard) -> Any:
        raise ConnectionResetError

    def die(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith("UPDATE") and "last_answer" in sql:
            raise Killed
        return execute(sql, *rest)

    receiver.answer = kill
    now = MARCH_1
    with connection.execute_wrapper(die):
        for _ in range(MOST_ATTEMPTS):
            with pytest.raises(Killed):
                call_back(now=now)
            now += CLAIM
        call_back(now=now)

    assert statuses() == ["dead", "waiting"]
