"""Staff open a charge or a ledger entry, and compute it again."""

from __future__ import annotations

import pytest
import time_machine

from accounts.models import Organization
from tests.billing_portal.sick_books import plant
from tests.billing_portal.staff import build_staff, logged_in, text_of
from tests.builders import MARCH_1, a_call, build_organization, build_plan
from usage.charging import charge
from usage.models import UsageEvent
from wallet.models import LedgerEntry

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> Organization:
    build_plan(included_credits="10")
    acme = build_organization(plan="starter", credits=100)
    charge([a_call(acme, "call-1", channel="outbound", seconds=183)], now=MARCH_1)
    return acme


def event_page(asked: str = "") -> str:
    event = UsageEvent.objects.get()
    address = f"/admin/explain/event/{event.pk}/{asked}"
    return text_of(logged_in(build_staff("view_usageevent")).get(address))


@pytest.mark.usefixtures("acme")
def test_staff_read_facts_figures_and_pots_of_a_charge() -> None:
    page = event_page()

    assert "It lasted 3 min 3 s: 3.05 minutes." in page
    assert "Seconds 183" in page
    assert "Rate 8 credits a minute (Starter v1, outbound, standard)" in page
    assert "Plan credits Included in Starter 31 Mar 2026 00:00 UTC 10 0" in page
    assert "2 Wallet never 14.4 85.6" in page
    assert "Match" not in page


@pytest.mark.usefixtures("acme")
@time_machine.travel(MARCH_1, tick=False)
def test_staff_compute_a_charge_again() -> None:
    match = event_page("?recompute=now")
    plant("UPDATE usage_usageevent SET credits = 25")
    mismatch = event_page("?recompute=now")

    assert "Match at 1 Mar 2026 09:00:00: computed 24.40 , charged 24.40" in match
    assert "Mismatch at" in mismatch
    assert "Charged: stored 25, computed 24.4" in mismatch


@pytest.mark.usefixtures("acme")
def test_the_pages_of_events_and_entries_lead_here() -> None:
    staff = logged_in(build_staff("view_usageevent", "view_ledgerentry"))
    event, entry = UsageEvent.objects.get(), LedgerEntry.objects.filter(kind="usage").first()
    assert entry is not None

    of_event = staff.get(f"/admin/usage/usageevent/{event.pk}/change/").content.decode()
    of_entry = staff.get(f"/admin/wallet/ledgerentry/{entry.pk}/change/").content.decode()

    assert f'href="/admin/explain/event/{event.pk}/?recompute=now"' in of_event
    assert f'href="/admin/explain/entry/{entry.pk}/"' in of_entry
    there = staff.get(f"/admin/explain/entry/{entry.pk}/")
    assert (there.status_code, there["Location"]) == (302, f"/admin/explain/event/{event.pk}/")


def test_an_entry_of_another_kind_tells_what_it_came_from(acme: Organization) -> None:
    entry = LedgerEntry.objects.get(kind="adjustment")
    act = acme.acts.get(verb="adjust")

    page = logged_in(build_staff("view_ledgerentry")).get(f"/admin/explain/entry/{entry.pk}/")

    assert "Our staff added them for this reason: “test”." in text_of(page)
    assert f'href="/admin/accounts/act/{act.pk}/change/"' in page.content.decode()


@pytest.mark.usefixtures("acme")
def test_only_staff_who_may_see_the_rows_see_what_explains_them() -> None:
    nobody = logged_in(build_staff())
    event, entry = UsageEvent.objects.get(), LedgerEntry.objects.all()[0]

    assert nobody.get(f"/admin/explain/event/{event.pk}/").status_code == 403
    assert nobody.get(f"/admin/explain/entry/{entry.pk}/").status_code == 403
    staff = logged_in(build_staff("view_usageevent"))
    assert staff.get("/admin/explain/event/999999/").status_code == 404
