"""The two servers the product needs: the caller's own by environment, else embedded ones."""

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from billing_portal.devstack import postgres, processes, redis_server
from billing_portal.devstack.places import THROWAWAY_HOMES, Home

# One person looks at the demo; durable, small.
DEMO_TUNING = {"max_connections": "100", "shared_buffers": "128MB", "log_min_messages": "warning"}
# Benches measure the real thing: every commit reaches the disk, and the README's advice is taken.
DURABLE_TUNING = {
    **DEMO_TUNING,
    "max_connections": "200",
    "shared_buffers": "1GB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
}
# Tests throw the data away: nothing has to survive a crash.
FORGETFUL_TUNING = {
    **DEMO_TUNING,
    "max_connections": "200",
    "max_wal_size": "2GB",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}


@dataclass(frozen=True)
class Lent:
    """Servers for a while: where they live and the environment in which they are found."""

    home: Home
    environment: dict[str, str]


def start(home: Home, environment: Mapping[str, str], tuning: Mapping[str, str]) -> dict[str, str]:
    """Start what the environment does not name, and return the addresses of both."""
    addresses = {}
    if "DATABASE_URL" not in environment:
        addresses["DATABASE_URL"] = postgres.start(home.postgres, tuning)
    if "REDIS_URL" not in environment:
        addresses["REDIS_URL"] = redis_server.start(home, environment)
    return addresses


def stop(home: Home) -> list[str]:
    """Stop everything that was started from this home, and return the names of it."""
    stopped = processes.stop_recorded(home)
    if postgres.stop(home.postgres):
        stopped.append("postgres")
    home.redis_socket.unlink(missing_ok=True)
    return stopped


@contextlib.contextmanager
def throwaway(environment: Mapping[str, str], tuning: Mapping[str, str]) -> Iterator[Lent]:
    """Lend servers of one's own and remove them afterwards, whatever happens."""
    sweep_throwaways()
    home = Home(THROWAWAY_HOMES / str(os.getpid()))
    home.create()
    lock = home.lock()
    lock.acquire()
    try:
        yield Lent(home, {**environment, **start(home, environment, tuning)})
    finally:
        stop(home)
        shutil.rmtree(home.directory, ignore_errors=True)
        lock.release()


def sweep_throwaways() -> list[str]:
    """Stop and remove what killed supervisors have left, and return the names of it."""
    stopped = []
    for directory in THROWAWAY_HOMES.glob("*"):
        home = Home(directory)
        if home.lock().holder() is None:
            stopped += stop(home)
            shutil.rmtree(directory, ignore_errors=True)
    return stopped
