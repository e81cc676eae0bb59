"""Staff and the platform see what is reserved for running calls; looking reserves nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine

from accounts.models import Organization
from billing_portal.gate_answers import gate_answers
from tests.api_calls import Platform
from tests.billing_portal.staff import address, operator, text_of
from tests.usage.test_holds import NOON, gate, on_plan
from usage.models import Hold

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _at_noon() -> Iterator[None]:
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def acme() -> Organization:
    acme = on_plan(credits=30, allowances={"call_minutes": "2"})
    assert gate(acme).allowed
    return acme


def test_staff_see_it_beside_the_balance(acme: Organization) -> None:
    words = text_of(operator().get(address(acme)))

    assert "Reserved for running calls 12.00 and 2 minutes" in words
    assert "Available 18.00" in words


def test_opening_a_page_reserves_nothing(acme: Organization) -> None:
    operator().get(address(acme))
    gate_answers(acme, now=NOON)

    assert Hold.objects.count() == 1


def test_the_platform_reads_it_with_the_other_balances(acme: Organization) -> None:
    said = Platform().get(f"/organizations/{acme.external_id}/billing/").json()

    assert (said["wallet"], said["reserved"], said["available"]) == ("30", "12", "18")


def test_on_a_site_that_reserves_nothing_staff_see_no_such_line(acme: Organization) -> None:
    other = on_plan(credits=30, hold_minutes=None)

    words = text_of(operator().get(address(other)))

    assert "Reserved" not in words
    assert "Available" not in words


def test_the_platform_names_the_call_when_it_asks(acme: Organization) -> None:
    asked = {"organization": acme.external_id, "kind": "call", "channel": "web", "call": "c-1"}

    answer = Platform().post("/gate/", asked)
    wrong = Platform().post("/gate/", asked | {"kind": "message", "channel": None})

    assert answer.json()["allowed"] is True
    assert Hold.objects.get(call="c-1").credits == 20
    assert wrong.status_code == 400
    assert wrong.json()["fields"]["call"] == ["Only a call has the id of a call."]
