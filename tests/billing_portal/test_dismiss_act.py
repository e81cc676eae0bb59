"""Staff see which usage was refused, the open ones first, and take it off the list."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from accounts.models import Organization
from tests.billing_portal.staff import address, build_staff, logged_in, text_of
from tests.billing_portal.test_operating import do, look
from tests.builders import MARCH_1, build_organization, build_plan
from tests.usage.test_refusing import a_meter
from usage.charging import charge
from usage.models import RefusedReport
from usage.refusing import dismiss

pytestmark = pytest.mark.django_db
NOON = MARCH_1 + dt.timedelta(hours=3)
REFUSED = "/admin/usage/refusedreport/"
PERMISSIONS = ("view_organization", "view_refusedreport", "view_planversion", "operate")


@pytest.fixture
def acme() -> Organization:
    build_plan()
    acme = build_organization(plan="starter", credits=100)
    charge([a_meter(acme, "t-1"), a_meter(acme, "s-1", "storage_gb")], now=NOON)
    charge([a_meter(acme, "t-2")], now=NOON)
    return acme


@time_machine.travel(NOON + dt.timedelta(days=2), tick=False)
def test_the_list_is_a_worklist_with_the_plan_and_the_act(acme: Organization) -> None:
    dismiss(RefusedReport.objects.get(meter="storage_gb"), reason="Not sold", now=NOON)
    client = logged_in(build_staff(*PERMISSIONS))

    page = client.get(REFUSED)

    words = text_of(page)
    assert words.index("tokens") < words.index("storage_gb")
    assert "Meter not in plan" in words
    assert "2 days ago" in words
    assert "/admin/plans/planversion/" in page.content.decode()
    assert "storage_gb" not in text_of(client.get(REFUSED, {"state": "open"}))
    one = text_of(client.get(f"{REFUSED}{RefusedReport.objects.get(meter='tokens').pk}/change/"))
    assert "t-2" in one
    assert "Quantity 5" in one
    assert "The plan has no rate for tokens." in one
    assert "Dismiss…" not in text_of(logged_in(build_staff("view_refusedreport")).get(REFUSED))


def test_what_is_open_comes_before_what_was_dismissed_later(acme: Organization) -> None:
    later = NOON + dt.timedelta(days=1)
    charge([a_meter(acme, "s-2", "storage_gb")], now=later)
    dismiss(RefusedReport.objects.get(meter="storage_gb"), reason="Not sold", now=later)

    words = text_of(logged_in(build_staff(*PERMISSIONS)).get(REFUSED))

    assert words.index("tokens") < words.index("storage_gb")


@time_machine.travel(NOON, tick=False)
def test_home_counts_what_is_open(acme: Organization) -> None:
    words = text_of(logged_in(build_staff(*PERMISSIONS)).get("/admin/"))

    assert "2 Refused usage" in words or "Refused usage 2" in words


@time_machine.travel(NOON, tick=False)
def test_it_is_dismissed_by_an_act_with_a_reason(acme: Organization) -> None:
    row = RefusedReport.objects.get(meter="tokens")
    client = logged_in(build_staff(*PERMISSIONS))

    form = client.get(address(acme, "dismiss"), {"refused": row.pk})
    assert f'value="{row.pk}" selected>tokens, 2 times<' in form.content.decode()
    assert ">storage_gb, once<" in form.content.decode()
    done = do(client, acme, "dismiss", refused=row.pk, reason="Told them")

    assert done.url == address(acme)
    row.refresh_from_db()
    assert (row.ended_at, row.reason) == (NOON, "Told them")
    assert "Select a valid choice" in text_of(look(client, acme, "dismiss", refused=row.pk))
    assert "Dismiss refused usage" in text_of(client.get(address(acme)))


def test_an_empty_list_says_so_and_speaks_of_no_filter_where_none_is_set() -> None:
    client = logged_in(build_staff("view_refusedreport"))

    empty = text_of(client.get(REFUSED))
    narrowed = text_of(client.get(REFUSED, {"q": "tokens"}))

    assert "There are no refused reports." in empty
    assert "Show all of them" not in empty
    assert "No refused reports are found like this. Show all of them" in narrowed
