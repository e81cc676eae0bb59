"""The web server that is measured, started as for real: two workers with a few threads each."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

HOST = "127.0.0.1"
WORKERS, THREADS = 2, 4
APPLICATION = "billing_portal.benchmarks.web_application:application"
START_SECONDS, STOP_SECONDS = 60, 10


class WebServerFailedError(RuntimeError):
    """The web server did not come up."""


@dataclass(frozen=True, slots=True)
class Site:
    """Where the web server answers, and the key that it knows."""

    port: int
    key: str


@contextmanager
def serving(key: str) -> Iterator[tuple[Site, int]]:
    """Serve on a free port; answers the site and the id of the server's first process."""
    port = _free_port()
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", HOST]
    command += ["--port", str(port), "--workers", str(WORKERS), "--no-ws", "--log-level", "error"]
    command += ["--blocking-threads", str(THREADS), APPLICATION]
    environment = {
        **os.environ,
        "DATABASE_POOL": str(THREADS),
        "DJANGO_SETTINGS_MODULE": "billing_portal.settings",
    }
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            _wait_until_it_listens(port, process)
            yield Site(port, key), process.pid
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind((HOST, 0))
        port: int = found.getsockname()[1]
    return port


def _wait_until_it_listens(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return
        time.sleep(0.1)
    raise WebServerFailedError(f"no web server answers at port {port}")
