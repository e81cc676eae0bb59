"""What Stripe tells us comes doubled, permuted, late, never, or forged: one end state (R4)."""

from __future__ import annotations

import datetime as dt
import itertools
import random
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest
from django.db import connection

from payments import event_kinds
from payments.models import Payment, StripeEvent
from tests.faults.threads import at_once
from tests.faults.webhook_forgeries import forgeries
from tests.faults.webhook_story import (
    END_STATE,
    KINDS,
    Order,
    Story,
    doubled,
    end_state,
    found_wrong,
)
from tests.payments.stripe_stage import SECRET, event, post, signature, written
from tests.undoing import undone

ALL_ORDERS = list(itertools.permutations(range(len(KINDS))))
SEED = 4
THREE_DAYS = dt.timedelta(days=3)


@pytest.fixture(autouse=True)
def _secrets(settings: Any) -> None:
    settings.STRIPE_WEBHOOK_SECRETS = [SECRET]


def some(count: int) -> Sequence[Order]:
    return random.Random(SEED).sample(ALL_ORDERS, count)


def in_any_order(story: Story, orders: Sequence[Order]) -> list[Any]:
    dice = random.Random(SEED)
    return found_wrong(orders, lambda order: story.play(doubled(order, dice)))


def with_one_late(story: Story, orders: Sequence[Order]) -> list[Any]:
    """Let the last event of each order come three days after the others."""
    now = story.stage.now

    def play(order: Order) -> None:
        story.stage.now = now
        story.play(order[:-1])
        story.stage.now = now + THREE_DAYS
        story.play(order[-1:])
        story.stage.now = now

    return found_wrong(orders, play)


def with_one_lost(story: Story, orders: Sequence[Order]) -> list[Any]:
    """Let the last event of each order never come, nor any that tells the same."""

    def play(order: Order) -> None:
        story.play(order[:-1])
        story.reconcile()

    return found_wrong(orders, play)


@pytest.mark.django_db
def test_200_orders_of_seven_events_each_doubled_end_alike() -> None:
    assert in_any_order(Story(), some(200)) == []


@pytest.mark.django_db
def test_one_event_three_days_late_or_lost_for_good_changes_nothing() -> None:
    story = Story()

    assert with_one_late(story, some(20)) == []
    assert with_one_lost(story, some(20)) == []


@pytest.mark.faults
@pytest.mark.django_db
@pytest.mark.parametrize("first", range(len(KINDS)), ids=KINDS)
def test_all_5040_orders_of_seven_events_each_doubled_end_alike(first: int) -> None:
    orders = [order for order in ALL_ORDERS if order[0] == first]
    assert len(orders) == 720

    assert in_any_order(Story(), orders) == []


@pytest.mark.faults
@pytest.mark.django_db
def test_each_event_late_or_lost_in_720_orders_changes_nothing() -> None:
    story = Story()

    assert with_one_late(story, some(720)) == []
    assert with_one_lost(story, some(720)) == []


@pytest.mark.django_db
def test_a_handler_that_does_not_look_at_the_payment_first_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def only_here(intent: str, **_: object) -> Payment | None:
        return Payment.objects.filter(intent_id=intent).first()

    story = Story()
    monkeypatch.setattr(event_kinds, "_look_at_intent", only_here)

    assert in_any_order(story, some(20)) != []


def kept_at_once(story: Story, threads: int) -> list[BaseException]:
    """Let every event arrive in all threads at the same moment."""
    raised: list[BaseException] = []
    for number in range(len(KINDS)):
        raised += at_once(threads, partial(_deliver, story, number))
    return raised


def _deliver(story: Story, number: int, thread: int) -> None:
    story.deliver(number)


@pytest.mark.django_db(transaction=True)
def test_the_same_event_at_many_doors_at_once_is_kept_once_and_acted_on_once() -> None:
    story = Story()

    raised = kept_at_once(story, 8)
    raised += at_once(4, lambda _: story.stage.handle())
    for minutes in (10, 60, 600):  # what two workers were at together, one tries later
        story.stage.now += dt.timedelta(minutes=minutes)
        story.stage.handle()

    assert raised == []
    assert StripeEvent.objects.count() == len(KINDS)
    assert end_state() == END_STATE


@pytest.mark.django_db(transaction=True)
def test_without_the_unique_id_the_same_event_is_kept_twice_and_that_is_found() -> None:
    story = Story()
    with _without_unique_id():
        raised = kept_at_once(story, 8)

        assert raised or StripeEvent.objects.count() > len(KINDS)
        StripeEvent.objects.all().delete()

    assert kept_at_once(story, 8) == []
    assert StripeEvent.objects.count() == len(KINDS)


class _without_unique_id:  # noqa: N801 - used as a phrase
    """Take the unique constraint away for a while."""

    def __enter__(self) -> None:
        self.change(StripeEvent._meta.get_field("stripe_id"), unique=False)

    def __exit__(self, *_: object) -> None:
        self.change(StripeEvent._meta.get_field("stripe_id"), unique=True)

    def change(self, field: Any, *, unique: bool) -> None:
        other = field.clone()
        other.set_attributes_from_name("stripe_id")
        other.model = StripeEvent
        other._unique = not unique
        same = field.clone()
        same.set_attributes_from_name("stripe_id")
        same.model = StripeEvent
        same._unique = unique
        with connection.schema_editor() as editor:
            editor.alter_field(StripeEvent, other, same)


def forged(count: int) -> tuple[list[tuple[str, int]], int]:
    """Knock with forgeries; answers those that were let in, and how many rows were kept."""
    let_in = []
    for name, body, header, headers in forgeries(count, seed=SEED):
        status = post(body, header, headers=headers)
        if status not in (400, 413):
            let_in.append((name, status))
    return let_in, StripeEvent.objects.count()


@pytest.mark.django_db
def test_100_forgeries_are_refused_and_none_is_kept() -> None:
    assert forged(100) == ([], 0)


@pytest.mark.faults
@pytest.mark.django_db
def test_1000_forgeries_are_refused_and_none_is_kept() -> None:
    assert forged(1000) == ([], 0)


@pytest.mark.django_db
def test_a_door_that_does_not_verify_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("payments.inbox._is_signed", lambda *_: True)

    let_in, kept = forged(100)

    assert let_in
    assert kept


@pytest.mark.faults
@pytest.mark.django_db
def test_10000_duplicates_are_answered_within_a_second_and_kept_once() -> None:
    took = []
    for number in range(10_000):
        body = written(event(number % 100))
        began = time.perf_counter()
        assert post(body, signature(body, at=time.time())) == 200
        took.append(time.perf_counter() - began)

    assert StripeEvent.objects.count() == 100
    assert sorted(took)[int(len(took) * 0.99)] < 1


def test_the_story_begins_anew_each_time(db: None) -> None:
    story = Story()
    with undone():
        story.play(range(len(KINDS)))

    assert StripeEvent.objects.count() == 0
