"""One Redis address in the words of each of its users."""

import pytest

from billing_portal.redis_address import broker_url, cache_url


@pytest.mark.parametrize(
    "socket", ["unix:///srv/r.sock?db=3", "redis+socket:///srv/r.sock?virtual_host=3"]
)
def test_a_socket_is_written_for_the_cache_and_for_the_queue(socket: str) -> None:
    assert cache_url(socket) == "unix:///srv/r.sock?db=3"
    assert broker_url(socket) == "redis+socket:///srv/r.sock?virtual_host=3"


def test_a_socket_without_a_number_means_the_first_database() -> None:
    assert broker_url("unix:///srv/r.sock") == "redis+socket:///srv/r.sock?virtual_host=0"


def test_a_host_is_left_as_it_is() -> None:
    address = "rediss://user:word@cache.example.com:6380/2"
    assert cache_url(address) == broker_url(address) == address
