"""The fake as a program: over HTTP, with pages, webhooks, faults and a control API."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import stripe

from billing_portal.devstack import stripe_server
from billing_portal.devstack.fake_stripe import FakeStripe, server
from billing_portal.devstack.fake_stripe.__main__ import refusal
from billing_portal.devstack.places import Home
from tests.fakes.stripe_transport import KEY

SECRET = "whsec_http"


class Stay(urllib.request.HTTPRedirectHandler):
    """Shows a redirection instead of following it."""

    def redirect_request(self, *args: Any) -> None:
        return None


OPEN = urllib.request.build_opener(urllib.request.ProxyHandler({}), Stay)


def ask(url: str, form: dict[str, str] | None = None, **headers: str) -> tuple[int, str, str]:
    """Return status, text and where it leads."""
    body = urllib.parse.urlencode(form).encode() if form is not None else None
    request = urllib.request.Request(url, body, headers)
    try:
        with OPEN.open(request, timeout=10) as answer:
            return answer.status, answer.read().decode(), ""
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode(), error.headers.get("Location", "")


class Client:
    """Somebody on the other side of the wire."""

    def __init__(self, running: server.Server) -> None:
        self.site, self.fake = running.site, running.fake
        self.v1: Any = stripe.StripeClient(
            KEY,
            base_addresses={"api": running.site},
            max_network_retries=0,
            http_client=stripe.RequestsClient(timeout=3),
        ).v1
        self.customer = self.v1.customers.create({"name": "Acme <b>"}).id

    def control(self, verb: str, **given: Any) -> Any:
        request = urllib.request.Request(
            f"{self.site}/_control/{verb}", json.dumps(given).encode(), method="POST"
        )
        with OPEN.open(request, timeout=10) as answer:
            return json.loads(answer.read())

    def checkout(self, **changes: Any) -> Any:
        price = {"currency": "usd", "unit_amount": 5000, "product_data": {"name": "<i>Top-up"}}
        params = {
            "mode": "payment",
            "customer": self.customer,
            "line_items": [{"price_data": price, "quantity": 1}],
            "success_url": "https://shop.test/done?session={CHECKOUT_SESSION_ID}",
            "cancel_url": "https://shop.test/back",
        }
        return self.v1.checkout.sessions.create({**params, **changes})


@pytest.fixture
def client() -> Iterator[Client]:
    running = server.start(FakeStripe(seed=1))
    yield Client(running)
    running.stop()


def test_a_person_pays_on_the_page_and_comes_back(client: Client) -> None:
    session = client.checkout()
    status, page, _ = ask(session.url)
    assert status == 200
    assert "Pay 50.00 USD" in page
    assert "&lt;i&gt;Top-up" in page
    assert 'href="https://shop.test/back"' in page

    status, page, _ = ask(session.url, {"card": "4000000000009995"})
    assert (status, "insufficient funds" in page) == (402, True)
    status, _, there = ask(session.url, {"card": "4242424242424242"})

    assert (status, there) == (303, f"https://shop.test/done?session={session.id}")
    status, page, _ = ask(session.url)
    assert (status, "already" in page) == (410, True)
    assert client.fake.book()["charges"] == 1


def test_a_person_passes_3d_secure_on_its_page(client: Client) -> None:
    session = client.checkout()
    _, _, secure = ask(session.url, {"card": "4000002760003184"})
    url = client.site + secure
    assert "3-D Secure" in ask(url)[1]

    status, page, _ = ask(url, {"passed": "no"})
    assert (status, "authenticate" in page) == (402, True)
    ask(session.url, {"card": "4000002760003184"})
    status, _, there = ask(url, {"passed": "yes"})

    assert (status, there) == (303, f"https://shop.test/done?session={session.id}")


def test_a_person_confirms_a_charge_and_is_led_back(client: Client) -> None:
    card = client.fake.card("needs_action", customer=client.customer)["id"]
    waiting = client.v1.payment_intents.create(
        {
            "amount": 5000,
            "currency": "usd",
            "customer": client.customer,
            "payment_method": card,
            "payment_method_types": ["card"],
            "confirm": True,
            "return_url": "https://shop.test/back?invoice=7",
        }
    )

    status, _, there = ask(waiting.next_action.redirect_to_url.url, {"passed": "yes"})

    assert status == 303
    assert there.startswith(f"https://shop.test/back?invoice=7&payment_intent={waiting.id}&")
    assert there.endswith("redirect_status=succeeded")


def test_a_page_that_has_expired_says_so(client: Client) -> None:
    session = client.checkout()
    client.control("advance", hours=24)

    status, page, _ = ask(session.url)

    assert (status, "expired" in page) == (410, True)


def test_a_lost_answer_is_told_to_the_person_and_to_nobody_else(client: Client) -> None:
    session = client.checkout()

    status, page, there = ask(session.url, {"card": "4000000000008888"})

    assert (status, there) == (502, "")
    assert "connection was lost" in page
    assert client.fake.book()["charges"] == 1


def test_cards_are_kept_in_the_portal(client: Client) -> None:
    first = client.fake.card(customer=client.customer)["id"]
    second = client.fake.card(customer=client.customer, brand="amex")["id"]
    portal = client.v1.billing_portal.sessions.create(
        {"customer": client.customer, "return_url": "https://shop.test/"}
    )
    assert "American Express •••• 0005" in ask(portal.url)[1]

    ask(portal.url, {"do": "default", "card": second})
    ask(portal.url, {"do": "remove", "card": first})
    _, _, there = ask(portal.url, {"do": "add"})
    ask(there, {"card": "5555555555554444"})

    settings = client.v1.customers.retrieve(client.customer).invoice_settings
    assert settings.default_payment_method == second
    cards = client.v1.payment_methods.list({"customer": client.customer, "type": "card"}).data
    assert [card.card.brand for card in cards] == ["mastercard", "amex"]


def test_a_strangers_card_is_out_of_the_portals_reach(client: Client) -> None:
    stranger = client.v1.customers.create({}).id
    theirs = client.fake.card(customer=stranger)["id"]
    portal = client.v1.billing_portal.sessions.create({"customer": client.customer})

    assert ask(portal.url, {"do": "remove", "card": theirs})[0] == 404

    assert client.v1.payment_methods.retrieve(theirs).customer == stranger


def test_the_book_is_a_page(client: Client) -> None:
    ask(client.checkout().url, {"card": "4242424242424242"})

    page = ask(client.site + "/")[1]

    assert "50.00 USD" in page
    assert "Acme &lt;b&gt;" in page


@pytest.mark.parametrize(
    ("fault", "charges"), [("refused", 0), ("hang_up", 1), ("timeout", 1), ("stored_500", 1)]
)
def test_the_wire_breaks_as_planted(client: Client, fault: str, charges: int) -> None:
    card = client.fake.card(customer=client.customer)["id"]
    client.control("fail", fault=fault, path="/v1/payment_intents", seconds=5)
    params = {
        "amount": 5000,
        "currency": "usd",
        "customer": client.customer,
        "payment_method": card,
        "payment_method_types": ["card"],
        "confirm": True,
        "off_session": True,
    }

    with pytest.raises((stripe.APIConnectionError, stripe.APIError)):
        client.v1.payment_intents.create(params, {"idempotency_key": "k"})

    assert client.fake.book()["charges"] == charges


class Ear(BaseHTTPRequestHandler):
    """The shop's webhook, which fails the first time."""

    heard: list[str]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        event = stripe.Webhook.construct_event(body, self.headers["Stripe-Signature"], SECRET)
        type(self).heard.append(event.type)
        self.send_response(500 if len(self.heard) == 1 else 200)
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        pass


