"""The fake as a program: over HTTP, with webhooks, faults and a control API."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import stripe

from billing_portal.devstack import stripe_server
from billing_portal.devstack.fake_stripe.__main__ import refusal
from billing_portal.devstack.places import Home
from tests.billing_portal.fake_stripe.wire import OPEN, Client, ask

SECRET = "whsec_http"


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
        stripe_server.wait(home, process, found["STRIPE_API_HOST"])
        asked = ask(found["STRIPE_API_HOST"] + "/_control/book")
        process.terminate()
        assert process.wait(20) == 0
        again, found_later = stripe_server.start(home, 48_000, environment)
    finally:
        process.kill()
        if again is not None:
            again.terminate()
            again.wait(20)

    assert asked[0] == 200
    assert found_later == found
    assert found["STRIPE_WEBHOOK_SECRET"].startswith("whsec_")
    assert re.fullmatch(r"sk_test_[0-9a-zA-Z]{24,}", found["STRIPE_TEST_SECRET_KEY"])
    assert stripe_server.book_of(home).exists()
