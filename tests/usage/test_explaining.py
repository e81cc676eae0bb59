"""Every charge is explained from its trace, and computed again: match, or mismatch in figures."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from accounts.agents import put_agent
from accounts.models import Organization
from tests.billing_portal.sick_books import plant
from tests.builders import MARCH_1, a_call, apply, build_organization, build_plan
from usage.charging import charge
from usage.explaining import Explanation, explain
from usage.models import UsageEvent
from usage.recomputing import Recomputed, recompute
from wallet.adjusting import adjust_credits
from wallet.credits import Credits

pytestmark = pytest.mark.django_db
NOON = MARCH_1 + dt.timedelta(hours=3)
DAY = dt.timedelta(days=1)


def on_plan(*, credits: int = 100, **terms: Any) -> Organization:
    build_plan(**terms)
    return build_organization(plan="starter", credits=credits)


def use(acme: Organization, event_id: str = "it", **facts: Any) -> UsageEvent:
    results = charge([a_call(acme, event_id, **facts)], now=NOON)
    assert [result.status for result in results] == ["charged"]
    return seen(event_id)


def seen(event_id: str) -> UsageEvent:
    return UsageEvent.objects.select_related("agent", "period__version").get(event_id=event_id)


def figures(told: Explanation) -> dict[str, str]:
    return {step.label: step.figure for step in told.steps}


def changed(name: str, value: str, event_id: str = "it") -> Recomputed:
    """Plant another figure in an event's trace, and compute it again."""
    plant(
        f"UPDATE usage_usageevent SET trace = jsonb_set(trace, '{{{name}}}', '{value}')"
        f" WHERE event_id = '{event_id}'"
    )
    return recompute(seen(event_id))


def test_the_figures_go_from_the_exact_quantity_to_credits_rounded_once() -> None:
    acme = on_plan(allowances={"call_minutes": "1"}, rates={"call_minutes": "0.7"})

    told = explain(use(acme, seconds=200))

    assert figures(told) == {
        "Quantity, exact": "10/3 minutes",
        "Units, rounded half up to 6 places": "3.333333 minutes",
        "Taken from the allowance": "1 minute",
        "Left to charge, exact": "7/3 minutes",
        "Rate": "0.7 credits a minute (Starter v1, web, standard)",
        "Credits, exact": "49/30 credits",
        "Credits, rounded half up to 6 places, once": "1.633333",
    }


def test_each_pot_is_named_with_what_it_was_given_for_its_end_and_its_entry() -> None:
    acme = on_plan(included_credits="10")
    ends = NOON + 5 * DAY
    adjust_credits(
        acme, credits=Credits(Decimal(3)), reason="Sorry", key="b", expires_at=ends, now=MARCH_1
    )

    told = explain(use(acme, seconds=300))

    assert [
        (source.name, source.given_for, source.credits, source.entry and source.entry.balance_after)
        for source in told.sources
    ] == [
        ("Plan credits", "Included in Starter", 10, 0),
        ("Bonus", "Sorry", 3, 0),
        ("Wallet", "", 7, 93),
    ]
    assert [source.grant and source.grant.expires_at for source in told.sources][1:] == [ends, None]
    assert told.booked == sum(source.credits for source in told.sources) == 20


def test_a_session_that_counts_nothing_is_explained_in_one_sentence() -> None:
    acme = on_plan(answered_only=True, rates={"sessions": "2"})
    event = use_session(acme, answered=False)

    told = explain(event, again=True)

    assert told.sentences == ["No customer replied, so it counts nothing on this plan."]
    assert told.steps == told.sources == []
    assert told.recomputed is not None
    assert told.recomputed.matches


def use_session(acme: Organization, hours: int = 1, *, answered: bool = True) -> UsageEvent:
    session = {
        "organization": acme.external_id,
        "id": "chat",
        "agent": "main",
        "kind": "session",
        "started_at": MARCH_1.isoformat(),
        "ended_at": (MARCH_1 + dt.timedelta(hours=hours)).isoformat(),
        "answered": answered,
    }
    charge([session], now=MARCH_1 + 3 * DAY)
    return seen("chat")


