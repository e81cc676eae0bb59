"""An owner opens a charge or a movement of credits, and is told how it came about."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

import pytest
import time_machine
from django.urls import reverse

from accounts.models import Organization
from tests.billing_portal.sick_books import plant
from tests.builders import MARCH_1, a_call, build_organization, build_plan
from tests.pages import browser_of, see, statements, words
from usage.charging import charge
from usage.models import UsageEvent
from usage.windows import MARK
from wallet.adjusting import adjust_credits
from wallet.credits import Credits
from wallet.models import LedgerEntry

pytestmark = pytest.mark.django_db
NOON = MARCH_1 + dt.timedelta(hours=3)
EVENT = "/billing/usage/c-1/"


@pytest.fixture(autouse=True)
def acme() -> Iterator[Organization]:
    build_plan(included_credits="10")
    with time_machine.travel(NOON, tick=False):
        acme = build_organization("Acme", plan="starter", time_zone="Europe/Paris", credits=100)
        charge([a_call(acme, "c-1", channel="outbound", seconds=183)], now=NOON)
        yield acme


def entry(kind: str) -> str:
    return f"/billing/wallet/entries/{LedgerEntry.objects.filter(kind=kind).latest('id').pk}/"


def test_pots_are_named_with_their_end_and_what_was_left_in_them(acme: Organization) -> None:
    said = see(browser_of(acme), EVENT)

    assert "Plan credits Included in Starter Expire 31 Mar 2026, 00:00 10.00 0.00" in said
    assert "Wallet 14.40 85.60 In the ledger 24.40" in said
    assert "Credits, exact 24.4 credits Credits, rounded half up to 6 places, once 24.4" in said


def test_it_is_computed_again_when_that_is_asked_for(acme: Organization) -> None:
    client = browser_of(acme)

    before, after = see(client, EVENT), see(client, f"{EVENT}?recompute=now")

    assert "It matches" not in before
    assert "It matches. Computed again from what was stored on 1 Mar 2026, 13:00:00" in after
    assert "24.40 credits; charged 24.40 , in the ledger 24.40 ." in after


def test_what_does_not_match_is_told_with_both_figures(acme: Organization) -> None:
    plant("UPDATE usage_usageevent SET trace = jsonb_set(trace, '{rate}', '\"7\"')")

    said = see(browser_of(acme), f"{EVENT}?recompute=now")

    assert "It does not match." in said
    assert "Rate: stored 7, computed 8." in said


def test_a_charge_asks_as_often_however_many_pots_paid(acme: Organization) -> None:
    client = browser_of(acme)
    ends = NOON + dt.timedelta(days=9)
    for n in range(4):
        adjust_credits(acme, credits=Credits(Decimal(1)), reason=f"{n}", key=f"{n}",
                       expires_at=ends, now=NOON)  # fmt: skip
    charge([a_call(acme, "c-5", seconds=600)], now=NOON)

    with statements() as few:
        client.get(f"{EVENT}?recompute=now")
    with statements() as many:
        client.get("/billing/usage/c-5/?recompute=now")

    assert len(few) == len(many) <= 14


def test_an_entry_of_usage_leads_to_its_charge(acme: Organization) -> None:
    response = browser_of(acme).get(entry("usage"))

    assert (response.status_code, response["Location"]) == (302, EVENT)


def test_other_entries_tell_what_they_came_from(acme: Organization) -> None:
    client = browser_of(acme)

    said = see(client, entry("adjustment"))
    assert said.startswith("Adjustment Back to the wallet +100.00 credits Our staff added them")
    assert "for this reason: “test”." in said
    assert "Pot Wallet Balance of the pot after it 100.00" in said

    page = client.get(entry("plan_credits"))
    assert "They are included in Starter v1 for 1 Mar 2026 to 30 Mar 2026." in words(page)
    assert '<a href="/billing/breakdown/?period=1">' in page.content.decode()


def test_the_history_leads_to_every_entry(acme: Organization) -> None:
    page = browser_of(acme).get("/billing/wallet/").content.decode()

    for found in LedgerEntry.objects.exclude(kind="usage"):
        assert f'href="/billing/wallet/entries/{found.pk}/"' in page


def test_nobody_else_sees_an_entry(acme: Organization) -> None:
    other = browser_of(build_organization("Other", plan="starter"))

    mine = LedgerEntry.objects.filter(organization=acme).first()
    assert mine is not None
    assert other.get(f"/billing/wallet/entries/{mine.pk}/").status_code == 404
    assert browser_of(acme).get("/billing/wallet/entries/999999/").status_code == 404


def test_a_later_window_of_a_session_is_called_by_its_number(acme: Organization) -> None:
    session = {
        "organization": acme.external_id,
        "id": "chat",
        "agent": "main",
        "kind": "session",
        "started_at": (NOON - dt.timedelta(hours=30)).isoformat(),
        "ended_at": NOON.isoformat(),
    }
    charge([session], now=NOON)
    later = UsageEvent.objects.get(event_id__startswith=f"chat{MARK}")

    said = see(browser_of(acme), reverse("usage_event", args=[later.event_id]))

    assert "Reported under chat, window 2" in said
    assert "It counts as 1 session." in said
