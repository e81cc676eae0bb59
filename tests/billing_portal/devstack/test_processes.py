"""Whoever is started is found and stopped, also when the one who started it is gone."""

import os
import signal
import sys
from pathlib import Path

import psutil

from billing_portal.devstack import processes
from billing_portal.devstack.places import Home

FAMILY = "import subprocess, time; subprocess.Popen(['sleep', '60']); time.sleep(60)"


def children(pid: int) -> list[psutil.Process]:
    for _ in range(100):
        found = psutil.Process(pid).children()
        if found:
            return found
        processes.wait_gone([psutil.Process(pid)], 0.05)
    return []


def test_a_program_is_stopped_with_what_it_started(tmp_path: Path) -> None:
    home = Home(tmp_path)
    leader = processes.start(home, "family", [sys.executable, "-c", FAMILY], os.environ)
    child = children(leader.pid)[0]

    assert processes.stop_recorded(home) == ["family"]

    assert not processes.is_alive(child)
    assert leader.wait(5) == -signal.SIGTERM


def test_orphans_of_a_killed_program_are_found(tmp_path: Path) -> None:
    home = Home(tmp_path)
    leader = processes.start(home, "family", [sys.executable, "-c", FAMILY], os.environ)
    child = children(leader.pid)[0]
    leader.kill()
    leader.wait(5)

    assert processes.stop_recorded(home) == ["family"]

    assert not processes.is_alive(child)


def test_what_is_not_running_is_not_named(tmp_path: Path) -> None:
    home = Home(tmp_path)
    processes.start(home, "short", [sys.executable, "-c", ""], os.environ).wait(10)

    assert processes.stop_recorded(home) == []


def test_a_stranger_with_the_same_number_is_left_alone(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.records.write_text(f'[{{"name": "old", "pid": {os.getpid()}, "started": 1.0}}]')

    assert processes.stop_recorded(home) == []


def test_a_living_supervisor_is_known_by_its_lock(tmp_path: Path) -> None:
    lock = Home(tmp_path).lock()
    assert lock.holder() is None

    assert lock.acquire()

    assert Home(tmp_path).lock().holder() == os.getpid()
    assert not Home(tmp_path).lock().acquire()
    lock.release()
    assert Home(tmp_path).lock().holder() is None
