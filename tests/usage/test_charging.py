"""Charging: who pays what for a call, in which order, and only once."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from accounts.models import Letter, Organization
from plans.models import Counter, Period
from tests.builders import MARCH_1, a_call, apply, build_organization, build_plan, build_site
from tests.faults.threads import database_changed
from usage.charging import Result, charge
from usage.models import UsageDay, UsageEvent
from wallet.balances import balances
from wallet.granting import grant_credits
from wallet.models import CreditGrant, LedgerEntry, Wallet

pytestmark = pytest.mark.django_db
NOON = MARCH_1 + dt.timedelta(hours=3)


def report(organization: Organization, **facts: Any) -> Result:
    return charge([a_call(organization, **facts)], now=NOON)[0]


def on_starter(**terms: Any) -> Organization:
    build_plan(**terms)
    return build_organization(plan="starter", credits=100)


def test_a_call_is_charged_by_duration_at_the_rate_of_its_channel_and_tier() -> None:
    acme = on_starter()

    result = report(acme, channel="outbound", voice_tier="premium", seconds=225)

    assert (result.status, result.credits, result.wallet) == ("charged", 45, 45)
    assert balances(acme, now=NOON).wallet == 55


def test_a_call_that_did_not_connect_costs_and_counts_nothing() -> None:
    acme = on_starter()

    result = report(acme, channel="outbound", connected=False, seconds=0)

    assert (result.status, result.credits) == ("charged", 0)
    assert not Counter.objects.exists()
    assert balances(acme, now=NOON).wallet == 100


def test_the_same_report_again_answers_the_same_and_charges_nothing() -> None:
    acme = on_starter()
    call = a_call(acme, "once")

    first = charge([call], now=NOON)[0]
    again = charge([call, call], now=NOON + dt.timedelta(days=1))

    assert [result.status for result in again] == ["duplicate", "duplicate"]
    assert {result.credits for result in again} == {first.credits}
    assert balances(acme, now=NOON).wallet == 96


def test_other_facts_under_a_known_id_are_a_conflict() -> None:
    acme = on_starter()
    charge([a_call(acme, "once")], now=NOON)

    result = charge([a_call(acme, "once", seconds=61)], now=NOON)[0]

    assert (result.status, result.code) == ("conflict", "id_conflict")
    assert balances(acme, now=NOON).wallet == 96


def test_one_bad_event_refuses_itself_alone() -> None:
    acme = on_starter()
    events = [a_call(acme), {"nonsense": True}, a_call(acme, agent="nobody"), a_call(acme)]

    results = charge(events, now=NOON)

    assert [result.status for result in results] == ["charged", "refused", "refused", "charged"]
    assert balances(acme, now=NOON).wallet == 92


@pytest.mark.parametrize("quantities", [["1000000000000"], ["6000000000", "6000000000"]])
def test_one_that_no_book_can_hold_refuses_itself_alone(quantities: list[str]) -> None:
    acme = on_starter(rates={"tokens": "1000", "call_minutes": "1"})
    meter = {"organization": acme.external_id, "agent": "main", "kind": "meter", "meter": "tokens"}
    huge = [
        {**meter, "id": f"t-{place}", "quantity": quantity, "at": MARCH_1.isoformat()}
        for place, quantity in enumerate(quantities)
    ]

    results = charge([*huge, a_call(acme)], now=NOON)

    assert [result.status for result in results[-2:]] == ["refused", "charged"]
    assert UsageEvent.objects.count() == len(quantities)


def test_allowance_is_used_first_then_the_exact_rest_is_charged() -> None:
    acme = on_starter(allowances={"call_minutes": "2.5"}, rates={"call_minutes": "3"})

    result = report(acme, seconds=200)

    assert result.allowance == Decimal("2.5")
    assert result.credits == Decimal("2.5")  # 200 s are 10/3 minutes; 5/6 of a minute at 3
    assert Counter.objects.get(meter="call_minutes").used == Decimal("2.5")


def test_grants_are_drawn_plan_credits_first_then_the_bonus_that_ends_sooner() -> None:
    acme = on_starter(included_credits="10")
    for name, days in (("later", 20), ("sooner", 5)):
        grant_credits(
            acme,
            kind=CreditGrant.Kind.BONUS,
            credits=Decimal(10),  # type: ignore[arg-type]  # a test writes plain decimals
            key=name,
            expires_at=NOON + dt.timedelta(days=days),
            description=name,
            now=MARCH_1,
        )

    result = report(acme, seconds=360)

    assert (result.plan_credits, result.bonus, result.wallet) == (10, 14, 0)
    left = dict(CreditGrant.objects.values_list("key", "remaining"))
    assert (left["sooner"], left["later"]) == (0, 6)


def test_a_grant_that_came_while_a_charge_waited_for_its_turn_is_left_alone() -> None:
    acme = on_starter(included_credits="10")

    (result,) = charge([a_call(acme)], now=MARCH_1 - dt.timedelta(seconds=1))

    assert (result.plan_credits, result.wallet) == (0, 4)


def test_the_wallet_goes_negative_for_what_has_happened() -> None:
    acme = on_starter()

    result = report(acme, seconds=6000)

    assert result.wallet == 400
    assert balances(acme, now=NOON).wallet == -300


def test_a_late_report_counts_in_the_period_in_which_it_started() -> None:
    acme = on_starter()
    first = acme.periods.get()
    apply(acme, "starter", now=MARCH_1 + dt.timedelta(days=40))

    charge([a_call(acme, channel="outbound")], now=MARCH_1 + dt.timedelta(days=41))

    assert Counter.objects.get().period == first


def test_what_started_after_the_end_counts_in_the_last_period() -> None:
    acme = on_starter()
    long_after = MARCH_1 + dt.timedelta(days=90)

    charge([a_call(acme, channel="outbound", started_at=long_after.isoformat())], now=long_after)

    assert Counter.objects.get().period == acme.periods.get()


def test_before_the_sweep_of_midnight_came_a_charge_renews_the_plan_itself() -> None:
    build_site()
    build_plan(auto_renew=True, included_credits="10", rates={"call_minutes": "4"})
    acme = build_organization(plan="starter")
    end = Period.objects.get().ends_at

    later, earlier = charge(
        [
            a_call(acme, started_at=end.isoformat()),
            a_call(acme, started_at=(end - dt.timedelta(seconds=1)).isoformat()),
        ],
        now=end + dt.timedelta(seconds=90),
    )

    assert (later.plan_credits, earlier.plan_credits, later.wallet) == (4, 4, 0)
    first, second = UsageEvent.objects.order_by("started_at").select_related("period")
    assert (first.period.number, second.period.number) == (1, 2)
    assert Period.objects.count() == 2


def test_a_channel_without_a_rate_is_refused_by_name() -> None:
    acme = on_starter(rates={"call_minutes": {"web": "4"}})

    result = report(acme, channel="outbound")

    assert (result.status, result.code) == ("refused", "meter_not_in_plan")
    assert "outbound" in result.message
    assert not UsageEvent.objects.exists()


def test_length_is_rounded_up_to_the_plans_increment() -> None:
    acme = on_starter(call_increment_seconds=60)

    assert report(acme, seconds=61).credits == 8


def test_rollups_add_up_to_the_events_and_the_events_to_the_ledger() -> None:
    acme = on_starter()
    charge([a_call(acme, seconds=60 + n) for n in range(20)], now=NOON)

    charged = sum(UsageEvent.objects.values_list("credits", flat=True))
    day = UsageDay.objects.get()

    assert (day.events, day.credits) == (20, charged)
    entries = LedgerEntry.objects.filter(kind="usage").values_list("credits", flat=True)
    assert -sum(entries) == charged


def test_a_charge_that_empties_the_wallet_owes_one_letter_and_one_that_blocks_another() -> None:
    acme = on_starter()

    report(acme, seconds=1500)
    report(acme, seconds=60)
    report(acme, seconds=750)

    codes = (
        Letter.objects.exclude(code="plan_applied").order_by("id").values_list("code", flat=True)
    )
    assert list(codes) == ["low_balance", "balance_blocked"]


def test_a_plan_that_pauses_when_negative_remembers_it_until_above_zero() -> None:
    acme = on_starter(overdraft="0", pause_when="negative")

    report(acme, seconds=1515)

    wallet = Wallet.objects.get(organization=acme)
    assert (wallet.balance, wallet.paused) == (-1, True)


def build_both() -> tuple[Organization, Organization]:
    """Build two organizations that are charged in different parts of a large request."""
    build_plan()
    acme, beta = (
        build_organization(name, external_id=name, plan="starter", credits=10**6)
        for name in ("acme", "beta")
    )
    return acme, beta


def test_a_large_request_that_fails_half_way_is_charged_once_when_it_comes_again() -> None:
    events = [a_call(to) for to in build_both() * 50]
    refuse_beta = "BEGIN IF 'beta' = ANY(names) THEN RAISE 'planted'; END IF;"

    with (
        database_changed("usage_holdings", "BEGIN", refuse_beta),
        pytest.raises(ProgrammingError, match="planted"),
    ):
        charge(events, now=NOON)
    results = charge(events, now=NOON)

    assert [result.status for result in results] == ["duplicate", "charged"] * 50
    assert UsageEvent.objects.count() == 100


def test_a_batch_writes_in_a_number_of_statements_that_does_not_grow(
    django_assert_num_queries: Any,
) -> None:
    acme, beta = build_both()
    report(acme)

    with django_assert_num_queries(1):
        charge([a_call(acme)], now=NOON)
    with django_assert_num_queries(4):  # savepoint, load, record, release
        charge([a_call(acme) for _ in range(10)], now=NOON)
    with django_assert_num_queries(4):
        charge([a_call(acme) for _ in range(200)], now=NOON)
    with django_assert_num_queries(8):  # the same for each part of a large one
        charge([a_call(to) for to in (acme, beta) for _ in range(500)], now=NOON)


@pytest.mark.parametrize(
    ("statement", "guard"),
    [
        ("UPDATE plans_counter SET used = -0.000001", "counter_not_below_zero"),
        ("UPDATE usage_usageevent SET credits = -0.000001", "usage_costs_or_is_free"),
    ],
)
def test_the_database_refuses_what_was_used_or_charged_below_zero(
    statement: str, guard: str
) -> None:
    report(on_starter(), channel="outbound")

    with (
        pytest.raises(IntegrityError, match=guard),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
