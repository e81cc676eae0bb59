"""The main job, end to end in a browser: staff apply, the platform reports, the owner sees."""

from __future__ import annotations

import datetime as dt
import io
from decimal import Decimal

import pytest

pytest.importorskip("playwright", reason="playwright is not installed: make browser")

from django.utils import timezone
from playwright.sync_api import Page, expect
from pypdf import PdfReader
from pytest_django.live_server_helper import LiveServer

from accounts.models import Organization, User
from billing_portal.doctor import examine
from invoices.documents import render_due
from tests.api_calls import Platform
from tests.browser.test_owner_pages import log_in
from tests.builders import build_organization, build_plan
from tests.pages import owner_of
from usage.models import UsageEvent
from wallet.credits import display

pytestmark = pytest.mark.django_db(transaction=True)
CALLS = 1000


def calls_of(acme: Organization) -> list[dict[str, object]]:
    """A thousand calls of a minute and a bit, on three channels and two agents' tiers."""
    now = timezone.now()
    return [
        {
            "organization": acme.external_id,
            "id": f"call-{n}",
            "agent": "main",
            "kind": "call",
            "channel": ("web", "outbound", "inbound")[n % 3],
            "started_at": now.isoformat(),
            "connected": n % 7 != 0,
            "seconds": 0 if n % 7 == 0 else 60 + n % 50,
        }
        for n in range(CALLS)
    ]


def staff_apply_starter_for_45_days(
    page: Page, live_server: LiveServer, acme: Organization
) -> None:
    staff = User.objects.create_superuser("staff@example.com", "look-around-1")
    page.goto(f"{live_server.url}/admin/")
    page.get_by_label("Email").fill(staff.email)
    page.get_by_label("Password", exact=True).fill("look-around-1")
    page.get_by_role("button", name="Log in").click()
    page.goto(f"{live_server.url}/admin/accounts/organization/{acme.pk}/apply/")
    page.locator("select[name=plan]").select_option("starter")
    page.locator("input[name=days]").fill("45")
    page.locator("textarea[name=reason]").fill("Signed for a longer first window")
    page.get_by_role("button", name="Look at what would happen").click()
    expect(page.get_by_text("45 days").first).to_be_visible()
    page.get_by_role("button", name="Apply plan").click()
    expect(page.get_by_text("INV-000001").first).to_be_visible()
    page.context.clear_cookies()


def test_the_main_job_from_the_preview_to_the_pdf(page: Page, live_server: LiveServer) -> None:
    build_plan("trial", "trial")
    build_plan("starter")
    acme = build_organization("Acme Dental", plan="trial", now=timezone.now())
    platform = Platform()

    staff_apply_starter_for_45_days(page, live_server, acme)
    first = platform.post("/usage/", {"events": calls_of(acme)[:CALLS]}).json()["results"]
    before = UsageEvent.objects.count()
    api = platform.get(f"/organizations/{acme.external_id}/billing/").json()

    assert (len(first), before) == (CALLS, CALLS)
    assert {result["status"] for result in first} == {"charged"}
    charged = sum((Decimal(result["credits"]) for result in first), Decimal(0))
    assert Decimal(api["wallet"]) == 500 - charged
    assert api["counters"]["calls"]["used"] == sum(
        1 for n in range(CALLS) if n % 3 == 1 and n % 7 != 0
    )

    log_in(page, live_server, owner_of(acme))
    page.goto(f"{live_server.url}/billing/usage/")
    shown = page.locator("main").inner_text()
    last_day = acme.today(timezone.now()) + dt.timedelta(days=44)
    assert f"{last_day:%-d %b %Y}" in shown
    assert display(charged) in shown
    assert display(Decimal(api["wallet"])).lstrip("-") in page.locator("body").inner_text()

    render_due(now=timezone.now())
    page.goto(f"{live_server.url}/billing/invoices/")
    with page.expect_download() as waiting:
        page.locator("a[href$='/INV-000001/pdf/']").first.click()
    pdf = waiting.value.path().read_bytes()
    text = PdfReader(io.BytesIO(pdf)).pages[0].extract_text()
    assert "Acme Dental" in text
    assert "$99.00" in text
    assert platform.get("/invoices/INV-000001/pdf/").content == pdf
    assert [finding for finding in examine(now=timezone.now()) if not finding.ok] == []


def test_the_same_thousand_calls_again_change_nothing() -> None:
    build_plan("starter")
    acme = build_organization(plan="starter", now=timezone.now())
    platform, calls = Platform(), calls_of(acme)

    first = platform.post("/usage/", {"events": calls}).json()["results"]
    told = platform.get(f"/organizations/{acme.external_id}/billing/").json()
    again = platform.post("/usage/", {"events": calls}).json()["results"]

    assert {result["status"] for result in again} == {"duplicate"}
    assert [r["credits"] for r in again] == [r["credits"] for r in first]
    assert [r["from"] for r in again] == [r["from"] for r in first]
    assert platform.get(f"/organizations/{acme.external_id}/billing/").json() == told
