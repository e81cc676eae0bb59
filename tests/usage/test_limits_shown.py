"""Every limit of the gate is on Plan & usage: used of how many, and what to do when it is reached.

Each case brings an organization to a limit; the gate refuses, and the page says the same remedy.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

import pytest
import time_machine

from accounts.models import Organization
from plans.models import Counter, Period, Site
from plans.renting import rent
from plans.resources import KNOWN, report_resources
from tests.builders import MARCH_1, build_organization, build_plan
from tests.pages import browser_of, see
from usage.allowed import REMEDIES
from usage.gate import ask
from usage.models import Hold
from usage.questions import Answer, Question

pytestmark = pytest.mark.django_db
NOON = MARCH_1 + dt.timedelta(hours=3)
PAGE = "/billing/usage/"
LIMITED = {"agents": 3, "knowledge_bases": 3, "campaigns": 3, "leads": 3, "integrations": 3}


@pytest.fixture(autouse=True)
def _at_noon() -> Iterator[None]:
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def acme() -> Organization:
    build_plan(
        channels=["web", "outbound"],
        voice_tiers=["standard"],
        limits=LIMITED,
        quotas={"outbound_calls": 10, "sessions": 20},
        max_call_minutes={"web": "4.5"},
        allowances={"call_minutes": "30"},
    )
    build_plan("scale", voice_tiers=["standard", "ultra"])
    acme = build_organization(plan="starter", credits=100)
    rent(acme, item="phone_number", reference="1", now=MARCH_1)
    return acme


def gate(acme: Organization, **question: str) -> Answer:
    return ask(Question(organization=acme.external_id, **question), now=NOON)


def count(acme: Organization, meter: str, used: int) -> None:
    period = Period.objects.get(organization=acme)
    Counter.objects.update_or_create(
        organization=period.organization, period=period, meter=meter, defaults={"used": used}
    )


@pytest.mark.parametrize("resource", LIMITED)
def test_one_more_of_a_resource_than_the_plan_allows_is_refused_and_shown(
    acme: Organization, resource: str
) -> None:
    report_resources(acme, counts={resource: 2}, now=NOON)
    below, seen = gate(acme, kind="resource", resource=resource), see(browser_of(acme), PAGE)
    report_resources(acme, counts={resource: 3}, now=NOON)

    reached, then = gate(acme, kind="resource", resource=resource), see(browser_of(acme), PAGE)

    assert resource in KNOWN
    assert (below.allowed, reached.code) == (True, "resource_limit_reached")
    assert "2 / 3" in seen
    assert f"3 / 3 Used up. {reached.remedy}" in then


CALL = {"kind": "call", "channel": "outbound"}


@pytest.mark.parametrize(
    ("meter", "limit", "label", "asked", "code"),
    [
        ("outbound_calls", 10, "Calls this period", CALL, "call_quota_reached"),
        ("sessions", 20, "Sessions this period", {"kind": "session"}, "session_limit_reached"),
    ],
)
def test_a_quota_that_is_used_up_is_refused_and_shown(
    acme: Organization, meter: str, limit: int, label: str, asked: dict[str, str], code: str
) -> None:
    count(acme, meter, limit - 1)
    below, seen = gate(acme, **asked), see(browser_of(acme), PAGE)
    count(acme, meter, limit)

    reached, then = gate(acme, **asked), see(browser_of(acme), PAGE)

    assert (below.allowed, reached.code) == (True, code)
    assert f"{label} {limit - 1} / {limit} Almost used up" in seen
    assert f"{label} {limit} / {limit} Used up. {reached.remedy}" in then


def test_a_session_limit_of_the_owner_counts_instead_of_the_quota(acme: Organization) -> None:
    Period.objects.update(session_limit=5)
    count(acme, "sessions", 5)

    reached = gate(acme, kind="session")

    assert reached.code == "session_limit_reached"
    assert f"Sessions this period 5 / 5 Used up. {reached.remedy}" in see(browser_of(acme), PAGE)


def test_a_channel_and_a_voice_tier_are_included_or_not(acme: Organization) -> None:
    inbound = gate(acme, kind="call", channel="inbound")
    ultra = gate(acme, kind="call", channel="web", voice_tier="ultra")

    said = see(browser_of(acme), PAGE)

    assert (inbound.code, ultra.code) == ("channel_not_in_plan", "voice_tier_not_in_plan")
    assert f"Inbound Not included {inbound.remedy}" in said
    assert f"Ultra Not included {ultra.remedy}" in said
    assert "Web Included" in said
    assert "Standard Included" in said


def test_a_phone_channel_without_a_number_says_what_is_missing(acme: Organization) -> None:
    acme.rentals.update(ended_at=NOON)

    refused = gate(acme, **CALL)

    assert refused.code == "no_phone_number"
    assert f"Outbound Number missing {refused.remedy}" in see(browser_of(acme), PAGE)
    report_resources(acme, counts={"phone_numbers": 1}, now=NOON)
    assert "Outbound Included" in see(browser_of(acme), PAGE)


def test_how_long_a_call_may_last_is_said_as_the_gate_says_it(acme: Organization) -> None:
    said = see(browser_of(acme), PAGE)

    assert gate(acme, kind="call", channel="web").max_seconds == 270
    assert "Web Included 4 min 30 s" in said
    assert gate(acme, **CALL).max_seconds is None
    assert "Outbound Included No cap" in said


def test_an_allowance_that_is_used_up_says_what_follows(acme: Organization) -> None:
    count(acme, "call_minutes", 30)

    assert gate(acme, kind="call", channel="web").allowed
    assert f"Call minutes 30 / 30 Used up. {REMEDIES_OF_ALLOWANCE}" in see(browser_of(acme), PAGE)


REMEDIES_OF_ALLOWANCE = "What goes beyond it is charged in credits."


def test_a_plan_without_tiers_and_limits_says_that_everything_is_included() -> None:
    build_plan(voice_tiers=[], limits={}, quotas={})
    acme = build_organization(plan="starter", credits=100)

    said = see(browser_of(acme), PAGE)

    assert "Voice tiers Standard Included" in said
    assert "Calls this period 0 · no limit" in said


def test_a_plan_that_sells_no_calls_speaks_of_no_channels() -> None:
    build_plan(rates={"sessions": "1"}, quotas={"sessions": 20}, voice_tiers=[])
    acme = build_organization(plan="starter", credits=100)

    said = see(browser_of(acme), PAGE)

    assert "Voice tiers" not in said
    assert "Inbound" not in said


@pytest.mark.parametrize("page", [PAGE, "/billing/wallet/"])
def test_what_is_reserved_is_shown_with_what_is_available(
    acme: Organization, page: str, hold: Callable[[Organization], Hold]
) -> None:
    off = see(browser_of(acme), page)
    hold(acme)

    on = see(browser_of(acme), page)

    assert "Reserved" not in off
    assert "Reserved for running calls 12.00 Available 88.00" in on
    assert "and 1.5 included minutes" in on


@pytest.fixture
def hold() -> Callable[[Organization], Hold]:
    """Let a call run that reserves 12 credits and a minute and a half."""

    def begin(organization: Organization) -> Hold:
        Site.objects.update(hold_minutes=60)
        return Hold.objects.create(
            organization=organization,
            channel="web",
            units="1.5",
            credits=12,
            held_at=NOON,
            expires_at=NOON + dt.timedelta(minutes=5),
        )

    return begin


def test_every_refusal_of_the_gate_has_a_remedy() -> None:
    assert all(REMEDIES.values())
