"""The fake Stripe's hosted pages: on a telephone, by keyboard, and read by a machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from billing_portal.devstack.fake_stripe import FakeStripe, server
from tests.fakes.stripe_transport import client_of

axe = pytest.importorskip("axe_playwright_python.sync_playwright")


class Hosted:
    """A fake with a customer, two cards, a page to pay, one to save a card, and a portal."""

    def __init__(self, running: server.Server) -> None:
        self.fake, self.site = running.fake, running.site
        v1: Any = client_of(self.fake).v1
        customer = v1.customers.create({"name": "Acme"}).id
        for brand in ("visa", "amex"):
            self.fake.card(customer=customer, brand=brand)
        urls = {"success_url": f"{self.site}/", "cancel_url": f"{self.site}/"}
        price = {"currency": "usd", "unit_amount": 5000, "product_data": {"name": "Top-up"}}
        line = {"price_data": price, "quantity": 1}
        create = v1.checkout.sessions.create
        self.pay = create({"mode": "payment", "customer": customer, "line_items": [line], **urls})
        self.setup = create(
            {"mode": "setup", "customer": customer, "payment_method_types": ["card"], **urls}
        )
        self.portal = v1.billing_portal.sessions.create({"customer": customer})


@pytest.fixture
def hosted() -> Iterator[Hosted]:
    running = server.start(FakeStripe(seed=1))
    yield Hosted(running)
    running.stop()


@pytest.mark.parametrize("width", [390, 1280])
def test_every_page_fits_and_is_readable_by_a_machine(
    page: Any, hosted: Hosted, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 800})

    for url in (hosted.pay.url, hosted.setup.url, hosted.portal.url, f"{hosted.site}/"):
        page.goto(url)
        found = axe.Axe().run(page).response["violations"]
        assert [(rule["id"], url) for rule in found] == []
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")


def test_a_person_with_a_keyboard_is_declined_then_pays_by_3d_secure(
    page: Any, hosted: Hosted
) -> None:
    page.goto(hosted.pay.url)
    page.get_by_label("Insufficient funds").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.get_by_role("alert").get_by_text("insufficient funds").wait_for()

    page.get_by_label("3-D Secure").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Complete").press("Enter")
    page.wait_for_url(f"{hosted.site}/")

    assert hosted.fake.book()["charges"] == 1


def test_a_person_who_walks_away_pays_nothing(page: Any, hosted: Hosted) -> None:
    page.goto(hosted.pay.url)

    page.get_by_role("link", name="Back without paying").press("Enter")
    page.wait_for_url(f"{hosted.site}/")

    assert hosted.fake.book()["charges"] == 0
