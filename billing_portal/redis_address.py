"""One Redis address, written the way each of its users wants it."""

from urllib.parse import parse_qs, urlsplit

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
