"""Rentals, limits and what is reserved, in a real browser: on a phone too, for everybody."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import pytest

pytest.importorskip("playwright", reason="playwright is not installed: make browser")
pytest.importorskip("axe_playwright_python", reason="axe is not installed: make browser")

from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Organization, User
from plans.demos import request_demo
from plans.models import Rental, Site
from plans.renting import rent
from plans.resources import report_resources
from tests.browser.test_owner_pages import WIDTHS, click_through, faults, log_in
from tests.builders import apply, build_organization, build_plan
from tests.pages import owner_of
from tests.plans.life import build_monthly
from tests.usage.test_refusing import a_meter
from usage.charging import charge
from usage.gate import ask
from usage.questions import Question

pytestmark = pytest.mark.django_db(transaction=True)
SHOTS = os.environ.get("SCREENSHOTS", "")


@pytest.fixture
def acme() -> Organization:
    """An organization that rents, has reached a limit, and has a call that runs."""
    now = timezone.now() - dt.timedelta(days=3)
    build_monthly(
        price={"USD": "59.00"},
        channels=["web", "outbound"],
        max_call_minutes={"web": "5"},
        allowances={"call_minutes": "2"},
        rentals={
            "phone_number": {"USD": "2.00"},
            "user_seat": {"USD": "10.00"},
            "whitelabel": {"USD": "199.00"},
        },
    )
    build_plan("enterprise", "enterprise", price={}, voice_tiers=["ultra"])
    acme = build_organization("Acme", now=now, credits=100)
    apply(acme, "starter", now=now, invoiced=False)
    Site.objects.update(hold_minutes=60)
    report_resources(acme, counts={"agents": 10}, now=now)
    rent(acme, item="phone_number", reference="+14155550100", now=now)
    question = Question(acme.external_id, kind="call", channel="web", agent="main")
    assert ask(question, now=timezone.now()).allowed
    return acme


def look_at(page: Page, name: str, widths: tuple[int, ...] = WIDTHS) -> None:
    """Hold a page against axe at every width, and keep a picture where one is asked for."""
    for width in widths:
        page.set_viewport_size({"width": width, "height": 850})
        assert faults(page) == [], (name, width)
        if SHOTS:
            page.screenshot(path=Path(SHOTS) / f"{name}-{width}.png", full_page=True)


def test_an_owner_rents_seats_and_gives_one_back(
    page: Page, live_server: LiveServer, acme: Organization
) -> None:
    log_in(page, live_server, owner_of(acme))
    page.goto(f"{live_server.url}/billing/usage/")
    look_at(page, "plan-and-usage")
    click_through(page, "Rent and give back")
    look_at(page, "rentals")
    click_through(page, "Rent User seat")
    page.get_by_label("How many", exact=True).fill("3")
    with page.expect_navigation():
        page.get_by_role("button", name="Show the cost").click()
    expect(page.get_by_text("3 × $10.00")).to_be_visible()
    look_at(page, "rent")
    with page.expect_navigation():
        page.get_by_role("button", name="Rent 3").click()
    expect(page.get_by_text("3 × User seat rented.")).to_be_visible()
    page.get_by_role("link", name="Give back User seat").first.click()
    expect(page.get_by_text("nothing comes back")).to_be_visible()
    look_at(page, "give-back")
    with page.expect_navigation():
        page.get_by_role("button", name="Give back").click()

    expect(page.get_by_text("is given back.")).to_be_visible()
    assert Rental.objects.held().filter(item="user_seat").count() == 2


def test_the_wallet_says_what_is_reserved(
    page: Page, live_server: LiveServer, acme: Organization
) -> None:
    log_in(page, live_server, owner_of(acme))
    page.goto(f"{live_server.url}/billing/wallet/")

    # Five minutes, of which two are included: three at 4 credits.
    expect(page.get_by_text("Reserved for running calls")).to_be_visible()
    expect(page.locator("main")).to_contain_text("12.00")
    look_at(page, "wallet")


def test_staff_find_what_waits_for_them(
    page: Page, live_server: LiveServer, acme: Organization
) -> None:
    request_demo(acme, plan="enterprise", actor=owner_of(acme), now=timezone.now())
    charge([a_meter(acme, "t-1", at=timezone.now().isoformat())], now=timezone.now())
    User.objects.create_superuser("staff@example.com", "look-around-1")
    page.goto(f"{live_server.url}/admin/")
    page.get_by_label("Email").fill("staff@example.com")
    page.get_by_label("Password").first.fill("look-around-1")
    page.locator("button[type=submit]").first.click()
    page.wait_for_url("**/admin/")

    for address, words, act in (
        ("plans/demorequest", "Enterprise", "Handled…"),
        ("usage/refusedreport", "tokens", "Dismiss…"),
    ):
        page.goto(f"{live_server.url}/admin/{address}/")
        expect(page.get_by_role("link", name=words).first).to_be_visible()
        keep(page, address.partition("/")[2])
        click_through(page, act)
        page.get_by_label("Note").or_(page.get_by_label("Reason")).fill("Written to them")
        keep(page, f"{address.partition('/')[2]}-act")
        page.locator("button[value=preview]").click()
        page.locator("button[value=confirm]").click()
        page.wait_for_url("**/change/")
    expect(page.get_by_text("is off the list of refused usage")).to_be_visible()
    keep(page, "organization")


def keep(page: Page, name: str) -> None:
    """Keep a picture of an admin page, whose frame is the theme's own."""
    for width in WIDTHS if SHOTS else ():
        page.set_viewport_size({"width": width, "height": 850})
        page.screenshot(path=Path(SHOTS) / f"admin-{name}-{width}.png", full_page=True)
    page.set_viewport_size({"width": 1280, "height": 850})
