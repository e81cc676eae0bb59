"""The engine is strict, and a story that is not true is found out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from accounts.models import Agent
from accounts.refusals import Invalid
from billing_portal.scenarios.actions import ACTIONS, Action
from billing_portal.scenarios.shapes import record
from billing_portal.scenarios.world import World
from tests.billing_portal.story_files import Story
from wallet.models import Wallet

pytestmark = pytest.mark.django_db


@pytest.fixture
def story(tmp_path: Path) -> Story:
    return Story(tmp_path)


def planted(monkeypatch: pytest.MonkeyPatch, name: str, does: Any) -> None:
    monkeypatch.setitem(ACTIONS, name, Action(name, record(), does))


def test_a_true_story_passes(story: Story) -> None:
    outcome = story.tell("- sign_up:\n  expect: {wallet: 500}")

    assert str(outcome) == f"ok {story.file}"


@pytest.mark.parametrize(
    ("expected", "words"),
    [
        ("wallet: 499.99", "wallet: expected 499.99, found 500"),
        ('wallet: "500.000001"', "wallet: expected 500.000001, found 500"),
        ("badge: active", "badge: expected active, found trial"),
        ("plan: starter", "plan: expected starter, found trial"),
        (
            "period: [2026-03-01, 2026-03-31]",
            "period: expected [2026-03-01, 2026-03-31], found [2026-03-01, 2026-03-30]",
        ),
        ("days_left: 29", "days_left: expected 29, found 30"),
        ("bell: red", "bell: expected red, found none"),
        ("calls: 1", "calls: expected 1, found 0"),
        ("session_limit: 50", "session_limit: expected 50, found null"),
        ("allowance: {call_minutes: 0}", "allowance: expected {call_minutes: 0}, found {}"),
        ("agents: {main: 1}", "agents: expected {main: 1}, found {main: 0}"),
        ("agents: {other: 0}", "agents: expected {other: 0}, found {main: 0}"),
        ("emails: [trial_ended]", "emails: expected [trial_ended], found []"),
        (
            "entries: [{kind: bonus}]",
            "entries: expected [{kind: bonus}], found [{credits: 500, kind: signup}]",
        ),
        ("entries: []", "entries: expected [], found [{credits: 500, kind: signup}]"),
        ("invoices: [{}]", "invoices: expected [{}], found []"),
        ("upcoming: {plan: scale}", "upcoming: expected {plan: scale}, found null"),
        ("banner: payment_pending", "banner: expected payment_pending, found null"),
        (
            "stripe: {charges: 1}",
            "stripe: expected {charges: 1}, found {charges: 0, refunds: 0, open_holds: 0}",
        ),
        ("allowed: true", "allowed: the gate was not asked yet"),
        ("charged: {credits: 0}", "charged: nothing was charged yet"),
    ],
)
def test_a_wrong_expectation_is_found(story: Story, expected: str, words: str) -> None:
    outcome = story.tell(f"- sign_up:\n- expect: {{{expected}}}")

    assert outcome.failures == (f"step 2: {words}",)
    assert str(outcome) == f"FAILED {story.file}: step 2: {words}"


def test_a_step_before_the_organization_exists_fails(story: Story) -> None:
    outcome = story.tell("- renew:")

    assert "there is no organization yet" in str(outcome)


def test_a_second_organization_fails(story: Story) -> None:
    outcome = story.tell("- sign_up:\n- create:")

    assert "a story is about one organization" in str(outcome)


def test_a_refusal_that_the_story_does_not_expect_fails(story: Story) -> None:
    outcome = story.tell("- sign_up:\n- apply_plan: {plan: trial}")

    assert "step 2: apply_plan: expected that it is done, found refused: trial_used" in str(outcome)


def test_another_refusal_than_expected_fails(story: Story) -> None:
    outcome = story.tell("- sign_up:\n- apply_plan: {plan: trial}\n  refused: invalid")

    assert "expected refused: invalid, found refused: trial_used" in str(outcome)


def test_a_refusal_that_does_not_come_fails(story: Story) -> None:
    outcome = story.tell("- sign_up:\n- apply_plan: {plan: starter}\n  refused: invalid")

    assert "apply_plan: expected refused: invalid, found that it was done" in str(outcome)


def test_a_refused_report_is_a_refusal(story: Story) -> None:
    outcome = story.tell("- sign_up:\n- call: {channel: web, seconds: -1}\n  refused: invalid")

    assert outcome.passed, str(outcome)


def test_a_refusal_that_changes_something_is_found(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leave_a_trace(world: World) -> None:
        Agent.objects.filter(organization=world.organization).update(name="Changed")
        raise Invalid("too late")

    planted(monkeypatch, "leave_a_trace", leave_a_trace)
    outcome = story.tell("- sign_up:\n- leave_a_trace:\n  refused: invalid")

    assert "expected that a refusal changes nothing, found changes in accounts_agent" in str(
        outcome
    )


def test_broken_books_fail_the_story_after_its_last_step(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    def steal(world: World) -> None:
        Wallet.objects.filter(organization=world.organization).update(balance=1)

    planted(monkeypatch, "steal", steal)
    outcome = story.tell("- sign_up:\n- steal:")

    assert "after the last step: the doctor found BROKEN I1" in str(outcome)


def test_a_defect_of_the_product_fails_the_file_and_not_the_run(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(world: World) -> None:
        raise ZeroDivisionError("by nothing")

    planted(monkeypatch, "stumble", stumble)
    outcome = story.tell("- sign_up:\n- stumble:")

    assert outcome.failures == ("step 2: ZeroDivisionError: by nothing",)


SEVERAL_WRONG = "- sign_up:\n  expect: {wallet: 1, bell: red}\n- expect: {calls: 7}"


def test_a_file_stops_after_the_step_that_failed_and_names_all_that_is_wrong(story: Story) -> None:
    outcome = story.tell(SEVERAL_WRONG)

    assert outcome.failures == (
        "step 1: wallet: expected 1, found 500",
        "step 1: bell: expected red, found none",
    )


def test_a_file_that_is_told_to_goes_on_to_its_end(story: Story) -> None:
    outcome = story.tell(SEVERAL_WRONG, keep_going=True)

    assert len(outcome.failures) == 3
    assert outcome.failures[-1] == "step 2: calls: expected 7, found 0"


def test_time_does_not_run_backwards(story: Story) -> None:
    outcome = story.tell('- sign_up:\n- advance: {to: "2026-03-01 08:59"}')

    assert "time does not run backwards; it is 2026-03-01 09:00" in str(outcome)


def test_time_ends_with_the_calendar(story: Story) -> None:
    outcome = story.tell("- sign_up:\n- advance: {days: 99999999}")

    assert outcome.failures == ("step 2: no calendar goes that far",)


def test_advance_takes_one_measure_of_time(story: Story) -> None:
    outcome = story.tell("- sign_up:\n- advance: {days: 1, hours: 1}")

    assert "advance takes one of to, days and hours" in str(outcome)


def test_letters_are_listed_once_and_in_any_order(story: Story) -> None:
    outcome = story.tell(
        """
        - create: {plan: starter}
        - record_payment: {reference: A}
          expect: {emails: [payment_received, plan_applied]}
        - expect: {emails: []}
        """
    )

    assert outcome.passed, str(outcome)


def test_invoice_lines_are_compared_in_full_and_in_any_order(story: Story) -> None:
    outcome = story.tell(
        """
        - create: {plan: scale}
        - expect: {invoices: [{lines: [[plan, 499], [tax, 1]]}]}
        """
    )

    assert "found [{status: open, total: 499, credited: 0, lines: [[plan, 499]]}]" in str(outcome)
