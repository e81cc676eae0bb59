"""Staff are asked why somebody cannot call, and the page tells them rule by rule."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine

from accounts.agents import put_agent
from accounts.models import Organization
from accounts.suspending import suspend, unsuspend
from tests.billing_portal.staff import address, build_staff, logged_in, operator, text_of
from tests.builders import MARCH_1, build_organization, build_plan
from tests.pages import statements
from usage.gate import ask
from usage.questions import Question

pytestmark = pytest.mark.django_db
NOON = MARCH_1 + dt.timedelta(hours=3)


@pytest.fixture(autouse=True)
def acme() -> Iterator[Organization]:
    build_plan()
    with time_machine.travel(NOON, tick=False):
        yield build_organization(plan="starter", credits=100, time_zone="Asia/Kolkata")


def page(acme: Organization, **asked: str) -> str:
    return text_of(operator().get(address(acme, "why"), asked))


def test_with_nothing_asked_it_tells_of_a_web_call_now(acme: Organization) -> None:
    said = page(acme)

    assert "A web call may start now." in said
    assert "1 Mar 2026 17:30:00, Asia/Kolkata" in said
    assert "Subscription ended passes Runs until 31 Mar 2026, 00:00" in said
    assert "Balance exhausted passes Balance 100.00, pauses at -50.00" in said
    assert "Balance reserved passes Nothing is reserved" in said
    assert "What lifts it" not in said


def test_what_refuses_is_told_with_what_lifts_it(acme: Organization) -> None:
    said = page(acme, kind="call", channel="outbound", agent="main", voice_tier="ultra")

    assert "An outbound call by Main may not start now" in said
    assert "Your plan does not include this voice tier." in said
    assert "Voice tier not in plan refuses Ultra of standard, premium" in said
    assert "No phone number not asked would refuse too No number is assigned" in said
    assert "Rent a phone number, or have one assigned." in said


def test_a_batch_that_was_let_through_goes_on_after_the_end(acme: Organization) -> None:
    asked = Question(acme.external_id, kind="campaign_batch", channel="web", batch="b-1")
    assert ask(asked, now=NOON).allowed
    after_the_end = NOON + dt.timedelta(days=40)

    with time_machine.travel(after_the_end, tick=False):
        known, unknown = page(acme, kind="call", batch="b-1"), page(acme, kind="call", batch="b-2")

    assert "A web call may start now." in known
    assert "this batch was let through before" in known
    assert "A web call may not start now: Your subscription has ended." in unknown


def test_an_agent_is_chosen_and_told_by_its_name(acme: Organization) -> None:
    put_agent(acme, external_id="a-7", name="Inès <b>", now=NOON)

    response = operator().get(address(acme, "why"), {"kind": "call", "agent": "a-7"})

    assert "A web call by Inès <b> may start now." in text_of(response)
    assert '<option value="a-7" selected>Inès &lt;b&gt; (a-7)</option>' in response.content.decode()


def test_a_past_instant_is_on_the_organization_s_clock(acme: Organization) -> None:
    suspend(acme, reason="fraud", now=NOON - dt.timedelta(hours=2))
    unsuspend(acme, reason="cleared", now=NOON - dt.timedelta(hours=1))

    then, now = page(acme, kind="call", at="2026-03-01T15:45:00"), page(acme, kind="call")

    assert "A web call could not start on 1 Mar 2026, 15:45" in then
    assert "Organization suspended refuses Suspended" in then
    assert "Rebuilt from what the books keep of that instant" in then
    assert "A web call may start now." in now


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"at": "2026-03-02T00:00:00"}, "That is to come"),
        ({"at": "2026-02-01T00:00:00", "agent": "main"}, "There was no such agent yet."),
        ({"at": "yesterday"}, "Enter a valid date/time."),
        ({"channel": "smoke"}, "Select a valid choice"),
        ({"agent": "somebody's"}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_asked_is_said_beside_its_field(
    acme: Organization, asked: dict[str, Any], words: str
) -> None:
    said = page(acme, **{"kind": "call", **asked})

    assert words in said
    assert "Every rule of the gate" not in said


@pytest.mark.parametrize("kind", ["message", "session", "resource", "campaign_batch"])
def test_a_kind_is_asked_only_what_it_has(acme: Organization, kind: str) -> None:
    said = page(acme, kind=kind, channel="web", voice_tier="premium", resource="leads")

    assert "may start now." in said


def test_the_page_asks_as_often_whatever_happened(acme: Organization) -> None:
    client = operator()
    asked = {"kind": "call", "agent": "main", "at": "2026-03-01T16:00:00"}

    def sent() -> int:
        with statements() as found:
            client.get(address(acme, "why"), asked)
        return len(found)

    few = sent()
    for n in range(5):
        suspend(acme, reason=f"{n}", now=NOON)
        unsuspend(acme, reason=f"{n}", now=NOON)

    assert sent() == few <= 40


def test_the_organization_s_page_leads_here_and_only_who_may_see_it_comes_in(
    acme: Organization,
) -> None:
    page = operator().get(address(acme)).content.decode()

    assert f'href="{address(acme, "why")}"' in page
    assert logged_in(build_staff()).get(address(acme, "why")).status_code == 403
    assert operator().get("/admin/accounts/organization/999999/why/").status_code == 404
    assert operator().post(address(acme, "why")).status_code == 405
