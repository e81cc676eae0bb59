"""POST /usage/ and what can be read of it: each event once, one result each, in their order."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine

from accounts.models import Organization
from tests.api_calls import Platform, refused
from tests.billing_portal.sick_books import plant
from tests.builders import MARCH_1, a_call, build_organization, build_plan
from usage.models import UsageEvent
from wallet.balances import balances

pytestmark = pytest.mark.django_db
NOON = MARCH_1 + dt.timedelta(hours=3)


@pytest.fixture(autouse=True)
def acme() -> Any:
    build_plan("starter")
    with time_machine.travel(NOON, tick=False):
        yield build_organization(external_id="acme", plan="starter", credits=100)


def test_events_are_answered_in_their_order_and_a_bad_one_refuses_itself_alone(
    acme: Organization,
) -> None:
    events = [
        a_call(acme, "one"),
        a_call(acme, "bad", seconds=-1),
        a_call(acme, "two", agent="ghost"),
        a_call(acme, "one"),
        a_call(acme, "one", seconds=61),
        a_call(acme, "three", seconds=30),
    ]
    answer = Platform().post("/usage/", {"events": events})
    assert answer.status_code == 200
    results = answer.json()["results"]
    assert [(one["id"], one["status"], one["credits"]) for one in results] == [
        ("one", "charged", "4"),
        ("bad", "refused", "0"),
        ("two", "refused", "0"),
        ("one", "duplicate", "4"),
        ("one", "conflict", "0"),
        ("three", "charged", "2"),
    ]
    assert [one.get("code") for one in results] == [
        None, "invalid", "invalid", None, "id_conflict", None,
    ]  # fmt: skip
    nothing = {"allowance": "0", "plan_credits": "0", "bonus": "0"}
    assert results[0]["from"] == {**nothing, "wallet": "4"}
    assert balances(acme, now=NOON).wallet == 94


def test_a_thousand_events_again_change_nothing(acme: Organization) -> None:
    body = {"events": [a_call(acme, f"call-{place}", seconds=6) for place in range(1000)]}
    platform = Platform()
    first = platform.post("/usage/", body).json()["results"]
    again = platform.post("/usage/", body).json()["results"]
    assert {one["status"] for one in first} == {"charged"}
    assert [{**one, "status": "charged"} for one in again] == first
    assert {one["status"] for one in again} == {"duplicate"}
    assert balances(acme, now=NOON).wallet == 100 - 400


@pytest.mark.parametrize("count", [0, 1001])
def test_a_request_has_one_to_a_thousand_events(acme: Organization, count: int) -> None:
    body = {"events": [a_call(acme) for _ in range(count)]}
    refused(Platform().post("/usage/", body), 400, "invalid", "events")
    assert not UsageEvent.objects.exists()


@pytest.mark.parametrize("body", [{}, [], {"events": {}}, {"events": None}, "events", None])
def test_events_are_a_list(body: Any) -> None:
    assert Platform().post("/usage/", body).status_code == 400


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"seconds": 10**4000}, "seconds"),
        ({"seconds": "60"}, "seconds"),
        ({"seconds": 1.5}, "seconds"),
        ({"seconds": True}, "seconds"),
        ({"seconds": None}, "seconds"),
        ({"started_at": "2026-03-01T09:00:00"}, "started_at"),
        ({"started_at": "2026-03-02T09:00:00Z"}, "started_at"),
        ({"started_at": "9999-12-31T23:59:59-23:59"}, "started_at"),
        ({"started_at": "0001-01-01T00:00:00+14:00"}, "started_at"),
        ({"started_at": 1772355600}, "started_at"),
        ({"agent": "a\x00"}, "agent"),
        ({"agent": "\udfff"}, "agent"),
        ({"agent": {"$ne": None}}, "agent"),
        ({"id": "\ud800"}, "id"),
        ({"id": ""}, "id"),
        ({"id": "x" * 201}, "id"),
        ({"id": 7}, "id"),
        ({"channel": ["web"]}, "channel"),
        ({"kind": {}}, "kind"),
        ({"kind": "fax"}, "kind"),
        ({"voice_tier": "t" * 41}, "voice_tier"),
        ({"organization": "a\ud800"}, "organization"),
        ({"organization": "nobody"}, "organization"),
        ({"credits": "0"}, "credits"),
        ({"\ud800": 1}, "\ud800"),
    ],
)
def test_a_poisoned_event_refuses_itself_and_no_other(
    acme: Organization, change: dict[str, Any], field: str
) -> None:
    events = [a_call(acme, "before"), a_call(acme, "poison") | change, a_call(acme, "after")]
    answer = Platform().post("/usage/", {"events": events})
    assert answer.status_code == 200
    results = answer.json()["results"]
    assert [one["status"] for one in results] == ["charged", "refused", "charged"]
    assert list(results[1]["fields"]) == [field]


@pytest.mark.parametrize("event", [None, 7, "call", [], [[]], True, {}])
def test_what_is_no_event_refuses_itself(acme: Organization, event: Any) -> None:
    results = Platform().post("/usage/", {"events": [event, a_call(acme)]}).json()["results"]
    assert [one["status"] for one in results] == ["refused", "charged"]
    assert results[0]["id"] is None


def test_an_own_key_reports_for_its_organization_only(acme: Organization) -> None:
    other = build_organization("Other", external_id="other", plan="starter", credits=100)
    unnamed = {name: value for name, value in a_call(acme).items() if name != "organization"}
    body = {"events": [a_call(acme), a_call(other), unnamed]}
    results = Platform(acme).post("/usage/", body).json()["results"]
    assert [one["status"] for one in results] == ["charged", "refused", "charged"]
    assert results[1]["code"] == "not_found"
    assert balances(other, now=NOON).wallet == 100


def test_an_event_is_read_with_its_trace(acme: Organization) -> None:
    platform = Platform()
    call = a_call(acme, "call/1 ü", channel="outbound", voice_tier="premium", seconds=225)
    platform.post("/usage/", {"events": [call]})
    answer = platform.get("/organizations/acme/usage/call/1 ü/")
    assert answer.status_code == 200
    said = answer.json()
    assert (said["id"], said["credits"], said["from"]["wallet"]) == ("call/1 ü", "45", "45")
    assert said["facts"]["seconds"] == 225
    assert said["trace"] == {
        "plan": "starter",
        "plan_version": 1,
        "meter": "call_minutes",
        "channel": "outbound",
        "voice_tier": "premium",
        "quantity": "3.75",
        "quantity_exact": "15/4",
        "allowance": "0",
        "rate": "12",
        "credits": "45",
        "draws": [{"pot": "wallet", "grant": None, "credits": "45"}],
    }


def test_an_event_is_read_by_its_id_whatever_characters_that_has(acme: Organization) -> None:
    platform = Platform()
    platform.post("/usage/", {"events": [a_call(acme, "call\n1//")]})

    answer = platform.get("/organizations/acme/usage/call%0A1///")

    assert answer.json()["id"] == "call\n1//"


def test_an_event_says_whether_it_matches_when_it_is_computed_again(acme: Organization) -> None:
    platform = Platform()
    platform.post("/usage/", {"events": [a_call(acme, "one", seconds=90)]})
    address = "/organizations/acme/usage/one/"

    match = platform.get(address).json()["recomputed"]
    plant("UPDATE usage_usageevent SET credits = 7")
    mismatch = platform.get(address).json()["recomputed"]

    figures = {"credits": "6", "charged": "6", "in_ledger": "6"}
    assert match == {"matches": True, **figures, "differences": []}
    assert mismatch == {
        "matches": False,
        **figures,
        "charged": "7",
        "differences": [{"what": "charged", "stored": "7", "computed": "6"}],
    }


@pytest.mark.parametrize("event", ["nothing", "%00", "x" * 500])
def test_an_event_that_is_none_or_anothers_is_404(acme: Organization, event: str) -> None:
    other = build_organization("Other", external_id="other", plan="starter")
    platform = Platform()
    platform.post("/usage/", {"events": [a_call(other, "theirs")]})
    refused(platform.get(f"/organizations/acme/usage/{event}/"), 404, "not_found")
    refused(platform.get("/organizations/acme/usage/theirs/"), 404, "not_found")
    refused(Platform(acme).get("/organizations/other/usage/theirs/"), 404, "not_found")
