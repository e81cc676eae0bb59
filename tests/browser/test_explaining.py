"""Charges explained and usage broken down, in a real browser: readable, on a phone too."""

from __future__ import annotations

import datetime as dt

import pytest

pytest.importorskip("playwright", reason="playwright is not installed: make browser")
pytest.importorskip("axe_playwright_python", reason="axe is not installed: make browser")

from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.agents import put_agent
from accounts.models import Organization, User
from payments.collecting import record_bank_payment
from tests.browser.test_owner_pages import WIDTHS, faults, log_in
from tests.builders import a_call, build_organization, build_plan
from tests.pages import owner_of
from usage.charging import charge
from usage.models import UsageEvent
from wallet.models import LedgerEntry

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def acme() -> Organization:
    now = timezone.now()
    before = now - dt.timedelta(days=3)
    build_plan(included_credits="30", allowances={"call_minutes": "2"})
    acme = build_organization("Acme", plan="starter", credits=200, now=before)
    for n, name in enumerate(("Ines, who has a very long name for an agent", "Bruno", "Sales")):
        put_agent(acme, external_id=f"{n}", name=name, now=before)
    calls = [
        a_call(
            acme,
            f"call-{n}",
            agent=f"{n % 3}",
            channel=("web", "outbound", "inbound")[n % 3],
            seconds=67 * (n + 1),
            started_at=(before + dt.timedelta(hours=3 * n)).isoformat(),
        )
        for n in range(12)
    ]
    charge(calls, now=now)
    record_bank_payment(acme, reference="SEPA-1", now=now)
    return acme


def addresses() -> list[str]:
    adjusted = LedgerEntry.objects.get(kind="adjustment").pk
    cuts = [f"/billing/breakdown/?by={by}" for by in ("day", "channel", "agent", "meter")]
    return [
        *cuts,
        "/billing/usage/",
        "/billing/usage/call-3/?recompute=now",
        f"/billing/wallet/entries/{adjusted}/",
        "/billing/history/",
    ]


@pytest.mark.parametrize("width", WIDTHS)
def test_what_explains_and_breaks_down_is_accessible_and_fits(
    browser: Browser, live_server: LiveServer, acme: Organization, width: int
) -> None:
    page = browser.new_context(viewport={"width": width, "height": 850}).new_page()
    log_in(page, live_server, owner_of(acme))

    found = {}
    for address in addresses():
        page.goto(live_server.url + address)
        found[address] = faults(page)

    assert {address: fault for address, fault in found.items() if fault} == {}


def test_a_file_is_downloaded_and_a_cut_chosen(
    page: Page, live_server: LiveServer, acme: Organization
) -> None:
    log_in(page, live_server, owner_of(acme))
    page.goto(f"{live_server.url}/billing/breakdown/")

    page.get_by_label("Cut").select_option("agent")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Breakdown by agent")
    with page.expect_download() as download:
        page.get_by_role("link", name="by agent").click()

    assert download.value.suggested_filename.startswith("usage-by-agent-")


def staff_page(browser: Browser, live_server: LiveServer, address: str, width: int) -> Page:
    """Log staff in, on the way to a page of theirs."""
    User.objects.create_superuser("staff@example.com", "look-around-1")
    page = browser.new_context(viewport={"width": width, "height": 850}).new_page()
    page.goto(f"{live_server.url}{address}")
    page.get_by_label("Email").fill("staff@example.com")
    page.get_by_label("Password", exact=True).fill("look-around-1")
    page.get_by_role("button", name="Log in").click()
    return page


def is_too_wide(page: Page) -> bool:
    wider = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    return bool(page.evaluate(wider))


@pytest.mark.parametrize("width", WIDTHS)
def test_staff_compute_a_charge_again(
    browser: Browser, live_server: LiveServer, acme: Organization, width: int
) -> None:
    event = UsageEvent.objects.get(event_id="call-3")
    page = staff_page(browser, live_server, f"/admin/explain/event/{event.pk}/", width)

    page.get_by_role("button", name="Recompute now").click()

    expect(page.get_by_role("status")).to_contain_text("Match")
    assert not is_too_wide(page)


@pytest.mark.parametrize("width", WIDTHS)
def test_staff_ask_why_an_agent_could_not_call_yesterday(
    browser: Browser, live_server: LiveServer, acme: Organization, width: int
) -> None:
    address = f"/admin/accounts/organization/{acme.pk}/why/"
    page = staff_page(browser, live_server, address, width)
    yesterday = timezone.now() - dt.timedelta(days=1)

    page.get_by_label("Channel").select_option("inbound")
    page.get_by_label("Agent").select_option("1")
    page.get_by_label("At (UTC)").fill(f"{yesterday:%Y-%m-%dT%H:%M:%S}")
    page.get_by_role("button", name="Ask").click()

    expect(page.get_by_role("status")).to_contain_text(
        "An inbound call by Bruno could not start on"
    )
    expect(page.get_by_text("No number is assigned")).to_be_visible()
    assert not is_too_wide(page)
