"""Messages and other meters: charged by what was reported, refused by name without a rate."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Organization
from plans.models import Counter
from plans.periods import Interval
from plans.terms import Terms
from tests.builders import MARCH_1, build_organization, build_plan
from usage.charging import Result, charge
from usage.models import UsageDay
from usage.rating import MeterNotInPlan, measure_count, rate

pytestmark = pytest.mark.django_db
NOON = MARCH_1 + dt.timedelta(hours=3)


def on_starter(**terms: Any) -> Organization:
    build_plan(**terms)
    return build_organization(plan="starter", credits=100)


def report(organization: Organization, event_id: str = "m-1", **facts: Any) -> Result:
    event = {
        "organization": organization.external_id,
        "id": event_id,
        "agent": "main",
        "kind": "message",
        "direction": "out",
        "at": MARCH_1.isoformat(),
        **facts,
    }
    return charge([event], now=NOON)[0]


def meter(organization: Organization, name: str, quantity: object, **facts: Any) -> Result:
    event = {"kind": "meter", "meter": name, "quantity": quantity, **facts}
    base = {"organization": organization.external_id, "id": f"{name}-1", "agent": "main"}
    return charge([{**base, "at": MARCH_1.isoformat(), **event}], now=NOON)[0]


@pytest.mark.parametrize("direction", ["in", "out"])
def test_a_message_costs_the_plan_s_rate_in_both_directions(direction: str) -> None:
    acme = on_starter(rates={"messages": "0.5"})

    result = report(acme, direction=direction, count=3)

    assert (result.status, result.credits, result.wallet) == ("charged", Decimal("1.5"), 1.5)
    assert UsageDay.objects.get().quantity == 3


def test_a_message_is_one_where_no_count_is_said() -> None:
    acme = on_starter(rates={"messages": "0.5"})

    assert report(acme).credits == Decimal("0.5")


def test_messages_use_their_allowance_first() -> None:
    acme = on_starter(rates={"messages": "2"}, allowances={"messages": "10"})

    first, second = report(acme, count=8), report(acme, "m-2", count=5)

    assert (first.allowance, first.credits) == (8, 0)
    assert (second.allowance, second.credits) == (2, 6)
    assert Counter.objects.get(meter="messages").used == 10


def test_an_allowance_without_a_rate_is_refused_where_it_does_not_cover_all() -> None:
    acme = on_starter(rates={}, allowances={"messages": "10"})

    covered, beyond = report(acme, count=10), report(acme, "m-2")

    assert covered.status == "charged"
    assert (beyond.status, beyond.code) == ("refused", "meter_not_in_plan")
    assert Counter.objects.get(meter="messages").used == 10


@pytest.mark.parametrize("name", ["tokens", "storage_gb", "voicemail_detections", "faxes"])
def test_any_meter_is_charged_where_the_catalogue_names_it(name: str) -> None:
    acme = on_starter(rates={name: "0.000003"})

    result = meter(acme, name, "1500000.5")

    assert (result.status, result.credits) == ("charged", Decimal("4.500002"))


def test_a_meter_without_a_rate_is_refused_by_name_and_never_free_in_silence() -> None:
    acme = on_starter()

    result = meter(acme, "tokens", "5")

    assert (result.status, result.code) == ("refused", "meter_not_in_plan")
    assert "tokens" in result.message
    assert not UsageDay.objects.exists()


def test_a_rate_of_zero_is_a_rate() -> None:
    acme = on_starter(rates={"tokens": "0"})

    result = meter(acme, "tokens", "5")

    assert (result.status, result.credits) == ("charged", 0)


@pytest.mark.parametrize("quantity", ["0", "-1", "nonsense", "NaN", 1.5, True, None, "0.0000001"])
def test_a_quantity_is_a_decimal_above_zero_of_six_places(quantity: object) -> None:
    acme = on_starter(rates={"tokens": "1"})

    result = meter(acme, "tokens", quantity)

    assert (result.status, list(result.fields)) == ("refused", ["quantity"])


@pytest.mark.parametrize("count", [0, -1, 1.5, True, "2", 1_000_001])
def test_a_count_of_messages_is_a_whole_number_above_zero(count: object) -> None:
    result = report(on_starter(rates={"messages": "1"}), count=count)

    assert (result.status, list(result.fields)) == ("refused", ["count"])


@pytest.mark.parametrize("name", ["call_minutes", "messages", "sessions"])
def test_what_has_a_kind_of_its_own_is_not_reported_as_a_meter(name: str) -> None:
    result = meter(on_starter(), name, "1")

    assert (result.status, list(result.fields)) == ("refused", ["meter"])


def test_credits_are_computed_from_the_exact_quantity_and_rounded_once() -> None:
    terms = Terms(
        period=Interval.parse("30 days"),
        allowances={"tokens": Decimal("0.333333")},
        rates={"tokens": Decimal("1.5")},
    )

    rated = rate(terms, measure_count("tokens", "1"), allowance_left=Decimal("0.333333"))

    assert (rated.allowance, rated.credits) == (Decimal("0.333333"), Decimal("1.000001"))
    with pytest.raises(MeterNotInPlan):
        rate(Terms(period=terms.period), measure_count("tokens", "1"), allowance_left=Decimal(0))
