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
from billing_portal.benchmarks.peers import INSTALLED
from billing_portal.benchmarks.tpcb import find_pgbench
from tests.house.sources import PROJECT

PEERS = {"P17", "P18"}
TINY = ("--rounds=1", "--seconds=0.2", "--organizations=20", "--history=500", "--due=200")


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


def bench(url: str, *codes: str) -> list[str]:
    """Run the bench on as little as can be; answers what it printed."""
    manage(url, "migrate", "--verbosity=0")
    return manage(url, "bench", *TINY, f"--only={','.join(codes)}")


def figures(lines: list[str], *codes: str) -> Iterator[tuple[str, float, str]]:
    """Answer what every goal is about, its median, and how far it got."""
    for goal in GOALS:
        if goal.code in codes:
            [line] = [line for line in lines if line.startswith(f"{goal.code:<4} {goal.what} ")]
            told = line[len(f"{goal.code:<4} {goal.what:<34} ") :].split(maxsplit=6)
            yield goal.what, float(told[0]), told[-1]


def test_a_tiny_round_gives_every_goal_a_figure_or_says_who_is_missing(
    empty_database: str,
) -> None:
    assert find_pgbench()
    codes = {goal.code for goal in GOALS} - PEERS - {"P19"}

    lines = bench(empty_database, *codes, "P19")

    for what, median, verdict in figures(lines, *codes):
        # A machine that is never idle has no figure for the goal that needs it to be.
        assert median >= 0 or (what, verdict) == ("two PDF processes", "no round counts")
    assert "P19 a charge v pgledger: not measured, say with --pgledger where it lies" in lines


@pytest.mark.skipif(not INSTALLED.exists(), reason="`make bench` has not installed the peers")
def test_a_tiny_round_beside_the_peers_gives_figures(empty_database: str) -> None:
    lines = bench(empty_database, *PEERS)

    assert all(median > 0 for _, median, _ in figures(lines, *PEERS))
