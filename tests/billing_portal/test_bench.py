"""`manage.py bench`: everybody runs and every goal has a figure; how good, no test can say."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg
import pytest

from billing_portal.benchmarks.goals import GOALS
from billing_portal.benchmarks.tpcb import find_pgbench
from tests.house.sources import PROJECT

TINY = ("--rounds=1", "--seconds=0.2", "--organizations=20", "--history=500")


@pytest.fixture
def empty_database() -> Iterator[str]:
    name = f"bench_{os.getpid()}"
    template = os.environ.get("TEST_DATABASE_TEMPLATE", "template0")
    address = os.environ["DATABASE_URL"]
    with psycopg.connect(address, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        yield urlsplit(address)._replace(path=f"/{name}").geturl()
        server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def manage(url: str, *words: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=PROJECT,
        env={**os.environ, "DATABASE_URL": url},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout.splitlines()


def test_a_tiny_round_gives_every_goal_a_figure(empty_database: str) -> None:
    assert find_pgbench()
    manage(empty_database, "migrate", "--verbosity=0")

    lines = manage(empty_database, "bench", *TINY)

    for goal in GOALS:
        [line] = [line for line in lines if line.startswith(f"{goal.code:<4} {goal.what} ")]
        median = line[len(f"{goal.code:<4} {goal.what:<34} ") :].split()[0]
        assert float(median) >= 0, line
