"""The fake Stripe beside the demo: where it is, what it remembers, and who is told of it."""

import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from billing_portal.devstack import processes
from billing_portal.devstack.places import Home

# As far above the web's port as that of nobody's second demo.
PORTS_ABOVE_WEB = 111
PORTS_TRIED = 20
READY_SECONDS = 30
# Whoever sets one of these has a Stripe of his own.
THE_USERS_OWN = ("STRIPE_TEST_SECRET_KEY", "STRIPE_LIVE_SECRET_KEY", "STRIPE_API_HOST")


class FakeStripeWillNotStartError(RuntimeError):
    """The fake Stripe did not come up."""


def is_wanted(environment: Mapping[str, str]) -> bool:
    """Say whether the demo brings its own Stripe, because the user named none."""
    return not any(environment.get(name) for name in THE_USERS_OWN)


def start(
    home: Home, web_port: int, environment: Mapping[str, str]
) -> tuple["subprocess.Popen[bytes]", dict[str, str]]:
    """Start the fake, to be waited for; return it and the variables in which it is found."""
    port = free_port(web_port + PORTS_ABOVE_WEB)
    found = {
        "STRIPE_API_HOST": f"http://127.0.0.1:{port}",
        "STRIPE_TEST_SECRET_KEY": "sk_test_" + "0" * 24,
        "STRIPE_WEBHOOK_SECRET": _webhook_secret(home),
    }
    command = [sys.executable, "-m", "billing_portal.devstack.fake_stripe"]
    command += ["--port", str(port), "--book", str(book_of(home))]
    command += ["--webhook-url", f"http://127.0.0.1:{web_port}/stripe/webhook/"]
    return processes.start(home, "stripe", command, {**environment, **found}), found


def wait(home: Home, process: "subprocess.Popen[bytes]", site: str) -> None:
    """Wait until the fake answers."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{site}/_control/clock", timeout=5):  # noqa: S310 - our own
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise FakeStripeWillNotStartError(f"the fake Stripe does not answer; see {home.log('stripe')}")


def forget(home: Home) -> None:
    """Remove what the fake remembers: the customers that it knows are gone."""
    for ending in ("", "-wal", "-shm"):
        Path(f"{book_of(home)}{ending}").unlink(missing_ok=True)


def book_of(home: Home) -> Path:
    """Return the file in which the fake remembers."""
    return home.directory / "stripe.sqlite"


def free_port(first: int) -> int:
    """Return the first port from here on that is free; the same one at the next start."""
    for port in range(first, first + PORTS_TRIED):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise FakeStripeWillNotStartError(f"no port of {first} to {first + PORTS_TRIED - 1} is free")


def _webhook_secret(home: Home) -> str:
    """Return the demo's own secret, made once."""
    path = home.directory / "stripe-webhook-secret"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text("whsec_" + secrets.token_hex(16))
    return path.read_text()
