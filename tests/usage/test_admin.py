"""The page of a usage event explains its charge; lists of events are searched exactly."""

from __future__ import annotations

import pytest
import time_machine

from tests.billing_portal.staff import build_staff, logged_in, text_of
from tests.builders import MARCH_1, a_call, build_organization, build_plan
from usage.charging import charge
from usage.models import UsageEvent

pytestmark = pytest.mark.django_db
EVENTS = "/admin/usage/usageevent/"


@time_machine.travel(MARCH_1, tick=False)
def test_staff_read_how_a_charge_came_about() -> None:
    build_plan(allowances={"call_minutes": "1"})
    acme = build_organization(plan="starter", credits=100)
    charge([a_call(acme, "call-1", channel="outbound", seconds=183)], now=MARCH_1)

    event = UsageEvent.objects.get()
    page = text_of(logged_in(build_staff("view_usageevent")).get(f"{EVENTS}{event.pk}/change/"))

    assert "It lasted 3 min 3 s: 3.05 minutes. 1 minute came from what the plan includes." in page
    assert "2.05 minutes at 8 credits a minute: 16.4 credits." in page
    assert "1. drawn from Wallet: 16.4" in page
    assert "Exact quantity 61/20" in page


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("q=call-1", ["call-1"]),
        ("q=call", []),
        ("q=Acme", ["call-2", "call-1"]),
        ("channel=web", ["call-2"]),
        ("channel=fax", ["call-2", "call-1"]),
    ],
)
def test_events_are_found_by_their_whole_id_or_their_organization(
    asked: str, found: list[str]
) -> None:
    build_plan()
    acme = build_organization("Acme", plan="starter")
    calls = [a_call(acme, "call-1", channel="outbound"), a_call(acme, "call-2")]
    charge(calls, now=MARCH_1)

    page = logged_in(build_staff("view_usageevent")).get(f"{EVENTS}?{asked}")

    assert [event.event_id for event in page.context["cl"].result_list] == found
