"""The owner's pages in a real browser: readable for everybody, on a phone too, by keyboard."""

from __future__ import annotations

import datetime as dt

import pytest

pytest.importorskip("playwright", reason="playwright is not installed: make browser")
pytest.importorskip("axe_playwright_python", reason="axe is not installed: make browser")

from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Browser, ConsoleMessage, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Membership, Organization, User
from payments.collecting import record_bank_payment
from plans.resources import report_resources
from tests.builders import a_call, build_organization, build_plan
from tests.pages import BILLING_PAGES, owner_of
from usage.charging import charge

pytestmark = pytest.mark.django_db(transaction=True)
WIDTHS = (1280, 390)


@pytest.fixture
def owner() -> User:
    """An owner of two organizations, one of them with something of everything."""
    now = timezone.now()
    before = now - dt.timedelta(days=2)
    build_plan("starter")
    acme = build_organization("Acme", plan="starter", credits=20, now=before)
    beta = build_organization("Beta", now=before)
    Membership.objects.create(organization=beta, user=owner_of(acme), role="owner")
    report_resources(acme, counts={"agents": 8, "leads": 3}, now=now)
    calls = [
        a_call(acme, f"call {n}", started_at=(before + dt.timedelta(hours=n)).isoformat())
        for n in range(20)
    ]
    charge(calls, now=now)
    record_bank_payment(acme, reference="SEPA-1", now=now)
    return owner_of(acme)


def log_in(page: Page, live_server: LiveServer, user: User) -> None:
    page.goto(f"{live_server.url}/accounts/login/")
    page.get_by_label("Email").fill(user.email)
    page.get_by_label("Password", exact=True).fill("look-around-1")
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/billing/")


def click_through(page: Page, link: str, *, first: bool = False) -> None:
    """Click a link and wait for the page behind it: axe must not run between two pages."""
    found = page.get_by_role("link", name=link)
    with page.expect_navigation():
        (found.first if first else found).click()


def faults(page: Page) -> list[str]:
    """What axe finds, and whether anything is wider than the window."""
    found = [one["id"] for one in Axe().run(page).response["violations"]]
    wider = page.evaluate(
        "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    )
    return [*found, "too wide"] if wider else found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_is_accessible_fits_and_makes_the_browser_complain_of_nothing(
    browser: Browser, live_server: LiveServer, owner: User, width: int, scheme: str
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 850},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page, complaints = context.new_page(), list[str]()

    def note(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    page.on("console", note)
    found = {}
    for address in ("/accounts/login/", "/signup/", "/accounts/password/reset/"):
        page.goto(live_server.url + address)
        found[address] = faults(page)
    log_in(page, live_server, owner)
    number = Organization.objects.get(name="Acme").invoices.get().number
    ours = ("/billing/usage/call%201/", f"/billing/invoices/{number}/")
    for address in (*BILLING_PAGES, *ours, "/accounts/2fa/", "/accounts/password/change/"):
        page.goto(live_server.url + address)
        found[address] = faults(page)
    context.close()

    assert {address: fault for address, fault in found.items() if fault} == {}
    assert complaints == []


def test_the_keyboard_alone_reaches_everything(
    page: Page, live_server: LiveServer, owner: User
) -> None:
    log_in(page, live_server, owner)

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()

    switch = page.get_by_role("button", name="Organization: Acme")
    switch.focus()
    page.keyboard.press("Enter")
    beta = page.get_by_role("button", name="Beta")
    expect(beta).to_be_visible()
    page.keyboard.press("Escape")
    expect(beta).to_be_hidden()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Beta")


def test_what_is_behind_the_bell_can_be_read_on_a_phone(
    page: Page, live_server: LiveServer, owner: User
) -> None:
    page.set_viewport_size({"width": 390, "height": 850})
    log_in(page, live_server, owner)

    page.get_by_role("button", name="Balance: -60.00").click()

    expect(page.locator("#balance-menu")).to_contain_text("Work is paused until credits are added")
    assert faults(page) == []


@pytest.mark.parametrize(("script", "zone"), [(True, "Asia/Tokyo"), (False, "UTC")])
def test_signing_up_takes_over_the_browsers_time_zone_and_works_without_scripts(
    browser: Browser, live_server: LiveServer, script: bool, zone: str
) -> None:
    build_plan("starter")
    build_organization("Somebody", plan="starter")
    build_plan("trial", "trial")
    context = browser.new_context(timezone_id="Asia/Tokyo", java_script_enabled=script)
    page = context.new_page()
    page.goto(f"{live_server.url}/signup/")
    page.get_by_label("Organization").fill("日本 Dental")
    page.get_by_label("Your name").fill("Aiko")
    page.get_by_label("Email").fill("aiko@example.com")
    page.get_by_label("Password").fill("a-long-one-9")
    page.get_by_role("button", name="Start the trial").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("日本 Dental")
    assert Organization.objects.get(name="日本 Dental").time_zone == zone
    context.close()
