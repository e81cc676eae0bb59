"""The fake over HTTP, on loopback only: the API, the hosted pages, the control API, webhooks."""

from __future__ import annotations

import json
import socketserver
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from billing_portal.devstack.fake_stripe import pages
from billing_portal.devstack.fake_stripe.api import FakeStripe
from billing_portal.devstack.fake_stripe.control import Control
from billing_portal.devstack.fake_stripe.hosting import Hosting, Shown, refused_page
from billing_portal.devstack.fake_stripe.refusals import ConnectionLost, Refused

LOOPBACK = "127.0.0.1"
LOOPBACK_NAMES = frozenset((LOOPBACK, "localhost"))
LARGEST_BODY = 1_000_000
DELIVERS_EVERY_SECONDS = 0.2
WEBHOOK_SECONDS = 10
POLICY = "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'"


class Server(ThreadingHTTPServer):
    """One fake and whoever asks it."""

    daemon_threads = True

    def __init__(self, fake: FakeStripe, port: int) -> None:
        super().__init__((LOOPBACK, port), Handler)
        self.fake = fake
        self.hosting = Hosting(fake)
        self.control = Control(fake)
        self.stopping = threading.Event()
        self._workers = [
            threading.Thread(target=self.serve_forever, args=(0.1,), daemon=True),
            threading.Thread(target=self._deliver, daemon=True),
        ]

    def server_bind(self) -> None:
        """Bind, and ask no name server who we are, which may take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = LOOPBACK, self.server_address[1]

    @property
    def site(self) -> str:
        """Return where it is."""
        return f"http://{LOOPBACK}:{self.server_address[1]}"

    def start(self) -> None:
        """Answer and deliver in the background."""
        for thread in self._workers:
            thread.start()

    def stop(self) -> None:
        """Answer nobody any more."""
        self.stopping.set()
        self.shutdown()
        for thread in self._workers:
            thread.join(WEBHOOK_SECONDS + 1)
        self.server_close()
        self.fake.close()

    def _deliver(self) -> None:
        while not self.stopping.wait(DELIVERS_EVERY_SECONDS):
            self.fake.tick()
            self.fake.deliveries.work_off(post, limit=50)


def start(fake: FakeStripe, port: int = 0) -> Server:
    """Start a server for a fake, which then knows where its pages are."""
    server = Server(fake, port)
    fake.move_to(server.site)
    server.start()
    return server


_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    """Send a webhook; return the status, or 0 where nobody answered."""
    request = urllib.request.Request(url, body, dict(headers), method="POST")  # noqa: S310 - http(s) by the endpoint's own check
    try:
        with _direct.open(request, timeout=WEBHOOK_SECONDS) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    except OSError:
        return 0


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        """Answer a GET."""
        self._answer("GET")

    def do_POST(self) -> None:
        """Answer a POST."""
        self._answer("POST")

    def do_DELETE(self) -> None:
        """Answer a DELETE."""
        self._answer("DELETE")

    def _answer(self, method: str) -> None:
        body = self._body()
        path = urlsplit(self.path).path
        host = self.headers.get("Host", "").rsplit(":", 1)[0]
        if host not in LOOPBACK_NAMES or body is None:
            self._send(400, "text/plain", "This server is for its own machine only.")
        elif path.startswith("/v1/"):
            self._api(method, body)
        elif self._is_foreign():
            self._send(403, "text/plain", "Another site sent you here.")
        elif path == "/style.css":
            self._send(200, "text/css", (pages.TEMPLATES / "style.css").read_text())
        elif path.startswith("/_control/"):
            self._control(method, path.removeprefix("/_control/"), body)
        else:
            self._page(method, path, body)

    def _body(self) -> str | None:
        length = self.headers.get("Content-Length") or "0"
        if not length.isdecimal() or int(length) > LARGEST_BODY:
            self.close_connection = True
            return None
        try:
            return self.rfile.read(int(length)).decode()
        except UnicodeDecodeError:
            return None

    def _is_foreign(self) -> bool:
        """Say whether a page of another site makes the browser send this form."""
        origin = self.headers.get("Origin")
        if self.command == "GET" or origin in (None, "null"):
            return self.command != "GET" and origin == "null"
        return urlsplit(origin or "").netloc != self.headers.get("Host")

    def _api(self, method: str, body: str) -> None:
        try:
            answer = self.server.fake.handle(method, self.path, body, dict(self.headers.items()))
        except ConnectionLost as lost:
            if lost.how == "timeout":
                self.server.stopping.wait(lost.seconds)
            self.close_connection = True
            return
        self._send(answer.status, "application/json", answer.body, answer.headers)

    def _page(self, method: str, path: str, body: str) -> None:
        try:
            if method == "GET":
                shown = self.server.hosting.get(path)
            else:
                shown = self.server.hosting.post(path, dict(parse_qsl(body)))
        except Refused as refused:
            shown = refused_page(refused)
        self._show(shown)

    def _show(self, shown: Shown) -> None:
        headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store"}
        headers["Referrer-Policy"] = "same-origin"
        if shown.location:
            headers["Location"] = shown.location
        self._send(shown.status, "text/html; charset=utf-8", shown.html, headers)

    def _control(self, method: str, name: str, body: str) -> None:
        try:
            if method == "GET":
                said = self.server.control.read(name, parse_qs(urlsplit(self.path).query))
            else:
                said = self.server.control.do(name, json.loads(body or "{}"))
            self._send_json(200, said)
        except KeyError:
            self._send_json(404, {"error": f"no such thing: {name}"})
        except Refused as refused:
            self._send_json(refused.status, refused.body())
        except (TypeError, ValueError) as error:
            self._send_json(400, {"error": str(error)})

    def _send_json(self, status: int, said: Any) -> None:
        self._send(status, "application/json", json.dumps(said, indent=2, default=str))

    def _send(
        self, status: int, kind: str, body: str, headers: Mapping[str, str] | None = None
    ) -> None:
        encoded = body.encode()
        self.send_response(status)
        for name, value in {"Content-Type": kind, **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(encoded)))
        self.end_headers()
        self.wfile.write(encoded)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the parent's name
        """Say nothing of each request: the book shows what happened."""