def everything(acme: Organization) -> None:
    """Let usage of every kind be charged, from every pot, in two periods, late and limited."""
    put_agent(acme, external_id="seller", name="Seller", monthly_limit=Decimal(8), now=MARCH_1)
    kinds: list[dict[str, Any]] = [
        {"kind": "message", "direction": "out", "count": 3},
        {"kind": "meter", "meter": "tokens", "quantity": "1250.000001"},
    ]
    common = {"organization": acme.external_id, "agent": "main", "at": MARCH_1.isoformat()}
    others = [{**common, "id": f"{n}", **kind} for n, kind in enumerate(kinds)]
    calls = [
        a_call(acme, agent="seller", seconds=seconds, channel=channel)
        for seconds, channel in ((61, "web"), (200, "outbound"), (7, "inbound"), (3601, "web"))
    ]
    charge([*others, *calls, a_call(acme, connected=False, seconds=0)], now=NOON)
    use_session(acme, hours=50)
    use_session(acme, hours=80, answered=False)
    apply(acme, "starter", now=NOON + 4 * DAY, invoiced=False)
    charge([a_call(acme, "late", seconds=125)], now=NOON + 5 * DAY)


@pytest.mark.parametrize("step", [1, 7])
def test_every_charge_of_every_kind_matches_when_it_is_computed_again(step: int) -> None:
    rates = {
        "call_minutes": {"web": {"standard": "3.3"}, "outbound": "7", "inbound": "0.1"},
        "messages": "0.333333",
        "tokens": "0.0007",
        "sessions": "1.5",
    }
    acme = on_plan(
        included_credits="20",
        rates=rates,
        allowances={"call_minutes": "2", "sessions": "1", "messages": "2"},
        call_increment_seconds=step,
        voice_tiers=["standard"],
    )

    everything(acme)

    events = UsageEvent.objects.select_related("agent", "period__version")
    wrong = {event.event_id: recompute(event).differences for event in events}
    assert len(wrong) > 10
    assert {name for name, differences in wrong.items() if differences} == set()


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        ("credits", '"9"', {"credits"}),
        ("rate", '"5"', {"rate"}),
        ("quantity", "[7, 2]", {"quantity"}),
        ("draws", '[["wallet", null, "3"]]', {"draws"}),
        ("version", "0", {"version"}),
        ("voice_tier", '"premium"', {"voice_tier"}),
        # More than the plan includes: what that would have left is another charge.
        ("allowance", '"1.5"', {"allowance"}),
        ("allowance", '"0"', {"credits", "draws", "charged", "in the ledger", "ledger entry 1"}),
    ],
)
def test_a_wrong_trace_is_told_as_a_mismatch_with_both_figures(
    name: str, value: str, what: set[str]
) -> None:
    acme = on_plan(allowances={"call_minutes": "1"})
    assert recompute(use(acme, seconds=120)).matches

    told = changed(name, value)

    assert not told.matches
    assert {difference.what for difference in told.differences} == what
    assert all(difference.stored != difference.computed for difference in told.differences)


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("UPDATE usage_usageevent SET credits = 9", {"charged"}),
        (
            "UPDATE wallet_ledgerentry SET credits = -5, balance_after = 95"
            " WHERE kind = 'usage'",
            {"in the ledger", "ledger entry 1"},
        ),
        ("DELETE FROM wallet_ledgerentry WHERE kind = 'usage'",
         {"in the ledger", "ledger entry 1"}),
        ("UPDATE usage_usageevent SET facts = jsonb_set(facts, '{seconds}', '60')",
         {"quantity", "credits", "draws", "charged", "in the ledger", "ledger entry 1"}),
    ],
)  # fmt: skip
def test_what_was_changed_elsewhere_is_found_too(sql: str, what: set[str]) -> None:
    use(on_plan(), seconds=120)

    plant(sql)

    told = recompute(seen("it"))
    assert {difference.what for difference in told.differences} == what


def test_a_charge_that_jumped_the_queue_of_pots_does_not_match() -> None:
    acme = on_plan(included_credits="5")
    use(acme, seconds=120)
    # Two of the eight come from the wallet, though three were left of the plan's credits.
    plant("UPDATE wallet_ledgerentry SET credits = -2, balance_after = 3"
          " WHERE key = 'usage:it:1'")  # fmt: skip
    plant("UPDATE wallet_ledgerentry SET credits = -6, balance_after = 94"
          " WHERE key = 'usage:it:2'")  # fmt: skip

    told = recompute(seen("it"))

    assert [difference.what for difference in told.differences] == [
        "ledger entry 1",
        "ledger entry 2",
    ]


def test_a_rate_that_the_plan_never_had_is_told_in_words() -> None:
    acme = on_plan()
    use(acme)
    plant('UPDATE usage_usageevent SET facts = facts || \'{"kind": "meter", "meter": "x"}\'')

    told = recompute(seen("it"))

    assert told.computed is None
    assert told.differences[0].computed == "The plan has no rate for x."


def test_computing_again_asks_for_the_entries_only(django_assert_num_queries: Any) -> None:
    event = use(on_plan(included_credits="2"))

    with django_assert_num_queries(1):
        recompute(event)
    with django_assert_num_queries(2):
        explain(event, again=True)
