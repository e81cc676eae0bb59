"""Two people act at once: one wins and the other is told; numbers stay without gaps."""

from __future__ import annotations

import random

import pytest
from django.db import transaction

from accounts.models import Organization
from invoices.issuing import issue_invoice
from invoices.models import Invoice, Series
from invoices.totals import Line
from plans.applying import PlanRequest, apply_plan, propose
from plans.models import Period
from plans.provisioning import NewOrganization, provision
from plans.refusals import PreviewOutdated, TrialUsed
from plans.trials import start_trial
from tests.builders import MARCH_1, build_organization, build_plan, build_site
from tests.faults.threads import at_once, take_out_row_locks
from wallet.money import Money

pytestmark = pytest.mark.django_db(transaction=True)


def confirm_at_once(threads: int) -> list[type[BaseException]]:
    """Let staff confirm one preview; answers what they were told who did not win."""
    build_plan()
    acme = build_organization()
    request = PlanRequest(plan="starter")
    digest = propose(acme, request, now=MARCH_1).digest
    raised = at_once(
        threads,
        lambda _: apply_plan(acme, request, reason="agreed", digest=digest, now=MARCH_1),
    )
    return [type(error) for error in raised]


def test_two_staff_confirm_the_same_preview_and_the_second_is_told() -> None:
    assert confirm_at_once(8) == [PreviewOutdated] * 7
    assert (Period.objects.count(), Invoice.objects.count()) == (1, 1)


def test_without_row_locks_the_race_of_two_staff_is_found_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    take_out_row_locks(monkeypatch)

    assert confirm_at_once(8) != [PreviewOutdated] * 7


def start_at_once(threads: int) -> list[type[BaseException]]:
    """Start a trial many times; answers what those were told who came second."""
    build_plan("trial", "trial")
    acme = build_organization()
    raised = at_once(threads, lambda _: start_trial(acme, now=MARCH_1))
    assert acme.ledger_entries.filter(kind="signup").count() == 1
    return [type(error) for error in raised]


def test_a_trial_that_is_started_many_times_at_once_starts_once() -> None:
    assert start_at_once(8) == [TrialUsed] * 7


def test_without_row_locks_the_race_of_trials_is_found_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    take_out_row_locks(monkeypatch)

    assert start_at_once(8) != [TrialUsed] * 7


def test_one_external_id_makes_one_organization_however_often_it_is_sent_at_once() -> None:
    build_site()
    build_plan("trial", "trial")
    details = NewOrganization(name="Acme", external_id="acme")

    raised = at_once(16, lambda _: provision(details, owner=None, trial=True, now=MARCH_1))

    assert raised == []
    assert Organization.objects.count() == 1
    assert Period.objects.count() == 1


def issue_with_rollbacks(threads: int, times: int) -> list[str]:
    """Let threads issue invoices, one in twenty of them rolled back; answers the numbers."""
    acme = build_organization()
    line = Line("plan", "Plan", Money(100, "USD"))

    def work(number: int) -> None:
        lot = random.Random(number)
        for turn in range(times):
            try:
                with transaction.atomic():
                    issue_invoice(acme, key=f"{number}-{turn}", lines=[line], now=MARCH_1)
                    if lot.random() < 0.05:
                        raise RollBack
            except RollBack:
                pass

    raised = at_once(threads, work)
    assert raised == [], raised[0]
    numbers = Invoice.objects.order_by("number").values_list("number", flat=True)
    return [str(number) for number in numbers]


class RollBack(Exception):
    """Makes a transaction go away."""


def test_numbers_have_no_gap_though_transactions_are_rolled_back() -> None:
    numbers = issue_with_rollbacks(threads=32, times=15)

    assert numbers == [f"INV-{n:06d}" for n in range(1, len(numbers) + 1)]
    assert Series.objects.get(code="INV").next_number == len(numbers) + 1


def test_without_row_locks_the_race_of_numbers_is_found_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    take_out_row_locks(monkeypatch)

    with pytest.raises(AssertionError, match=r"duplicate key|another"):
        issue_with_rollbacks(threads=32, times=15)


@pytest.mark.faults
def test_64_threads_issue_10_000_invoices_without_a_gap() -> None:
    numbers = issue_with_rollbacks(threads=64, times=160)

    assert numbers == [f"INV-{n:06d}" for n in range(1, len(numbers) + 1)]
