"""Plan & usage: what is included, what was used, where it went, and why it cost that."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine

from accounts.agents import put_agent
from accounts.models import Organization
from plans.renting import rent
from plans.resources import report_resources
from tests.builders import MARCH_1, a_call, apply, build_organization, build_plan
from tests.pages import browser_of, see, statements, words
from usage.charging import charge
from usage.models import UsageEvent
from usage.templatetags.bars import level_of, width_of

pytestmark = pytest.mark.django_db
NOON = MARCH_1 + dt.timedelta(hours=3)
PAGE = "/billing/usage/"


@pytest.fixture(autouse=True)
def acme() -> Iterator[Organization]:
    build_plan("starter")
    with time_machine.travel(NOON, tick=False):
        yield build_organization("Acme", plan="starter", time_zone="Europe/Paris", credits=1000)


def calls(acme: Organization, count: int, **facts: Any) -> None:
    results = charge([a_call(acme, **facts) for _ in range(count)], now=NOON)
    assert {result.status for result in results} == {"charged"}


def test_plan_badge_dates_zone_days_left_and_what_happens_next_are_told(
    acme: Organization,
) -> None:
    said = see(browser_of(acme), PAGE)

    assert "Active subscription Starter 30 days left" in said
    assert "Period 1 Mar 2026 \N{EN DASH} 30 Mar 2026 Time zone Europe/Paris" in said
    assert "It ends after 30 March 2026" in said
    assert "To upgrade or renew, email" in said


def test_outbound_calls_count_against_the_quota_and_web_calls_are_apart(
    acme: Organization,
) -> None:
    calls(acme, 3, channel="outbound")
    calls(acme, 2, channel="web")
    calls(acme, 1, channel="inbound")

    said = see(browser_of(acme), PAGE)

    assert "Calls this period 3 / 1,000" in said
    assert "Web calls 2 · no limit" in said


def test_a_plan_without_phone_channels_says_how_to_get_them() -> None:
    build_plan("trial", "trial")
    organization = build_organization("New", plan="trial")

    said = see(browser_of(organization), PAGE)

    assert "Calls this period" not in said
    assert "Phone calls become available when you upgrade." in said


def test_the_breakdown_adds_up_by_channel_and_by_agent(acme: Organization) -> None:
    put_agent(acme, external_id="sales", name="Sales", now=NOON)
    calls(acme, 2, channel="outbound", agent="sales")
    calls(acme, 3, channel="web")

    said = see(browser_of(acme), PAGE)

    assert "Outbound 2 2.00 16.00 Web 3 3.00 12.00 Total 5 5.00 28.00" in said
    assert "Sales 2 2.00 16.00 Main 3 3.00 12.00 Total 5 5.00 28.00" in said
    assert "28.00 credits in all" in said


def test_the_picture_has_a_bar_for_every_day_and_the_table_beside_it_the_same(
    acme: Organization,
) -> None:
    calls(acme, 3)

    response = browser_of(acme).get(PAGE)

    chart = response.content.decode().partition('class="chart"')[2].partition("</figure>")[0]
    assert chart.count("<rect") == 30
    assert "1 Mar: 12</title>" in chart
    assert "Sun 1 Mar 2026 3 12.00" in words(response)


def test_a_resource_turns_amber_at_80_percent_and_red_when_it_is_used_up(
    acme: Organization,
) -> None:
    client = browser_of(acme)

    for used, word in ((7, None), (8, "Almost used up"), (10, "Used up")):
        report_resources(acme, counts={"agents": used}, now=NOON)
        said = see(client, PAGE)
        assert f"Agents {used} / 10" in said
        assert ("sed up" in said) is (word is not None)
        assert word is None or word in said


@pytest.mark.parametrize(
    ("used", "limit", "level", "width"),
    [
        (0, None, "", "0.0"),
        (5, None, "", "0.0"),
        (0, 0, "", "0.0"),
        (1, 0, "red", "100.0"),
        (799, 1000, "", "79.9"),
        (800, 1000, "amber", "80.0"),
        (999, 1000, "amber", "99.9"),
        (1000, 1000, "red", "100.0"),
        (1500, 1000, "red", "100.0"),
    ],
)
def test_the_bars_colour_and_length(used: int, limit: int | None, level: str, width: str) -> None:
    assert (level_of(used, limit), width_of(used, limit)) == (level, width)


def test_included_minutes_are_shown_with_what_was_taken_from_them() -> None:
    build_plan("minutes", allowances={"call_minutes": "500"})
    organization = build_organization("Minutes", plan="minutes")
    calls(organization, 1, seconds=90)

    said = see(browser_of(organization), PAGE)

    assert "Call minutes 1.5 / 500" in said
    assert "Web 1 1.50 1.50 0.00 Total" in said


def test_rates_and_rentals_of_the_plan_are_told(acme: Organization) -> None:
    rent(acme, item="phone_number", reference="+33 1 84 88 40 12", now=NOON)

    said = see(browser_of(acme), PAGE)

    assert "Charged for Standard Premium Web calls per minute 4.00 6.00" in said
    assert "Phone number +33 1 84 88 40 12 1 $2.00" in said


def test_a_change_of_plan_starts_counting_again(acme: Organization) -> None:
    calls(acme, 4, channel="outbound")

    apply(acme, "starter", now=NOON)

    said = see(browser_of(acme), PAGE)
    assert "Calls this period 0 / 1,000" in said
    assert "Nothing was used in this period yet." in said


def test_without_a_plan_the_page_says_so() -> None:
    said = see(browser_of(build_organization("New")), PAGE)

    assert "No subscription No plan has been applied yet." in said
    assert "Counting begins with the first plan." in said


def test_after_the_end_it_says_what_ended_and_whom_to_ask(acme: Organization) -> None:
    with time_machine.travel(NOON + dt.timedelta(days=40), tick=False):
        said = see(browser_of(acme), PAGE)

    assert "Your subscription has ended. Please upgrade your plan to continue." in said
    assert "Expired subscription Starter 0 days left" in said


def test_no_single_event_is_touched_however_many_there_are(acme: Organization) -> None:
    client = browser_of(acme)
    calls(acme, 10)
    with statements() as few:
        client.get(PAGE)
    calls(acme, 190)
    with statements() as many:
        client.get(PAGE)

    assert len(many) == len(few) <= 12
    assert not any("usage_usageevent" in statement for statement in many)


def test_a_charge_is_explained_from_its_trace(acme: Organization) -> None:
    calls(acme, 1, id="c-1", channel="outbound", voice_tier="premium", seconds=183)

    said = see(browser_of(acme), f"{PAGE}c-1/")

    assert said.startswith("Outbound call")
    assert "Started 1 Mar 2026, 10:00:00" in said
    assert "Agent Main Voice tier Premium Plan Starter" in said
    assert "It lasted 3 min 3 s: 3.05 minutes." in said
    assert "3.05 minutes at 12 credits a minute: 36.6 credits." in said
    assert "Wallet 36.60" in said


def test_a_call_that_did_not_connect_is_explained_in_one_sentence(acme: Organization) -> None:
    calls(acme, 1, id="c-1", connected=False, seconds=0)

    assert "It did not connect, so it cost nothing." in see(browser_of(acme), f"{PAGE}c-1/")


def test_what_came_from_the_plan_is_explained_before_what_was_charged() -> None:
    build_plan("minutes", allowances={"call_minutes": "1"}, call_increment_seconds=30)
    organization = build_organization("Minutes", plan="minutes", credits=10)
    calls(organization, 1, id="c-1", seconds=61)
    calls(organization, 1, id="c-2", seconds=1)

    client = browser_of(organization)

    said = see(client, f"{PAGE}c-1/")
    assert "It lasted 1 min 1 s, rounded up to 30 seconds: 1.5 minutes." in said
    assert "1 minute came from what the plan includes." in said
    assert "0.5 minutes at 4 credits a minute: 2 credits." in said
    assert "It lasted 1 s, rounded up to 30 seconds" in see(client, f"{PAGE}c-2/")


def test_another_organizations_charge_is_not_explained(acme: Organization) -> None:
    calls(acme, 1, id="c-1")
    other = browser_of(build_organization("Other", plan="starter"))

    assert UsageEvent.objects.filter(event_id="c-1").exists()
    assert other.get(f"{PAGE}c-1/").status_code == 404
    assert other.get(f"{PAGE}never/").status_code == 404
