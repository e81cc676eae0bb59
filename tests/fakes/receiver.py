"""Somebody who is called back: a real server that keeps what it hears and answers as told."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Said = tuple[int, dict[str, str], bytes]
YES: Said = (204, {}, b"")


@dataclass(frozen=True)
class Heard:
    """One request, as it came in."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def message(self) -> dict[str, Any]:
        return dict(json.loads(self.body))

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def what(self) -> tuple[str, str]:
        """Answer the organization and the event."""
        return self.message["data"]["organization"], self.message["type"]

    def is_signed_with(self, secret: str) -> bool:
        """Verify as the standard tells receivers to, with nothing of ours."""
        key = base64.b64decode(secret.split("_", 1)[1])
        content = b".".join(
            [self.id.encode(), self.headers["webhook-timestamp"].encode(), self.body]
        )
        wanted = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
        signatures = self.headers["webhook-signature"].split(" ")
        return any(
            hmac.compare_digest(text.removeprefix("v1,"), wanted)
            for text in signatures
            if text.startswith("v1,")
        )


class Receiver:
    """What a receiver has heard, and how it answers: always yes, until told otherwise."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.answer: Callable[[Heard], Said] = lambda _: YES
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks"

    @property
    def events(self) -> list[str]:
        return [heard.message["type"] for heard in self.heard]


@contextmanager
def listening(context: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Open a receiver on this machine, over TLS with a context, and close it again."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            heard = Heard(self.path, headers, body)
            receiver.heard.append(heard)
            status, said, words = receiver.answer(heard)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(words)), **said}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(words)

        def log_message(self, *_: object) -> None:
            """Keep the tests' output to themselves."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            """Whoever hangs up early is what some tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
