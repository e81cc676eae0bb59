"""`python -m billing_portal.devstack.fake_stripe`: the fake as a program of its own.

STRIPE_WEBHOOK_SECRET in the environment signs what goes to --webhook-url.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from billing_portal.devstack.fake_stripe import server
from billing_portal.devstack.fake_stripe.api import FakeStripe

STOPS = {signal.SIGTERM, signal.SIGINT}


def refusal(environment: Mapping[str, str], *, for_tests: bool) -> str | None:
    """Return why it must not start here, if so."""
    yes = ("1", "true", "yes", "on")
    if environment.get("STRIPE_LIVE_MODE", "").lower() in yes:
        return "STRIPE_LIVE_MODE is on"
    if environment.get("STRIPE_LIVE_SECRET_KEY") or "_live_" in environment.get(
        "STRIPE_TEST_SECRET_KEY", ""
    ):
        return "there is a live key of Stripe in the environment"
    if environment.get("DEMO", "").lower() not in yes and not for_tests:
        return "this is no demo (DEMO=1)"
    return None


def main(arguments: list[str]) -> int:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m billing_portal.devstack.fake_stripe")
    parser.add_argument("--port", type=int, default=0, help="0: any that is free")
    parser.add_argument("--book", type=Path, help="the file in which it remembers; else nowhere")
    parser.add_argument("--webhook-url", help="where events go")
    parser.add_argument("--for-tests", action="store_true", help="start without DEMO=1")
    options = parser.parse_args(arguments)
    why = refusal(os.environ, for_tests=options.for_tests)
    if why:
        print(f"The fake Stripe does not start: {why}.")
        return 2
    # Before any thread begins, or one of them would die of what is meant for all.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
    fake = FakeStripe(options.book or ":memory:")
    if options.webhook_url:
        fake.listen(options.webhook_url, os.environ.get("STRIPE_WEBHOOK_SECRET", ""))
    running = server.start(fake, options.port)
    print(f"The fake Stripe answers at {running.site}", flush=True)
    signal.sigwait(STOPS)
    running.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
