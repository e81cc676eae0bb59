"""Workers die or work at once while they call back: at least once, in order, and nobody waits.

The receiver is a real server. What it heard is judged alone: each message at least once, and the
first time of each after the first time of the one before it, of the same organization.
"""

from __future__ import annotations

import datetime as dt
import random
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pytest
from django.db import connection, transaction

from accounts import calling_back
from accounts.callbacks import Event, owe_callback
from accounts.calling_back import call_back
from accounts.models import Callback, Organization
from accounts.webhook_endpoints import register
from plans import beginning
from plans.announcing import announce_ends
from plans.beginning import Beginning
from plans.reminding import remind_due
from tests.builders import MARCH_1, apply, build_organization, build_plan
from tests.fakes.receiver import YES, Heard, Receiver, Said, listening
from tests.fakes.stripe_world import Killed
from tests.faults.threads import at_once

MINUTE = dt.timedelta(minutes=1)


class Line:
    """Organizations to which things happen, workers that tell of them, and one who listens."""

    def __init__(self, receiver: Receiver, organizations: int, each: int, seed: int = 1) -> None:
        self.receiver, self.each, self.dice = receiver, each, random.Random(seed)
        self.now = MARCH_1
        self.lock, self.kills = threading.Lock(), 0
        register(receiver.url, events=[], now=MARCH_1)
        self.organizations = [build_organization(f"Org {n}") for n in range(organizations)]
        for number in range(each):
            for organization in self.organizations:
                self._happen(organization, number)

    def _happen(self, organization: Organization, number: int) -> None:
        owe_callback(
            organization,
            event=Event.INVOICE_PAID,
            key=str(number),
            data={"number": number},
            now=MARCH_1,
        )

    def refuse_often(self, heard: Heard) -> Said:
        """Answer as a bad day makes one answer."""
        with self.lock:
            return YES if self.dice.random() < 0.6 else (503, {}, b"not now")

    def die_often(self, execute: Any, sql: str, *rest: Any) -> Any:
        """Stand between a worker and the database, and kill it now and then."""
        with self.lock:
            dies = "accounts_callback" in sql and self.dice.random() < 0.1
            self.kills += dies
        if dies:
            raise Killed
        return execute(sql, *rest)

    def work(self, rounds: int = 400, *, minutes: float = 6) -> None:
        """Let time pass and a worker sweep, until nothing waits any more."""
        for _ in range(rounds):
            with self.lock:
                self.now += dt.timedelta(minutes=minutes)
                now = self.now
            with connection.execute_wrapper(self.die_often), suppress(Killed):
                call_back(now=now)
            if not Callback.objects.filter(status=Callback.Status.WAITING).exists():
                return

    def found_wrong(self) -> list[str]:
        """Answer what the receiver did not hear, or not in its order."""
        wrong = []
        for organization in self.organizations:
            heard = [
                one.message["data"]["number"]
                for one in self.receiver.heard
                if one.message["data"]["organization"] == organization.external_id
            ]
            firsts = list(dict.fromkeys(heard))
            if firsts != list(range(self.each)):
                wrong.append(f"{organization}: {firsts}")
        return wrong


def walk(organizations: int, each: int, workers: int, *, seed: int = 1) -> tuple[Line, list[str]]:
    """Let workers that die tell a receiver that refuses; answers what was found wrong."""
    with listening() as receiver:
        line = Line(receiver, organizations, each, seed)
        receiver.answer = line.refuse_often
        raised = at_once(workers, lambda _: line.work())
        assert raised == []
        return line, line.found_wrong()


@pytest.mark.django_db(transaction=True)
def test_three_workers_that_die_at_random_tell_everything_in_order() -> None:
    line, wrong = walk(organizations=4, each=8, workers=3)

    assert wrong == []
    assert line.kills > 10
    assert len(line.receiver.heard) > 4 * 8


@pytest.mark.faults
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", range(1, 6))
def test_eight_workers_that_die_at_random_tell_400_messages_in_order(seed: int) -> None:
    line, wrong = walk(organizations=20, each=20, workers=8, seed=seed)

    assert wrong == []
    assert line.kills > 100


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_each_message_once() -> None:
    with listening() as receiver:
        line = Line(receiver, organizations=5, each=6)
        raised = at_once(3, lambda _: call_back(now=MARCH_1 + MINUTE))

        assert raised == []
        assert line.found_wrong() == []
        assert len(receiver.heard) == 5 * 6


