"""One Redis address, written the way each of its users wants it; and how long it is waited for."""

from urllib.parse import parse_qs, urlsplit

from redis.backoff import NoBackoff
from redis.retry import Retry

# A request that is counted never waits long for a Redis that drops packets, and never twice.
IMPATIENT = {"socket_connect_timeout": 1, "socket_timeout": 1, "retry": Retry(NoBackoff(), 0)}
_SOCKET_SCHEMES = ("unix", "redis+socket")


def _is_socket(address: str) -> bool:
    return urlsplit(address).scheme in _SOCKET_SCHEMES


def _socket_database(address: str) -> str:
    query = parse_qs(urlsplit(address).query)
    return (query.get("db") or query.get("virtual_host") or ["0"])[0]


def cache_url(address: str) -> str:
    """Write the address as redis-py reads it."""
    if not _is_socket(address):
        return address
    return f"unix://{urlsplit(address).path}?db={_socket_database(address)}"


def broker_url(address: str) -> str:
    """Write the address as Celery reads it."""
    if not _is_socket(address):
        return address
    return f"redis+socket://{urlsplit(address).path}?virtual_host={_socket_database(address)}"
