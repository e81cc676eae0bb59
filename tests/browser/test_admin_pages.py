"""Every page of the console, in a real browser: readable for everybody, on a phone, by keyboard."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

import pytest

pytest.importorskip("playwright", reason="playwright is not installed: make browser")
pytest.importorskip("axe_playwright_python", reason="axe is not installed: make browser")

from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.agents import put_agent
from accounts.models import Callback, Letter, Organization, WebhookEndpoint
from accounts.webhook_endpoints import disable, register
from billing_portal.operating.acts import BY_NAME
from payments.collecting import record_bank_payment
from plans.demos import request_demo
from plans.models import DemoRequest, Period, Plan
from plans.renting import rent
from tests.browser.test_explaining import is_too_wide, staff_page
from tests.builders import a_call, apply, build_organization, build_plan
from tests.pages import owner_of
from tests.plans.life import build_monthly
from tests.usage.test_refusing import a_meter
from usage.charging import charge
from usage.models import RefusedReport, UsageEvent
from wallet.models import LedgerEntry

pytestmark = pytest.mark.django_db(transaction=True)
HOSTILE = "<b>Überlandvertriebsgesellschaftsbeteiligungsverwaltung</b> & Töchter"
# The sidebar and a wide list scroll by the theme's SimpleBar, which calls both regions the same.
AXE: dict[str, Any] = {"rules": {"landmark-unique": {"enabled": False}}}
LISTS = (
    *("accounts/organization", "accounts/letter", "accounts/callback", "accounts/webhookendpoint"),
    *("accounts/act", "plans/plan", "plans/demorequest", "plans/rental", "invoices/invoice"),
    *("payments/payment", "payments/dispute", "wallet/ledgerentry", "usage/refusedreport"),
)
ROWS = (Callback, DemoRequest, Letter, LedgerEntry, Period, Plan, RefusedReport, UsageEvent)


@pytest.fixture
def acme() -> Organization:
    """An organization with a hostile name and something of everything, also of what failed."""
    now = timezone.now() - dt.timedelta(days=3)
    build_monthly(price={"USD": "59.00"}, rentals={"phone_number": {"USD": "2.00"}})
    build_plan("enterprise", "enterprise", price={}, voice_tiers=["ultra"])
    build_organization("Trying", plan=build_plan("trial", "trial").code, now=now)
    endpoint = register("http://127.0.0.1/home", events=[], now=now)
    acme = build_organization(HOSTILE, now=now, credits=100)
    apply(acme, "starter", now=now)
    put_agent(acme, external_id="w", name="W" * 120, now=now)
    rent(acme, item="phone_number", reference="+14155550100", now=now)
    record_bank_payment(acme, reference="SEPA-1", now=now)
    started_at = (now + dt.timedelta(hours=1)).isoformat()
    charge([a_call(acme, "call-1", agent="w", started_at=started_at)], now=timezone.now())
    charge([a_meter(acme, "t-1", "m" * 50, at=started_at)], now=timezone.now())
    request_demo(acme, plan="enterprise", actor=owner_of(acme), now=timezone.now())
    disable(endpoint, because="It is gone.", now=timezone.now())
    return acme


def faults(page: Page) -> list[str]:
    """What axe finds."""
    return [
        f"{one['id']}: {node['html'][:200]}"
        for one in Axe().run(page, options=AXE).response["violations"]
        for node in one["nodes"]
    ]


def too_wide(page: Page, width: int) -> list[str]:
    page.set_viewport_size({"width": width, "height": 850})
    return [f"wider than {width}"] if is_too_wide(page) else []


def look_at(page: Page, address: str, *, on_a_phone: bool = False) -> list[str]:
    """Open a page, and answer what is wrong with it, wide and narrow."""
    response = page.goto(address)
    if not (response and response.ok):
        return [f"{response}"]
    found = [*too_wide(page, 1280), *faults(page), *too_wide(page, 390)]
    return [*found, *faults(page)] if on_a_phone else found


def of_the_organization(acme: Organization) -> list[str]:
    """Answer the pages of an organization, and the forms of all acts."""
    here = f"/admin/accounts/organization/{acme.pk}"
    past = f"{timezone.now() - dt.timedelta(days=1):%Y-%m-%dT%H:%M:%S}"
    why = (
        "kind=call&channel=web&agent=w",
        "kind=campaign_batch&channel=inbound&voice_tier=ultra",
        f"kind=call&channel=outbound&at={past}",
        "kind=resource&resource=leads&agent=somebody's",
    )
    return [
        f"{here}/change/",
        *(f"{here}/why/?{asked}" for asked in why),
        f"{here}/rehearse/?days=45&card=pays",
        *(f"{here}/{name}/" for name in BY_NAME),
        f"/admin/accounts/organization/renew/?organizations={acme.pk}",
        "/admin/accounts/organization/add/",
    ]


def of_everybody() -> list[str]:
    """Answer the worklists with what is behind them, and the pages that belong to no row."""
    rows = [
        f"/admin/{row._meta.app_label}/{row._meta.model_name}/{row.pk}/change/"
        for row in (model._default_manager.first() for model in ROWS)
        if row is not None
    ]
    assert len(rows) == len(ROWS)
    event, adjusted = UsageEvent.objects.get(), LedgerEntry.objects.get(kind="adjustment")
    return [
        *("/admin/", "/admin/letters/?letter=quota_80", "/admin/doctor/"),
        "/admin/plans/plan/catalogue/",
        *(f"/admin/{name}/" for name in LISTS),
        *rows,
        f"/admin/accounts/webhookendpoint/{WebhookEndpoint.objects.get().pk}/change/",
        f"/admin/explain/event/{event.pk}/?recompute=now",
        f"/admin/explain/entry/{adjusted.pk}/",
    ]


@pytest.mark.parametrize("whose", ["organization", "everybody"])
def test_every_page_is_accessible_and_fits(
    browser: Browser, live_server: LiveServer, acme: Organization, whose: str
) -> None:
    page = staff_in(browser, live_server)
    addresses = of_the_organization(acme) if whose == "organization" else of_everybody()

    found = {address: look_at(page, live_server.url + address) for address in addresses}

    assert {address: fault for address, fault in found.items() if fault} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_organization_s_page_is_accessible_with_every_tab_on_a_phone_and_in_the_dark(
    browser: Browser, live_server: LiveServer, acme: Organization, scheme: Literal["light", "dark"]
) -> None:
    page = staff_in(browser, live_server, scheme)
    here = f"{live_server.url}/admin/accounts/organization/{acme.pk}"
    page.goto(f"{here}/change/")

    found = {}
    for tab in page.get_by_role("navigation", name="Tables").get_by_role("link").all():
        tab.click()
        expect(tab).to_have_attribute("aria-current", "true")
        found[tab.inner_text()] = [*too_wide(page, 1280), *faults(page)]
    for address in ("/admin/", "/admin/usage/refusedreport/"):
        found[address] = look_at(page, live_server.url + address, on_a_phone=True)
    why = f"{here}/why/?kind=campaign_batch&channel=inbound"
    found["why"] = look_at(page, why, on_a_phone=True)

    assert len(found) == 9
    assert {address: fault for address, fault in found.items() if fault} == {}


def test_what_comes_of_a_form_is_accessible(
    browser: Browser, live_server: LiveServer, acme: Organization
) -> None:
    page, found = staff_in(browser, live_server), {}
    page.goto(f"{live_server.url}/admin/accounts/organization/{acme.pk}/adjust/")
    page.get_by_label("Credits").fill("25")
    page.get_by_label("Reason").fill("Agreed by mail")
    submit(page, "Look at what would happen")
    found["what is confirmed"] = faults(page)
    submit(page, "Adjust credits")
    found["what was done"] = faults(page)
    page.goto(f"{live_server.url}/admin/doctor/")
    submit(page, "Examine now")
    found["what the doctor found"] = faults(page)
    page.goto(f"{live_server.url}/admin/accounts/callback/")
    page.locator("input[name=_selected_action]").first.check()
    page.get_by_label("Select action to run").select_option("replay_selected")
    submit(page, "Run")
    expect(page.get_by_role("heading", name="Send 1 callback again")).to_be_visible()
    found["what is sent again"] = faults(page)

    assert {place: fault for place, fault in found.items() if fault} == {}


def test_the_keyboard_alone_opens_filters_and_sidebar(
    browser: Browser, live_server: LiveServer, acme: Organization
) -> None:
    page = staff_in(browser, live_server)
    page.set_viewport_size({"width": 390, "height": 850})
    page.goto(f"{live_server.url}/admin/usage/refusedreport/")

    page.get_by_role("button", name="Filters").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Apply Filters")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Sidebar").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Worklists")).to_be_visible()


def staff_in(
    browser: Browser, live_server: LiveServer, scheme: Literal["light", "dark"] = "light"
) -> Page:
    """Log staff in, and wait until they are."""
    page = staff_page(browser, live_server, "/admin/", 1280)
    page.emulate_media(color_scheme=scheme)
    page.wait_for_url("**/admin/")
    return page


def submit(page: Page, button: str) -> None:
    """Press a button, and wait for the page behind it: axe must not run between two pages."""
    with page.expect_navigation():
        page.get_by_role("button", name=button).click()
