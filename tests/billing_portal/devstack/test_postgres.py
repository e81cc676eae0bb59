"""The embedded database survives what happens to the ones who started it."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from billing_portal.devstack import postgres, processes


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "postgres"
    postgres.stop(tmp_path / "postgres")


def server(data: Path) -> psutil.Process:
    return psutil.Process(int((data / "postmaster.pid").read_text().split()[0]))


def test_a_database_outlasts_stops_kills_and_adoption(data: Path) -> None:
    with psycopg.connect(postgres.start(data, {"work_mem": "5MB"})) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
        assert connection.execute("SHOW work_mem").fetchone() == ("5MB",)
    first = server(data)

    # A second start finds the server running and takes it over.
    postgres.start(data, {})
    assert server(data) == first

    first.send_signal(signal.SIGKILL)
    processes.wait_gone([first], 5)
    # As after a restart of the machine: the number in the file belongs to somebody else by now.
    lines = (data / "postmaster.pid").read_text().splitlines()
    (data / "postmaster.pid").write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")

    with psycopg.connect(postgres.start(data, {})) as connection:
        assert connection.execute("SELECT one FROM kept").fetchone() == (1,)

    assert postgres.stop(data)
    assert not postgres.stop(data)