@pytest.mark.django_db(transaction=True)
def test_while_a_receiver_thinks_nothing_is_locked() -> None:
    locked: list[int] = []
    with listening() as receiver:
        line = Line(receiver, organizations=1, each=1)

        def think(heard: Heard) -> Said:
            # Somebody else writes what he likes meanwhile.
            with transaction.atomic():
                locked.append(Callback.objects.select_for_update(nowait=True).get().pk)
            connection.close()
            return YES

        receiver.answer = think
        call_back(now=MARCH_1 + MINUTE)

    assert locked == [Callback.objects.get().pk]
    assert line.found_wrong() == []


def both_notice_the_end() -> tuple[Organization, list[BaseException]]:
    """Let a sweep notice the end of a trial while staff apply a plan; answers what was raised."""
    build_plan("trial", "trial")
    build_plan("starter")
    register("http://127.0.0.1/hooks", events=[], now=MARCH_1)
    acme, now = build_organization(plan="trial"), MARCH_1 + dt.timedelta(days=40)
    locked = threading.Event()

    def think_a_little(execute: Any, sql: str, *rest: Any) -> Any:
        answer = execute(sql, *rest)
        if "plans_period" in sql and "FOR UPDATE" in sql:
            locked.set()
            time.sleep(0.3)
        return answer

    def notice(number: int) -> None:
        if number == 0:
            with connection.execute_wrapper(think_a_little):
                remind_due(now=now)
        else:
            locked.wait(timeout=10)
            apply(acme, "starter", now=now)

    return acme, at_once(2, notice)


@pytest.mark.django_db(transaction=True)
def test_a_sweep_and_staff_who_notice_an_end_together_tell_it_once_and_first() -> None:
    acme, raised = both_notice_the_end()

    assert raised == []
    told = Callback.objects.filter(organization=acme, event__startswith="subscription")
    assert [one.event.partition(".")[2] for one in told.order_by("id")] == [
        "started",
        "ended",
        "started",
    ]


# What the proofs above must find.


@pytest.mark.django_db(transaction=True)
def test_a_queue_in_which_one_overtakes_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def everything_due(*, now: dt.datetime) -> list[calling_back.Head]:
        due = Callback.objects.filter(status=Callback.Status.WAITING, due_at__lte=now)
        return [calling_back._head(one) for one in due.order_by("-id")]

    monkeypatch.setattr(calling_back, "_heads", everything_due)

    _, wrong = walk(organizations=2, each=6, workers=1)

    assert wrong


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_notes_before_it_sends_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    send = calling_back._send

    def noted_first(callback: Callback, *, now: dt.datetime) -> Any:
        Callback.objects.filter(pk=callback.pk).update(
            status=Callback.Status.DELIVERED, delivered_at=now
        )
        if callback.pk % 3 == 0:
            raise Killed
        return send(callback, now=now)

    monkeypatch.setattr(calling_back, "_send", noted_first)

    _, wrong = walk(organizations=2, each=6, workers=1)

    assert wrong


@pytest.mark.django_db(transaction=True)
def test_workers_that_do_not_claim_what_they_send_are_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unclaimed(pk: int, *, now: dt.datetime) -> Callback:
        return Callback.objects.select_related("endpoint").get(pk=pk)

    monkeypatch.setattr(calling_back, "_claim", unclaimed)
    with listening() as receiver:
        Line(receiver, organizations=5, each=6)
        at_once(3, lambda _: call_back(now=MARCH_1 + MINUTE))

        assert len(receiver.heard) > 5 * 6


@pytest.mark.django_db(transaction=True)
def test_an_end_that_is_told_before_its_period_is_locked_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    close = beginning._close_current

    def told_first(beginnings: Sequence[Beginning], *, now: dt.datetime) -> list[bool]:
        announce_ends([one.subscription for one in beginnings if one.subscription], now=now)
        return close(beginnings, now=now)

    monkeypatch.setattr(beginning, "_close_current", told_first)

    _, raised = both_notice_the_end()

    assert [str(error).partition("\n")[0] for error in raised] == ["deadlock detected"]