def test_webhooks_are_posted_and_tried_again(client: Client) -> None:
    Ear.heard = []
    ear = HTTPServer(("127.0.0.1", 0), Ear)
    thread = threading.Thread(target=ear.serve_forever, args=(0.05,))
    thread.start()
    client.control(
        "listen", url=f"http://127.0.0.1:{ear.server_port}/stripe/webhook/", secret=SECRET
    )

    client.v1.customers.create({})
    for _ in range(100):
        if len(Ear.heard) == 2:
            break
        thread.join(0.1)
    ear.shutdown()
    thread.join()
    ear.server_close()

    assert Ear.heard == ["customer.created", "customer.created"]


def test_only_this_machine_and_no_other_site_is_let_in(client: Client) -> None:
    assert ask(client.site + "/", Host="evil.test")[0] == 400
    assert ask(client.site + "/_control/reset", {}, Origin="https://evil.test")[0] == 403
    assert client.v1.customers.retrieve(client.customer).name == "Acme <b>"


def test_the_control_api_says_what_it_does_not_know(client: Client) -> None:
    assert ask(client.site + "/_control/nonsense")[0] == 404
    with (
        pytest.raises(urllib.error.HTTPError) as caught,
        OPEN.open(urllib.request.Request(client.site + "/_control/fail", b'{"fault": "x"}')),
    ):
        pass
    assert caught.value.code == 400
    caught.value.close()


@pytest.mark.parametrize(
    ("environment", "why"),
    [
        ({}, "no demo"),
        ({"DEMO": "0"}, "no demo"),
        ({"DEMO": "1", "STRIPE_LIVE_MODE": "1"}, "STRIPE_LIVE_MODE"),
        ({"DEMO": "1", "STRIPE_LIVE_SECRET_KEY": "rk_live_1"}, "live key"),
        ({"DEMO": "1", "STRIPE_TEST_SECRET_KEY": "sk_live_1"}, "live key"),
    ],
)
def test_it_does_not_start_where_money_is_real(environment: dict[str, str], why: str) -> None:
    assert why in (refusal(environment, for_tests=False) or "")


def test_it_starts_in_a_demo_and_for_tests() -> None:
    assert refusal({"DEMO": "1"}, for_tests=False) is None
    assert refusal({}, for_tests=True) is None


def test_as_a_program_it_refuses_in_one_clear_line() -> None:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    command = [sys.executable, "-m", "billing_portal.devstack.fake_stripe"]

    refused = subprocess.run(command, env=kept, capture_output=True, text=True, timeout=60)

    assert refused.returncode == 2
    assert re.fullmatch(r"The fake Stripe does not start: .*\.\n", refused.stdout)


def test_the_demo_starts_it_where_the_user_has_no_stripe(tmp_path: Any) -> None:
    assert not stripe_server.is_wanted({"STRIPE_TEST_SECRET_KEY": "sk_test_mine"})
    home = Home(tmp_path)
    environment = {**os.environ, "DEMO": "1"}

    process, found = stripe_server.start(home, 48_000, environment)
    again = None
    try:
        asked = ask(found["STRIPE_API_HOST"] + "/_control/book")
        process.terminate()
        assert process.wait(20) == 0
        again, found_later = stripe_server.start(home, 48_000, environment)
    finally:
        process.kill()
        if again:
            again.terminate()
            again.wait(20)

    assert asked[0] == 200
    assert found_later == found
    assert found["STRIPE_WEBHOOK_SECRET"].startswith("whsec_")
    assert re.fullmatch(r"sk_test_[0-9a-zA-Z]{24,}", found["STRIPE_TEST_SECRET_KEY"])
    assert stripe_server.book_of(home).exists()
