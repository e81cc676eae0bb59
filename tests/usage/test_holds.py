"""Credit is reserved for a call that starts: thirty cannot start on the credit of one."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from accounts.models import Organization
from accounts.refusals import Invalid
from plans.models import Rental, Site
from plans.renting import rent
from tests.builders import MARCH_1, a_call, build_organization, build_plan
from usage.charging import charge
from usage.gate import ask
from usage.holds import reserved
from usage.models import Hold
from usage.overview import overview
from usage.questions import Answer, Question
from wallet.balances import balances
from wallet.models import Wallet

pytestmark = pytest.mark.django_db
NOON = MARCH_1 + dt.timedelta(hours=3)
MINUTE = dt.timedelta(minutes=1)
RESERVED = "What is left of your credit is reserved for calls that are running."


def on_plan(credits: int = 20, *, hold_minutes: int | None = 60, **terms: Any) -> Organization:
    """Make an organization whose web calls last at most 5 minutes and cost 4 credits a minute."""
    build_plan(**{"overdraft": "0", "max_call_minutes": {"web": "5"}, **terms})
    acme = build_organization(plan="starter", credits=credits)
    Site.objects.update(hold_minutes=hold_minutes)
    return acme


def gate(acme: Organization, now: dt.datetime = NOON, **question: Any) -> Answer:
    question.setdefault("kind", "call")
    if question["kind"] in ("call", "campaign_batch"):
        question.setdefault("channel", "web")
    return ask(Question(organization=acme.external_id, **question), now=now)


def report(acme: Organization, now: dt.datetime = NOON + MINUTE, **facts: Any) -> None:
    started = facts.pop("started_at", NOON).isoformat()
    [result] = charge([a_call(acme, started_at=started, **facts)], now=now)
    assert result.status == "charged", result


def is_let_in(answer: Answer) -> bool:
    """Answer whether a call was let in; refused, it was for the credit that is reserved."""
    assert answer.allowed or (answer.code, answer.message) == ("balance_exhausted", RESERVED)
    return answer.allowed


def test_thirty_calls_cannot_start_on_the_credit_of_one() -> None:
    acme = on_plan(credits=20)

    let_in = [is_let_in(gate(acme)) for _ in range(30)]

    assert let_in == [True] + [False] * 29
    assert Hold.objects.get().credits == 20
    assert balances(acme, now=NOON).wallet == 20


def test_a_site_that_says_nothing_of_holds_reserves_nothing() -> None:
    acme = on_plan(credits=20, hold_minutes=None)

    assert all(gate(acme).allowed for _ in range(30))
    assert not Hold.objects.exists()


def test_switched_off_what_was_reserved_counts_nothing() -> None:
    acme = on_plan(credits=20)
    assert gate(acme).allowed

    Site.objects.update(hold_minutes=None)

    assert gate(acme).allowed
    assert not reserved(acme, now=NOON)


def test_each_call_reserves_its_rate_for_the_longest_that_it_can_last() -> None:
    acme = on_plan(credits=1000, max_call_minutes={"web": "5"}, voice_tiers=["standard", "premium"])
    rent(acme, item=Rental.PHONE_NUMBER, reference="1", now=NOON)

    gate(acme)
    gate(acme, voice_tier="premium")
    gate(acme, channel="outbound")

    # Where the plan has no cap, the site's longest: 60 minutes at 8 credits.
    assert list(Hold.objects.values_list("credits", flat=True)) == [20, 30, 480]
    ends = {held.expires_at - held.held_at for held in Hold.objects.all()}
    assert ends == {5 * MINUTE, 60 * MINUTE}


def test_a_hold_ends_with_the_longest_length_and_no_job_is_needed() -> None:
    acme = on_plan(credits=20)
    assert gate(acme).allowed

    assert not is_let_in(gate(acme, now=NOON + 5 * MINUTE - dt.timedelta(seconds=1)))
    assert reserved(acme, now=NOON + 5 * MINUTE) == reserved(acme, now=NOON + 60 * MINUTE)
    assert is_let_in(gate(acme, now=NOON + 5 * MINUTE))
    # What was over is forgotten when it is in the way.
    assert Hold.objects.get().held_at == NOON + 5 * MINUTE


def test_minutes_of_the_allowance_are_reserved_before_credits() -> None:
    acme = on_plan(credits=4, allowances={"call_minutes": "12"})

    let_in = [is_let_in(gate(acme)) for _ in range(4)]

    # 5 and 5 minutes; 2 minutes and 12 credits, of which 4 are there; then nothing.
    assert let_in == [True, True, True, False]
    assert list(Hold.objects.values_list("units", "credits")) == [(5, 0), (5, 0), (2, 12)]
    now = reserved(acme, now=NOON)
    assert (now.units, now.credits) == (12, 12)


def test_plan_credits_are_what_calls_can_start_on_too() -> None:
    acme = on_plan(credits=0, included_credits="40")

    assert [is_let_in(gate(acme)) for _ in range(3)] == [True, True, False]


def test_an_agent_that_stops_at_the_end_of_plan_credits_does_not_start_on_the_wallet() -> None:
    acme = on_plan(credits=1000, included_credits="20")
    acme.agents.create(external_id="stops", name="Stops", created_at=MARCH_1, when_exhausted="stop")

    assert gate(acme, agent="stops").allowed
    assert not is_let_in(gate(acme, agent="stops"))
    assert gate(acme, agent="main").allowed


def test_beyond_its_limit_an_agent_starts_one_call_on_the_wallet_for_one() -> None:
    acme = on_plan(credits=20, included_credits="100")
    for name in ("limited", "another"):
        acme.agents.create(external_id=name, name=name, created_at=MARCH_1, monthly_limit=1)
        report(acme, agent=name)
    assert gate(acme, agent="main").allowed

    # What runs for others draws on the plan credits, which they leave to those.
    asked = ("limited", "limited", "another", "main")
    assert [is_let_in(gate(acme, agent=name)) for name in asked] == [True, False, False, True]


@pytest.mark.parametrize("pause_when", ["dry", "negative"])
def test_what_may_be_overdrawn_counts_as_available(pause_when: str) -> None:
    acme = on_plan(credits=20, overdraft="20", pause_when=pause_when)
    Wallet.objects.update(overdraft=20, pause_when=pause_when)

    assert [is_let_in(gate(acme)) for _ in range(3)] == [True, True, False]


def test_with_nothing_reserved_the_balance_alone_decides_as_ever() -> None:
    acme = on_plan(credits=1, pause_when="negative")
    Wallet.objects.update(balance=0, pause_when="negative", overdraft=0)

    assert gate(acme).allowed
    assert not is_let_in(gate(acme))


def test_work_that_the_plan_charges_nothing_for_reserves_and_asks_nothing() -> None:
    acme = on_plan(credits=20, rates={"call_minutes": {"web": "4"}})
    rent(acme, item=Rental.PHONE_NUMBER, reference="1", now=NOON)
    gate(acme)

    assert all(gate(acme, channel="inbound").allowed for _ in range(3))
    assert gate(acme, kind="message").allowed
    assert gate(acme, kind="resource", resource="agents").allowed
    assert Hold.objects.count() == 1


def test_a_message_does_not_start_on_what_is_reserved_for_a_call() -> None:
    acme = on_plan(credits=20, rates={"call_minutes": "4", "messages": "1"})
    assert gate(acme, kind="message").allowed

    gate(acme)

    assert not is_let_in(gate(acme, kind="message"))
    assert Hold.objects.count() == 1


def test_a_campaign_batch_that_was_let_through_finishes() -> None:
    acme = on_plan(credits=20)
    assert gate(acme, kind="campaign_batch", batch="spring").allowed
    assert not Hold.objects.exists()

    assert all(gate(acme, batch="spring").allowed for _ in range(3))

    assert not is_let_in(gate(acme))
    assert not is_let_in(gate(acme, kind="campaign_batch", batch="summer"))
    # What its calls may cost is reserved: others shall not count on it.
    assert reserved(acme, now=NOON).credits == 60


def test_what_is_reserved_turns_no_bell_and_leaves_the_balance_as_it_is() -> None:
    acme = on_plan(credits=20)
    assert gate(acme).bell == "none"

    assert gate(acme).bell == "none"

    shown = overview(acme, now=NOON)
    assert (shown.balances.wallet, shown.reserved.credits, shown.available) == (20, 20, 0)


def test_one_organizations_holds_are_nothing_to_another() -> None:
    acme = on_plan(credits=20)
    other = build_organization("Other", plan="starter", credits=20)
    gate(acme)

    assert gate(other).allowed
    assert Hold.objects.filter(organization=other).count() == 1


def test_the_id_of_a_call_is_a_text_and_of_a_call_only() -> None:
    acme = on_plan()

    wrong: tuple[dict[str, Any], ...] = (
        {"call": ""},
        {"call": "x" * 201},
        {"call": "x", "kind": "message"},
    )
    for asked in wrong:
        with pytest.raises(Invalid) as refused:
            gate(acme, **asked)
        assert refused.value.field == "call"
