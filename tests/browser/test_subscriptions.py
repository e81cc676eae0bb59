"""An owner's subscription in a real browser, from the first plan to cancelling, through Stripe."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("playwright", reason="playwright is not installed: make browser")
pytest.importorskip("axe_playwright_python", reason="axe is not installed: make browser")

from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Organization
from billing_portal.devstack.fake_stripe.server import Server
from payments.gateway import at_stripe
from payments.handling import handle_due
from payments.models import Card
from plans.dunning import collect_due
from plans.models import Counter, Period, Plan, ScheduledChange
from plans.periods import day_starts_at
from plans.renewing import renew_due
from tests.browser.test_owner_pages import click_through, faults, log_in
from tests.browser.test_payments import WORKS, button, choose
from tests.browser.test_payments import stripe as stripe
from tests.builders import apply, build_organization, build_plan
from tests.pages import owner_of
from tests.plans.shopping import CHANGE, USAGE, build_plans

pytestmark = pytest.mark.django_db(transaction=True)
DAY = dt.timedelta(days=1)


@pytest.fixture
def acme(stripe: Server, page: Page, live_server: LiveServer) -> Organization:
    build_plans()
    acme = build_organization("Acme", now=timezone.now())
    log_in(page, live_server, owner_of(acme))
    return acme


@pytest.fixture(autouse=True)
def complaints(page: Page, live_server: LiveServer, acme: Organization) -> Iterator[list[str]]:
    """What the browser complains of on our pages."""
    said: list[str] = []

    def note(message: Any) -> None:
        ours = message.location["url"].startswith(live_server.url) or "Policy" in message.text
        if message.type in ("error", "warning") and ours:
            said.append(message.text)

    page.on("console", note)
    page.set_default_timeout(20_000)
    yield said
    assert said == []


def hear() -> None:
    """Act on what Stripe has told: the card that paid comes on file."""
    handle_due(gateway=at_stripe(), now=timezone.now())


def subscribe(page: Page, live_server: LiveServer, plan: str = "Team") -> None:
    """Choose a plan, pay in the tab that opens, and come back to the first one."""
    page.goto(live_server.url + CHANGE)
    click_through(page, f"Subscribe to {plan}")
    assert faults(page) == []
    with page.expect_popup() as opened:
        button(page, "Continue to payment")
    tab = opened.value
    choose(tab, WORKS)
    expect(tab.get_by_text("Paid. Your plan has begun")).to_be_visible()
    tab.close()
    hear()


def see_usage(page: Page, live_server: LiveServer) -> None:
    page.goto(live_server.url + USAGE)


def to_growth(page: Page, live_server: LiveServer, when: str, date: dt.date | None = None) -> None:
    """Ask what a change to Growth would do."""
    page.goto(live_server.url + CHANGE)
    page.get_by_role("link", name="Subscribe to Growth").click()
    page.get_by_label(when).check()
    if date:
        page.get_by_label("Date", exact=True).fill(date.isoformat())
    button(page, "Show what changes")
    expect(page.get_by_role("heading", name="What changes")).to_be_visible()
    assert faults(page) == []


def let_the_renewal_fail(acme: Organization, stripe: Server) -> None:
    """Move the running period into the past, and let its renewal be declined."""
    for card in Card.objects.on_file():
        stripe.fake.answers(card.stripe_id, "insufficient_funds")
    period = Period.objects.get()
    period.first_day -= 30 * DAY
    period.last_day -= 30 * DAY
    period.starts_at -= 30 * DAY
    period.ends_at = day_starts_at(period.last_day + DAY, acme.zone)
    period.renews_until = period.ends_at + 8 * DAY
    period.save()
    renew_due(now=timezone.now())
    collect_due(gateway=at_stripe(), now=timezone.now())


def test_a_plan_is_subscribed_to_in_a_tab_of_its_own_and_begins_when_paid(
    page: Page, live_server: LiveServer, acme: Organization
) -> None:
    page.goto(live_server.url + CHANGE)
    assert faults(page) == []
    subscribe(page, live_server)

    expect(page.get_by_text("The payment page is open in another tab.")).to_be_visible()
    page.get_by_role("link", name="Plan & usage").last.click()
    expect(page.get_by_text("Active subscription")).to_be_visible()
    expect(page.get_by_text("Next billing date")).to_be_visible()
    assert faults(page) == []
    assert Card.objects.default_of(acme) is not None


def test_the_three_ways_to_change_and_cancelling_the_upcoming_one(
    page: Page, live_server: LiveServer, acme: Organization
) -> None:
    subscribe(page, live_server)
    later = timezone.now().date() + 9 * DAY
    for when, date in (("End of the current period", None), ("On custom date", later)):
        to_growth(page, live_server, when, date)
        button(page, "Update subscription")
        expect(page.get_by_text("Upcoming subscription")).to_be_visible()
        assert faults(page) == []
    assert ScheduledChange.objects.get().starts_on == later

    page.get_by_role("link", name="Cancel the upcoming plan").click()
    expect(page.get_by_role("heading", name="Cancel scheduled plan")).to_be_visible()
    assert faults(page) == []
    button(page, "Cancel scheduled plan")
    expect(page.get_by_text("The scheduled plan is cancelled.")).to_be_visible()
    assert not ScheduledChange.objects.exists()

    to_growth(page, live_server, "Immediately")
    button(page, "Update subscription")
    expect(page.get_by_text("Growth runs from today.")).to_be_visible()
    expect(page.get_by_text("Upcoming subscription")).to_have_count(0)


def test_a_failed_payment_is_seen_and_fixed_and_then_cancelled_and_undone(
    page: Page, live_server: LiveServer, acme: Organization, stripe: Server
) -> None:
    subscribe(page, live_server)
    let_the_renewal_fail(acme, stripe)
    see_usage(page, live_server)
    expect(page.get_by_text("Payment pending.")).to_be_visible()
    expect(page.get_by_text("Payment issue")).to_be_visible()
    assert faults(page) == []

    page.get_by_role("link", name="Pay now").click()
    button(page, "Pay $30.00")
    expect(page.get_by_text("The payment failed, and nothing was charged.")).to_be_visible()
    expect(page.get_by_text("Payment pending.")).to_be_visible()
    page.get_by_role("link", name="Add another card").click()
    button(page, "Add a card")
    choose(page, WORKS)
    page.get_by_role("button", name="Make default").click()
    expect(page.get_by_text("The pending payment was made with it.")).to_be_visible()
    expect(page.get_by_text("Payment pending.")).to_have_count(0)

    see_usage(page, live_server)
    expect(page.get_by_text("Active subscription")).to_be_visible()
    click_through(page, "Cancel subscription")
    assert faults(page) == []
    button(page, "Cancel subscription")
    expect(page.get_by_text("Canceled subscription")).to_be_visible()
    assert faults(page) == []
    button(page, "Undo cancellation")
    expect(page.get_by_text("Active subscription")).to_be_visible()


def test_the_session_limit_is_set_warned_of_and_reset(
    page: Page, live_server: LiveServer, acme: Organization
) -> None:
    subscribe(page, live_server)
    period = Period.objects.get()
    Counter.objects.create(
        organization=period.organization, period=period, meter="sessions", used=45
    )
    see_usage(page, live_server)
    page.get_by_role("spinbutton", name="Session limit").fill("50")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Session limit almost reached.")).to_be_visible()
    assert faults(page) == []
    page.get_by_role("spinbutton", name="Session limit").fill("45")
    page.get_by_role("button", name="Set limit", exact=True).click()
    expect(page.get_by_text("Session limit has been reached.")).to_be_visible()
    button(page, "Reset limit")
    expect(page.get_by_text("The session limit is the plan's again.")).to_be_visible()


def test_a_demo_is_booked(page: Page, live_server: LiveServer, acme: Organization) -> None:
    page.goto(live_server.url + CHANGE)
    button(page, "Book a demo")

    expect(page.get_by_text("Request received", exact=True)).to_be_visible()
    assert faults(page) == []


def test_an_agents_limit_is_set(page: Page, live_server: LiveServer, acme: Organization) -> None:
    page.goto(f"{live_server.url}{USAGE}")
    click_through(page, "Agents' limits")
    assert faults(page) == []
    click_through(page, "Change Main")
    page.get_by_label("When plan credits run out").select_option("Stop")
    page.get_by_label("Monthly limit, in credits").fill("250")
    assert faults(page) == []
    button(page, "Save")

    expect(page.get_by_text("Main is changed.")).to_be_visible()
    expect(page.get_by_text("250.00")).to_be_visible()


def test_where_staff_decide_there_is_an_address_and_no_button(
    page: Page, live_server: LiveServer, acme: Organization
) -> None:
    Plan.objects.all().update(version=None)
    build_plan("starter")
    build_plan("scale", price={"USD": "499.00"}, limits={}, quotas={})
    apply(acme, "starter", now=timezone.now())
    page.goto(live_server.url + CHANGE)

    expect(page.get_by_text("We apply and renew plans for you.")).to_be_visible()
    expect(page.locator("main button")).to_have_count(0)
    page.locator("main summary").first.click()
    assert faults(page) == []
