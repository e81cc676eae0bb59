"""The demo's platform: it asks to be called back, verifies what it hears, and writes it down."""

from __future__ import annotations

import hmac
import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from accounts.standard_webhooks import signature
from billing_portal.devstack import logins, processes, stripe_server
from billing_portal.devstack.places import Home

# As far above the web's port as that of nobody's second demo.
PORTS_ABOVE_WEB = 212
SECONDS = 20


class NotAskedError(RuntimeError):
    """The API did not take the address, with its words."""


def start(home: Home, web_port: int, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start the platform; the API must answer already."""
    port = stripe_server.free_port(web_port + PORTS_ABOVE_WEB)
    command = [sys.executable, "-m", "billing_portal.devstack.platform_server"]
    command += [f"http://127.0.0.1:{web_port}", str(port)]
    return processes.start(home, "platform", command, environment)


def ask_to_be_called(site: str, url: str, *, key: str) -> str:
    """Register an address, or take a new secret for the one that is known; answer the secret.

    :raises NotAskedError: the key is none here, or there are too many addresses.
    """
    known = [one["id"] for one in _ask(site, key)["results"] if one["url"] == url]
    if known:
        return str(_ask(site, key, f"{known[0]}/rotate/", {})["secret"])
    return str(_ask(site, key, "", {"url": url})["secret"])


def _ask(
    site: str, key: str, rest: str = "", asked: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    request = urllib.request.Request(  # noqa: S310 - the demo itself
        f"{site}/api/v1/webhook-endpoints/{rest}",
        data=None if asked is None else json.dumps(asked).encode(),
        headers={"Authorization": f"Api-Key {key}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310 - the demo itself
            return dict(json.load(answer))
    except urllib.error.HTTPError as error:
        raise NotAskedError(error.read().decode()) from error


def is_genuine(headers: Mapping[str, str], body: bytes, *, secret: str) -> bool:
    """Answer whether a message was signed with the secret that was shown at registration."""
    sent, second = headers.get("webhook-signature", ""), headers.get("webhook-timestamp", "")
    if not second.isdecimal():
        return False
    wanted = signature(headers.get("webhook-id", ""), int(second), body, secret)
    return any(hmac.compare_digest(one.encode(), wanted.encode()) for one in sent.split())


class _Handler(BaseHTTPRequestHandler):
    """Answers 204 to what is genuine, else 401."""

    server: Platform

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        headers = {name.lower(): value for name, value in self.headers.items()}
        genuine = is_genuine(headers, body, secret=self.server.secret)
        self.send_response(204 if genuine else 401)
        self.end_headers()
        print(body.decode() if genuine else "something that nobody signed", flush=True)

    def log_message(self, *_: object) -> None:
        """Write down what was said, and not that something was."""


class Platform(ThreadingHTTPServer):
    """Somebody on this machine who listens."""

    secret = ""

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/callbacks/"


def main(site: str, port: int) -> int:
    """Ask to be called back, and listen until told to stop."""
    with Platform(port) as platform:
        try:
            platform.secret = ask_to_be_called(site, platform.url, key=logins.PLATFORM_KEY)
        except NotAskedError as refused:
            print(f"Nothing will be heard: {refused}", flush=True)
        platform.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
