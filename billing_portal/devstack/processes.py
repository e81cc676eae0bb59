"""Start programs, remember them on disk, and stop them with everything they started.

Every program gets a session of its own: Ctrl-C reaches the supervisor alone, which stops the others
in order, and whoever belongs to a session is found even when its leader has died.
"""

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from billing_portal.devstack.places import PROJECT, Home

GRACE_SECONDS = 20


@dataclass(frozen=True)
class Record:
    """One program that was started: the leader of its session and when it began."""

    name: str
    pid: int
    started: float


def start(
    home: Home, name: str, command: Sequence[str], environment: Mapping[str, str]
) -> "subprocess.Popen[bytes]":
    """Start a program, its output in its log, and remember it."""
    with home.log(name).open("ab") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            cwd=PROJECT,
            start_new_session=True,
        )
    _remember(home, name, process.pid)
    return process


def run(home: Home, command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a command at the person's terminal and return its exit code.

    It stays in our session, so that Ctrl-C reaches it, and is remembered in case we are killed.
    """
    with subprocess.Popen(command, env=dict(environment), cwd=PROJECT) as process:
        _remember(home, command[0], process.pid)
        try:
            return process.wait()
        except KeyboardInterrupt:
            # It heard Ctrl-C too, and may have something to say before it goes.
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(GRACE_SECONDS)
            raise
        finally:
            stop_recorded(home, only=command[0])


def stop_recorded(home: Home, *, only: str | None = None) -> list[str]:
    """Stop every remembered program that still runs, the last started first; return their names."""
    stopped, kept = [], []
    for record in reversed(_read(home.records)):
        if only not in (None, record.name):
            kept.append(record)
        elif members := _members(record):
            _stop(members)
            stopped.append(record.name)
    _write(home.records, kept[::-1])
    return stopped


def _remember(home: Home, name: str, pid: int) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        record = Record(name, pid, psutil.Process(pid).create_time())
        _write(home.records, [*_read(home.records), record])


def _members(record: Record) -> list[psutil.Process]:
    """List the living processes of a program, its leader first."""
    family: list[psutil.Process] = []
    with contextlib.suppress(psutil.NoSuchProcess):
        leader = psutil.Process(record.pid)
        if leader.create_time() != record.started:
            # The number has been given to a stranger since.
            return []
        family = [leader, *leader.children(recursive=True)]
    orphans = [process for process in psutil.process_iter() if _in_session(process, record)]
    members = dict.fromkeys([*family, *orphans])
    return [process for process in members if is_alive(process)]


def _in_session(process: psutil.Process, record: Record) -> bool:
    try:
        return os.getsid(process.pid) == record.pid and process.create_time() >= record.started
    except (psutil.Error, OSError):
        return False


def is_alive(process: psutil.Process) -> bool:
    """Say whether the process still does anything; in a container nobody may bury the dead."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_gone(members: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Wait until all are gone, at most so long, and return those that are not."""
    deadline = time.monotonic() + seconds
    while (left := [process for process in members if is_alive(process)]) and (
        time.monotonic() < deadline
    ):
        time.sleep(0.05)
    return left


def _stop(members: list[psutil.Process]) -> None:
    """Ask the leader, then whoever outlives it; kill what has not gone in time."""
    _signal(members[:1], signal.SIGTERM)
    wait_gone(members[:1], GRACE_SECONDS)
    left = wait_gone(members, 1)
    _signal(left, signal.SIGTERM)
    left = wait_gone(left, 5)
    _signal(left, signal.SIGKILL)
    wait_gone(left, 5)


def _signal(processes: list[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def _read(path: Path) -> list[Record]:
    if not path.exists():
        return []
    return [Record(**fields) for fields in json.loads(path.read_text())]


def _write(path: Path, records: list[Record]) -> None:
    new = path.with_suffix(".new")
    new.write_text(json.dumps([asdict(record) for record in records]))
    new.replace(path)
