"""Payments in a real browser: through Stripe's pages, as the fake shows them, and back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("playwright", reason="playwright is not installed: make browser")
pytest.importorskip("axe_playwright_python", reason="axe is not installed: make browser")

from django.utils import timezone
from playwright.sync_api import ConsoleMessage, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Organization
from billing_portal.devstack.fake_stripe import FakeStripe
from billing_portal.devstack.fake_stripe.server import Server, start
from invoices.documents import render_due
from payments.gateway import at_stripe
from payments.handling import handle_due
from payments.models import Card, Consent, Payment
from tests.browser.test_owner_pages import click_through, faults, log_in
from tests.builders import build_organization, build_plan
from tests.pages import owner_of
from tests.payments.paying import sell
from wallet.models import Wallet

pytestmark = pytest.mark.django_db(transaction=True)
SECRET = "whsec_browser"
WORKS, IS_DECLINED, HAS_NO_MONEY, WANTS_ITS_OWNER = (
    "4242424242424242",
    "4000000000000341",
    "4000000000009995",
    "4000002760003184",
)
WALLET, CARDS = "/billing/wallet/", "/billing/payment-methods/"


@pytest.fixture
def stripe(live_server: LiveServer, settings: Any) -> Iterator[Server]:
    """The fake over HTTP, which knows where our webhook is."""
    server = start(FakeStripe(seed=1))
    server.fake.listen(f"{live_server.url}/stripe/webhook/", SECRET)
    settings.STRIPE_TRANSPORT, settings.STRIPE_API_BASE = None, server.site
    settings.STRIPE_WEBHOOK_SECRETS, settings.SITE_URL = [SECRET], live_server.url
    yield server
    server.stop()


@pytest.fixture
def acme(stripe: Server, page: Page, live_server: LiveServer) -> Organization:
    build_plan("starter")
    acme = build_organization("Acme", plan="starter", now=timezone.now())
    sell(ceiling=100_000)
    log_in(page, live_server, owner_of(acme))
    return acme


@pytest.fixture(autouse=True)
def complaints(page: Page, live_server: LiveServer, acme: Organization) -> Iterator[list[str]]:
    """What the browser complains of on our pages, a form that its policy stopped for one."""
    said: list[str] = []

    def note(message: ConsoleMessage) -> None:
        ours = message.location["url"].startswith(live_server.url) or "Policy" in message.text
        if message.type in ("error", "warning") and ours:
            said.append(message.text)

    page.on("console", note)
    page.set_default_timeout(20_000)
    yield said
    assert said == []


def button(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).click()


def to_checkout(page: Page, live_server: LiveServer, amount: str = "50") -> None:
    """Choose an amount, see what it buys, and go to Stripe's page."""
    page.goto(live_server.url + WALLET)
    page.get_by_label("Amount in USD").fill(amount)
    button(page, "Show the credits")
    expect(page.get_by_role("heading", name="You buy 5,000.00 credits")).to_be_visible()
    assert faults(page) == []
    button(page, "Continue to payment")


def choose(page: Page, card: str) -> None:
    """Choose a card on Stripe's page, and send it."""
    page.locator(f"input[name=card][value='{card}']").check()
    page.locator(".how button[type=submit]").click()


def add_card(page: Page, live_server: LiveServer, card: str = WORKS) -> None:
    """Add a card on Stripe's page."""
    page.goto(live_server.url + CARDS)
    button(page, "Add a card")
    choose(page, card)


def balance(acme: Organization) -> str:
    return f"{Wallet.objects.get(organization=acme).balance:.2f}"


def test_a_top_up_is_paid_credited_once_and_its_receipt_opened(
    page: Page, live_server: LiveServer, acme: Organization, stripe: Server
) -> None:
    to_checkout(page, live_server)
    choose(page, WORKS)

    expect(page.get_by_text("Paid. 5,000.00 credits are in the wallet.")).to_be_visible()
    page.reload()
    assert faults(page) == []
    handle_due(gateway=at_stripe(), now=timezone.now())
    assert balance(acme) == "5000.00"
    assert stripe.fake.book()["charges"] == 1
    render_due(now=timezone.now())
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download the receipt (PDF)").click()
    assert waiting.value.path().read_bytes().startswith(b"%PDF")
    page.goto(f"{live_server.url}/billing/history/")
    expect(page.get_by_text("Paid", exact=True)).to_be_visible()


def test_a_decline_is_told_and_another_card_pays(
    page: Page, live_server: LiveServer, acme: Organization, stripe: Server
) -> None:
    to_checkout(page, live_server)
    choose(page, HAS_NO_MONEY)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.goto(f"{live_server.url}/billing/history/")
    page.get_by_role("link", name="Top-up").click()
    expect(page.get_by_text("The payment failed, and nothing was charged.")).to_be_visible()
    assert faults(page) == []

    button(page, "Try again")
    choose(page, WORKS)

    expect(page.get_by_text("Paid. 5,000.00 credits are in the wallet.")).to_be_visible()
    assert balance(acme) == "5000.00"


