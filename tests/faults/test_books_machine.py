"""Charges, grants, holds, expiries, top-ups, refunds, plan changes in any order, and a model."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from billing_portal.doctor import examine
from tests.faults.books_machine import run
from tests.faults.books_model import ZERO
from tests.faults.threads import database_changed
from usage.rating import Draw, Source, draw
from usage.situation import Situation


def broken() -> list[str]:
    """Answer what the doctor finds in all the books.

    But for what is due, as no sweep runs here, and the order of numbers: each story begins in
    March again.
    """
    found = (finding for finding in examine(now=timezone.now()) if not finding.ok)
    return [str(one) for one in found if not one.code.startswith(("I16", "I8b"))]


@pytest.mark.django_db(transaction=True)
def test_in_any_order_the_books_say_what_the_model_says() -> None:
    run(25, 30)

    assert broken() == []


@pytest.mark.faults
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("batch", range(10))
def test_in_10_000_orders_of_50_steps_the_books_say_what_the_model_says(batch: int) -> None:
    run(1_000, 50, seed=batch)

    assert broken() == []


def draw_backwards(credits: Decimal, sources: Sequence[Source], *, balance: Decimal) -> list[Draw]:
    return draw(credits, sources[::-1], balance=balance)


def as_it_is(situation: Situation) -> Situation:
    return situation


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("where", "fault"),
    [
        ("usage.charging.draw", draw_backwards),
        ("payments.returning._credits_gone", lambda _: ZERO),
        ("usage.situation.Situation.once_charged", as_it_is),
    ],
    ids=[
        "grants drawn in the wrong order",
        "a share that forgets what went before",
        "calls that start on what is reserved for others",
    ],
)
def test_a_planted_fault_is_found(monkeypatch: pytest.MonkeyPatch, where: str, fault: Any) -> None:
    monkeypatch.setattr(where, fault)

    with pytest.raises(AssertionError):
        run(25, 30)


@pytest.mark.django_db(transaction=True)
def test_a_report_that_settles_nothing_is_found() -> None:
    forgotten = database_changed("usage_follow", "WHERE kind = 'call'", "WHERE kind = 'none'")

    with forgotten, pytest.raises(AssertionError):
        run(25, 30)
