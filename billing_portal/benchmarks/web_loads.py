"""Requests over and over, each process on one connection that it keeps."""

from __future__ import annotations

import json
import socket
import time
from typing import Any

from billing_portal.benchmarks.loads import Caller
from billing_portal.benchmarks.population import AGENTS
from billing_portal.benchmarks.web_server import HOST, Site

GATE, USAGE = "/api/v1/gate/", "/api/v1/usage/"
SELECT_ONE, BY_HAND = "/select-one/", "/by-hand/"
PATIENCE_SECONDS = 30
# A server hangs up on who says nothing for long.
LONGEST_SILENCE = 1.0
_lines: dict[int, tuple[float, socket.socket]] = {}


class BadAnswerError(RuntimeError):
    """The web server answered something else than yes."""


def ask(site: Site, path: str, caller: Caller) -> int:
    """Post a question of the gate, to the gate or to a view beside it."""
    question = {
        "organization": caller.dice.choice(caller.names),
        "kind": "call",
        "channel": "web",
        "agent": caller.dice.choice(AGENTS),
    }
    answer = _post(site, path, question)
    if b'"allowed":true' not in answer:
        raise BadAnswerError(answer.decode()[:500])
    return 1


def report(site: Site, caller: Caller) -> int:
    """Report one call."""
    answer = _post(site, USAGE, {"events": caller.calls(1)})
    if b'"status":"charged"' not in answer:
        raise BadAnswerError(answer.decode()[:500])
    return 1


def _post(site: Site, path: str, body: dict[str, Any]) -> bytes:
    """Post by hand: a library would cost the machine more than what is measured."""
    line, text = _line(site.port), json.dumps(body)
    line.sendall(
        f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Api-Key {site.key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode()
    )
    answer = line.recv(65536)
    head, _, rest = answer.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise BadAnswerError(answer.decode()[:500])
    length = int(head.lower().partition(b"content-length:")[2].split()[0])
    while len(rest) < length:
        rest += line.recv(65536)
    return rest


def _line(port: int) -> socket.socket:
    """Answer this process's connection, a new one after a silence."""
    now = time.monotonic()
    used_at, line = _lines.get(port, (0.0, None))
    if line is None or now - used_at > LONGEST_SILENCE:
        if line is not None:
            line.close()
        line = socket.create_connection((HOST, port), PATIENCE_SECONDS)
    _lines[port] = now, line
    return line
