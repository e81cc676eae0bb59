"""Many ask at once on the credit for one call: one is let in; a missing lock is found."""

from __future__ import annotations

import datetime as dt
import random

import pytest

from accounts.models import Organization
from plans.models import Site
from tests.builders import MARCH_1, a_call, build_organization, build_plan
from tests.faults.threads import at_once, take_out_row_locks
from usage.charging import charge
from usage.gate import ask
from usage.models import Hold, UsageEvent
from usage.questions import Question
from wallet.models import LedgerEntry, Wallet

pytestmark = pytest.mark.django_db(transaction=True)
NOON = MARCH_1 + dt.timedelta(hours=3)
COST = 20


def build_holding(calls: int) -> Organization:
    """Make an organization with the credit for so many calls of five minutes."""
    build_plan(overdraft="0", max_call_minutes={"web": "5"})
    acme = build_organization(plan="starter", credits=COST * calls)
    Site.objects.update(hold_minutes=60)
    return acme


def may_start(acme: Organization, call: str) -> bool:
    question = Question(acme.external_id, kind="call", channel="web", agent="main", call=call)
    return ask(question, now=NOON).allowed


def let_in_at_once(threads: int, acme: Organization) -> int:
    """Let many ask at once, while nothing is held; answers how many were let in."""
    let_in: list[int] = []
    Hold.objects.all().delete()

    def work(number: int) -> None:
        if may_start(acme, f"call-{number}"):
            let_in.append(number)

    assert at_once(threads, work) == []
    assert Hold.objects.count() == len(let_in)
    return len(let_in)


@pytest.mark.parametrize("calls", [1, 3])
def test_64_ask_on_the_credit_for_one_call_and_exactly_one_is_let_in(calls: int) -> None:
    assert let_in_at_once(64, build_holding(calls)) == calls


def test_without_row_locks_more_are_let_in_and_that_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    take_out_row_locks(monkeypatch)

    acme = build_holding(calls=1)

    # Threads that happen to come one after another are let in rightly.
    assert any(let_in_at_once(64, acme) > 1 for _ in range(10))


def test_calls_that_start_and_end_at_once_never_overdraw_and_leave_nothing_held() -> None:
    acme = build_holding(calls=10)
    threads = 32

    def work(number: int) -> None:
        for turn in range(4):
            call = f"{number}-{turn}"
            if may_start(acme, call):
                report = a_call(acme, call, seconds=300, started_at=NOON.isoformat())
                charge([report], now=NOON)

    assert at_once(threads, work) == []
    assert Wallet.objects.get().balance == 0
    assert UsageEvent.objects.count() == 10
    assert not Hold.objects.exists()


def test_the_same_call_asked_for_at_once_is_reserved_once() -> None:
    acme = build_holding(calls=1)
    let_in: list[bool] = []

    assert at_once(16, lambda _: let_in.append(may_start(acme, "retried"))) == []

    assert let_in == [True] * 16
    assert Hold.objects.count() == 1


def work_until_dry(threads: int, times: int, *, holding: bool) -> int:
    """Let calls of any length start and end at once; answers how many ended below zero."""
    acme = build_holding(calls=threads)
    if not holding:
        Site.objects.update(hold_minutes=None)
    lengths = random.Random(4)
    seconds = [[lengths.randint(1, 300) for _ in range(times)] for _ in range(threads)]

    def work(number: int) -> None:
        for turn, length in enumerate(seconds[number]):
            if may_start(acme, f"{number}-{turn}"):
                report = a_call(
                    acme, f"{number}-{turn}", seconds=length, started_at=NOON.isoformat()
                )
                charge([report], now=NOON)

    assert at_once(threads, work) == []
    assert not Hold.objects.exists()
    return LedgerEntry.objects.filter(kind="usage", balance_after__lt=0).count()


@pytest.mark.parametrize(
    ("threads", "times"), [(16, 10), pytest.param(64, 100, marks=pytest.mark.faults)]
)
def test_only_the_last_call_may_end_below_zero_whatever_starts_and_ends_at_once(
    threads: int, times: int
) -> None:
    assert work_until_dry(threads, times, holding=True) <= 1
    assert Wallet.objects.get().balance > -COST


def test_on_a_site_that_holds_nothing_the_same_work_overdraws_and_that_is_found() -> None:
    assert work_until_dry(32, 20, holding=False) > 1
