"""POST /gate/: strict about the question, one statement for the answer."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Organization
from tests.api_calls import Platform, refused
from tests.builders import MARCH_1, build_organization, build_plan

pytestmark = pytest.mark.django_db
NOON = MARCH_1 + dt.timedelta(hours=3)
CALL = {"organization": "acme", "agent": "main", "kind": "call", "channel": "web"}


@pytest.fixture(autouse=True)
def acme() -> Any:
    build_plan("starter", max_call_minutes={"web": "5"})
    with time_machine.travel(NOON, tick=False):
        yield build_organization(external_id="acme", plan="starter", credits=100)


def test_an_allowed_answer_says_how_long_and_the_bell() -> None:
    answer = Platform().post("/gate/", CALL)
    assert answer.status_code == 200
    assert answer.json() == {
        "allowed": True,
        "code": None,
        "message": None,
        "remedy": None,
        "max_seconds": 300,
        "bell": "none",
    }


def test_a_refused_answer_is_an_answer_too() -> None:
    answer = Platform().post("/gate/", CALL | {"channel": "outbound"})
    assert answer.status_code == 200
    said = answer.json()
    assert (said["allowed"], said["code"]) == (False, "no_phone_number")
    assert said["message"]
    assert said["remedy"]


def test_the_gate_asks_the_database_once_after_the_key() -> None:
    platform = Platform()
    platform.post("/gate/", CALL)
    for caller in (platform, Platform(Organization.objects.get())):
        with CaptureQueriesContext(connection) as statements:
            caller.post("/gate/", CALL)
        about = ["accounts_apikey" in one["sql"] for one in statements.captured_queries]
        assert about == [True, False]


def test_an_own_key_need_not_name_its_organization(acme: Organization) -> None:
    own = Platform(acme)
    unnamed = {name: value for name, value in CALL.items() if name != "organization"}
    assert own.post("/gate/", unnamed).json()["allowed"] is True
    assert own.post("/gate/", CALL).json()["allowed"] is True
    refused(Platform().post("/gate/", unnamed), 400, "invalid", "organization")


def test_anothers_organization_looks_like_none(acme: Organization) -> None:
    build_organization("Other", external_id="other")
    theirs = Platform(acme).post("/gate/", CALL | {"organization": "other"})
    nobodys = Platform(acme).post("/gate/", CALL | {"organization": "nobody"})
    refused(theirs, 404, "not_found", "organization")
    assert theirs.content == nobodys.content
    refused(
        Platform().post("/gate/", CALL | {"organization": "no"}), 404, "not_found", "organization"
    )


def test_nulls_are_as_good_as_nothing() -> None:
    question = CALL | {"voice_tier": None, "resource": None, "batch": None}
    assert Platform().post("/gate/", question).json()["allowed"] is True


def test_an_unknown_agent_is_refused() -> None:
    refused(Platform().post("/gate/", CALL | {"agent": "ghost"}), 422, "invalid", "agent")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "dance"}, "kind"),
        ({"kind": None}, "kind"),
        ({"kind": 7}, "kind"),
        ({"kind": ["call"]}, "kind"),
        ({"channel": None}, "channel"),
        ({"channel": "pigeon"}, "channel"),
        ({"channel": {}}, "channel"),
        ({"kind": "resource"}, "resource"),
        ({"kind": "resource", "resource": "planets"}, "resource"),
        ({"organization": ""}, "organization"),
        ({"organization": 1}, "organization"),
        ({"organization": "x" * 201}, "organization"),
        ({"organization": "a\x00"}, "organization"),
        ({"agent": "\ud800"}, "agent"),
        ({"agent": True}, "agent"),
        ({"batch": ""}, "batch"),
        ({"batch": "b" * 201}, "batch"),
        ({"voice_tier": 1e400}, "voice_tier"),
        ({"chanel": "web"}, "chanel"),
        ({"balance": "100"}, "balance"),
    ],
)
def test_what_is_no_question_is_refused_by_its_field(change: dict[str, Any], field: str) -> None:
    answer = Platform().post("/gate/", CALL | change)
    if change == {"voice_tier": 1e400}:
        # Infinity is no JSON to begin with.
        refused(answer, 400, "malformed")
    else:
        refused(answer, 400, "invalid", field)


@pytest.mark.parametrize("body", ["[]", '"call"', "7", "null"])
def test_a_question_is_an_object(body: str) -> None:
    assert Platform().send("POST", "/gate/", body).status_code == 400


@pytest.mark.parametrize("kind", ["message", "session"])
def test_other_kinds_need_no_channel(kind: str) -> None:
    assert Platform().post("/gate/", {"organization": "acme", "kind": kind}).status_code == 200
