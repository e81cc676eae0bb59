"""A scenario file is read strictly: what the engine does not know by name is an error."""

from __future__ import annotations

from pathlib import Path

import pytest

from billing_portal.scenarios.running import run_file
from tests.billing_portal.story_files import Story

pytestmark = pytest.mark.django_db


@pytest.fixture
def story(tmp_path: Path) -> Story:
    return Story(tmp_path)


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ("- sing_up:", "step 1: unknown action sing_up"),
        ("- sign_up:\n- call: {chanel: web, seconds: 1}", "step 2: call: unknown key chanel"),
        ("- sign_up: {name: Acme}", "step 1: sign_up: unknown key name (it has none)"),
        ("- call: {channel: web}", "step 1: call: seconds is missing"),
        ("- sign_up:\n  expect: {balance: 500}", "step 1: unknown state balance"),
        ("- sign_up:\n  expect: {badge: trail}", "step 1: expect: badge: trail is none of"),
        ("- sign_up:\n  expect: {wallet: much}", "step 1: expect: wallet: much is not a decimal"),
        ('- sign_up:\n  expect: {wallet: "1_0"}', "step 1: expect: wallet: 1_0 is not a decimal"),
        ("- sign_up:\n  expect: {calls: 1.5}", "step 1: expect: calls: 1.5 is not a whole number"),
        ("- sign_up:\n  expect: {bell: off}", "step 1: expect: bell: false is none of"),
        ("- sign_up:\n  expect: {code: no_reason}", "step 1: expect: code: no_reason is none of"),
        ("- sign_up:\n  expect: {emails: [trial_end]}", "expect: emails: trial_end is none of"),
        ("- sign_up:\n  expect: {invoices: [{sum: 1}]}", "expect: invoices: unknown key sum"),
        ("- sign_up:\n  expect: {stripe: {fees: 0}}", "expect: stripe: unknown key fees"),
        ("- sign_up:\n  expect:", "step 1: expect: null is not a mapping"),
        ("- sign_up:\n  refused: not_now", "step 1: not_now is none of"),
        ("- sign_up:\n  refused: invalid\n  expect: {}", "refused stands beside an action"),
        ("- refused: invalid", "step 1: refused stands beside an action"),
        ("- sign_up:\n  create:", "step 1: a step has one action, this has [sign_up, create]"),
        ("- sign_up", "step 1: sign_up is not a step"),
        ("- advance: {to: tomorrow}", "step 1: advance: to: tomorrow is not a time such as"),
        ("- advance: {to: 2026-04-01}", "advance: to: 2026-04-01 is not a time such as"),
        ('- advance: {days: "1"}', "step 1: advance: days: 1 is not a whole number"),
        ("- agent: {name: a, when_exhausted: rest}", "agent: when_exhausted: rest is none of"),
        ("- gate: {session: false}", "step 1: gate: session: false is not true"),
        ("- sign_up:\n- sign_up:\n  sign_up:", "line 7: the key sign_up is written twice"),
        ("- top_up: {sum: 1}", "step 1: top_up: unknown key sum"),
        ("- card: {name: visa}", "step 1: card: answers is missing"),
    ],
)
def test_an_unknown_word_is_an_error_that_names_it(story: Story, steps: str, words: str) -> None:
    outcome = story.tell(steps)

    assert not outcome.passed
    assert words in str(outcome)


@pytest.mark.parametrize(
    ("top", "words"),
    [
        ("catalog: intrlume\nsteps:\n", "unknown key catalog"),
        ("catalogue: intrlume\nsteps:\n", "starts_at is missing"),
        ("catalogue: nowhere\nstarts_at: '2026-03-01 09:00'\nsteps:\n", "nowhere.yaml"),
        ("catalogue: ../x\nstarts_at: '2026-03-01 09:00'\nsteps:\n", "is not the name of a"),
        (
            "catalogue: {currency: USD}\nstarts_at: '2026-03-01 09:00'\nsteps:\n",
            "catalogue: ",
        ),
        (
            "organization: {time_zone: Mars/Base}\ncatalogue: intrlume\n"
            "starts_at: '2026-03-01 09:00'\nsteps:\n",
            "organization: time_zone: Mars/Base is not a time zone",
        ),
        ("catalogue: [\nsteps:\n", "line"),
    ],
)
def test_a_file_that_is_no_scenario_fails_in_words(story: Story, top: str, words: str) -> None:
    outcome = story.tell("- sign_up:", top=top)

    assert not outcome.passed
    assert words in str(outcome)


def test_a_file_that_is_missing_fails(tmp_path: Path) -> None:
    outcome = run_file(str(tmp_path / "none.yaml"))

    assert outcome.failures == ("cannot be read: No such file or directory",)


def test_a_day_that_no_calendar_has_fails(story: Story) -> None:
    outcome = story.tell("- extend_trial: {days: 2026-02-30}")

    assert "day is out of range for month" in str(outcome)


def test_what_goes_wrong_stands_on_one_line(story: Story) -> None:
    outcome = story.tell("- sign_up: [", top="catalogue: x\nsteps:\n")

    assert "\n" not in str(outcome)
    assert outcome.failures[0].count("\n") > 0