@pytest.mark.parametrize("passes", [True, False])
def test_three_d_secure_decides(
    page: Page, live_server: LiveServer, acme: Organization, passes: bool
) -> None:
    to_checkout(page, live_server)
    choose(page, WANTS_ITS_OWNER)
    button(page, "Complete authentication" if passes else "Fail authentication")

    if passes:
        expect(page.get_by_text("Paid. 5,000.00 credits are in the wallet.")).to_be_visible()
    else:
        expect(page.locator(".how")).to_be_visible()
    assert balance(acme) == ("5000.00" if passes else "0.00")


def test_who_walks_away_comes_back_later_and_continues(
    page: Page, live_server: LiveServer, acme: Organization
) -> None:
    to_checkout(page, live_server)
    page.locator("a.back").click()
    expect(page.get_by_text("Not paid yet.")).to_be_visible()
    assert balance(acme) == "0.00"

    page.goto(f"{live_server.url}/billing/history/")
    expect(page.get_by_text("Started, not paid")).to_be_visible()
    assert faults(page) == []
    button(page, "Continue the payment of $50.00")
    choose(page, WORKS)

    expect(page.get_by_text("Paid. 5,000.00 credits are in the wallet.")).to_be_visible()
    assert Payment.objects.count() == 1


def test_back_and_once_more_pays_once(
    page: Page, live_server: LiveServer, acme: Organization, stripe: Server
) -> None:
    to_checkout(page, live_server)
    page.go_back()
    button(page, "Continue to payment")
    choose(page, WORKS)

    expect(page.get_by_text("Paid. 5,000.00 credits are in the wallet.")).to_be_visible()
    assert stripe.fake.book()["charges"] == 1
    assert Payment.objects.filter(status="paid").count() == 1


def test_a_double_click_opens_one_checkout(
    page: Page, live_server: LiveServer, acme: Organization
) -> None:
    page.goto(f"{live_server.url}{WALLET}top-up/?amount=50")
    page.get_by_role("button", name="Continue to payment").dblclick()

    choose(page, WORKS)

    expect(page.get_by_text("Paid. 5,000.00 credits are in the wallet.")).to_be_visible()
    assert Payment.objects.count() == 1


def test_cards_are_added_chosen_and_removed(
    page: Page, live_server: LiveServer, acme: Organization, stripe: Server
) -> None:
    add_card(page, live_server)
    expect(page.get_by_text("is verified and on file")).to_be_visible()
    assert faults(page) == []
    add_card(page, live_server)
    assert Card.objects.on_file().count() == 2

    page.get_by_role("button", name="Make default").click()
    expect(page.get_by_text("is the default card now")).to_be_visible()
    click_through(page, "Remove", first=True)
    assert faults(page) == []
    button(page, "Remove")

    expect(page.get_by_text("was removed")).to_be_visible()
    assert Card.objects.on_file().count() == 1
    assert stripe.fake.book()["open_holds"] == 0


def test_a_card_that_the_bank_declines_is_not_added(
    page: Page, live_server: LiveServer, acme: Organization
) -> None:
    add_card(page, live_server, IS_DECLINED)

    expect(page.get_by_text("The card was not added.")).to_be_visible()
    expect(page.get_by_text("Not added", exact=True)).to_be_visible()
    assert faults(page) == []


def test_stripes_portal_opens_in_a_tab_of_its_own(
    page: Page, live_server: LiveServer, acme: Organization
) -> None:
    page.goto(live_server.url + CARDS)

    with page.expect_popup() as opened:
        button(page, "Manage")

    expect(opened.value.get_by_role("heading", name="Your billing")).to_be_visible()
    assert page.url == live_server.url + CARDS


def test_auto_recharge_is_agreed_to_by_keyboard(
    page: Page, live_server: LiveServer, acme: Organization
) -> None:
    add_card(page, live_server)
    page.goto(live_server.url + WALLET)
    assert faults(page) == []
    page.get_by_label("When the wallet falls below, in credits").fill("500")
    page.get_by_label("Amount to add in USD").fill("20")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="You agree to this")).to_be_visible()
    assert faults(page) == []
    page.get_by_role("button", name="Agree and switch on").press("Enter")

    expect(page.get_by_text("Auto-recharge is on.")).to_be_visible()
    expect(page.get_by_text(Consent.objects.get().words)).to_be_visible()


def test_an_open_invoice_is_paid_with_the_bank_asking(
    page: Page, live_server: LiveServer, acme: Organization, stripe: Server
) -> None:
    add_card(page, live_server, WANTS_ITS_OWNER)
    button(page, "Complete authentication")
    expect(page.get_by_text("is verified and on file")).to_be_visible()
    number = acme.invoices.get().number
    page.goto(f"{live_server.url}/billing/invoices/{number}/")
    click_through(page, "Pay now")
    assert faults(page) == []
    button(page, "Pay $99.00")
    button(page, "Complete authentication")

    expect(page.get_by_text("Paid. Thank you.")).to_be_visible()
    assert "secret" not in page.url
    assert stripe.fake.book()["charges"] == 1
