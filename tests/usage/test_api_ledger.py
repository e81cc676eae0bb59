"""GET /ledger/{entry}/: one movement of credits, with the sentences that its owner reads."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine

from accounts.models import Organization
from tests.api_calls import Platform, refused
from tests.builders import MARCH_1, a_call, build_organization, build_plan
from usage.charging import charge
from wallet.models import LedgerEntry

pytestmark = pytest.mark.django_db
NOON = MARCH_1 + dt.timedelta(hours=3)


@pytest.fixture(autouse=True)
def acme() -> Any:
    build_plan(included_credits="5")
    with time_machine.travel(NOON, tick=False):
        acme = build_organization(external_id="acme", plan="starter", credits=100)
        charge([a_call(acme, "one", seconds=90)], now=NOON)
        yield acme


def read(kind: str) -> dict[str, Any]:
    entry = LedgerEntry.objects.filter(kind=kind).order_by("id")[0]
    answer = Platform().get(f"/organizations/acme/ledger/{entry.pk}/")
    assert answer.status_code == 200
    said: dict[str, Any] = answer.json()
    assert said["id"] == entry.pk
    return said


def test_an_entry_of_usage_names_its_event_and_how_that_was_charged() -> None:
    said = read("usage")

    assert (said["pot"], said["credits"], said["event"]) == ("plan", "-5", "one")
    assert said["explanation"] == [
        "It lasted 1 min 30 s: 1.5 minutes.",
        "1.5 minutes at 4 credits a minute: 6 credits.",
    ]


def test_other_entries_tell_what_they_came_from() -> None:
    said = read("adjustment")

    assert (said["event"], said["credits"]) == (None, "100")
    assert said["explanation"] == ["Our staff added them for this reason: “test”."]


def test_what_is_anothers_or_nobody_s_is_404(acme: Organization) -> None:
    other = build_organization("Other", external_id="other", plan="starter", credits=1)
    theirs = LedgerEntry.objects.filter(organization=other)[0]
    platform = Platform()

    for entry in (theirs.pk, 0, 10**30):
        refused(platform.get(f"/organizations/acme/ledger/{entry}/"), 404, "not_found")
    refused(Platform(acme).get(f"/organizations/other/ledger/{theirs.pk}/"), 404, "not_found")
