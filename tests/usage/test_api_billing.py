"""GET billing: every screen's figures in one answer, and the same as everywhere."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from plans.resources import report_resources
from tests.api_calls import Platform, refused
from tests.builders import MARCH_1, a_call, apply, build_organization, build_plan
from usage.api_billing import BillingSerializer

pytestmark = pytest.mark.django_db
NOON = MARCH_1 + dt.timedelta(hours=3)
PATH = "/organizations/acme/billing/"


@pytest.fixture(autouse=True)
def _at_noon() -> Any:
    with time_machine.travel(NOON, tick=False):
        yield


def test_everything_is_said_of_an_organization_on_a_plan() -> None:
    build_plan("starter", included_credits="10", allowances={"call_minutes": "2.5"})
    acme = build_organization(external_id="acme", plan="starter", credits=100)
    report_resources(acme, counts={"agents": 3, "leads": 80}, now=NOON)
    platform = Platform()
    call = a_call(acme, channel="outbound", seconds=240)
    platform.post("/usage/", {"events": [call]})
    answer = platform.get(PATH)
    assert answer.status_code == 200
    assert answer.json() == {
        "badge": "active",
        "badge_label": "Active subscription",
        "banner": None,
        "plan": "starter",
        "plan_name": "Starter",
        "period": {"first_day": "2026-03-01", "last_day": "2026-03-30", "days_left": 30},
        "wallet": "98",
        "plan_credits": "0",
        "bonus": "0",
        "reserved": "0",
        "available": "98",
        "bell": "none",
        "bell_label": "Balance is fine",
        "counters": {
            "calls": {"used": 1, "quota": 1000},
            "sessions": {"used": 0, "limit": None},
        },
        "allowances": {"call_minutes": {"used": "2.5", "included": "2.5", "left": "0"}},
        "resources": {
            "agents": {"used": 3, "limit": 10},
            "leads": {"used": 80, "limit": None},
            "phone_numbers": {"used": 0, "limit": None},
        },
        "upcoming": None,
        "next_billing_day": None,
    }


def test_an_organization_without_a_plan_has_nulls() -> None:
    build_organization(external_id="acme")
    said = Platform().get(PATH).json()
    assert (said["badge"], said["plan"], said["period"]) == ("none", None, None)
    assert set(said) == set(BillingSerializer().fields)


def test_the_number_of_statements_does_not_grow() -> None:
    build_plan("starter")
    acme = build_organization(external_id="acme", plan="starter", credits=100)
    platform, counts = Platform(), []
    for calls in (1, 50):
        apply(acme, "starter", now=NOON, invoiced=False)
        platform.post("/usage/", {"events": [a_call(acme) for _ in range(calls)]})
        with CaptureQueriesContext(connection) as statements:
            platform.get(PATH)
        counts.append(len(statements))
        assert not any("usage_usageevent" in one["sql"] for one in statements.captured_queries)
    assert counts[0] == counts[1] <= 12


def test_others_billing_is_404() -> None:
    own = Platform(build_organization("Own", external_id="own"))
    build_organization(external_id="acme")
    refused(own.get(PATH), 404, "not_found")
