"""Rates of keys: exact in one process, kept by many, and at the price of few questions."""

from __future__ import annotations

import socket
import threading

import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.cache.backends.redis import RedisCache

from accounts import api_rates
from accounts.api_rates import Shares


@pytest.mark.parametrize("rate", [0, 1, 7, 100, 250, 1000])
def test_a_minute_has_as_many_requests_as_the_rate_and_no_more(rate: int) -> None:
    shares = Shares()
    taken = sum(shares.take("a", rate=rate, window=1) for _ in range(2 * rate + 3))
    assert rate - rate // 100 <= taken <= rate


def test_the_next_minute_begins_anew() -> None:
    shares = Shares()
    for window in (1, 2, 3):
        taken = [shares.take("a", rate=2, window=window) for _ in range(3)]
        assert taken == [True, True, False]


def test_several_processes_together_stay_within_the_rate() -> None:
    processes = [Shares() for _ in range(8)]
    taken = sum(one.take("a", rate=1000, window=1) for _ in range(400) for one in processes)
    assert 900 <= taken <= 1000


def test_threads_of_one_process_stay_within_the_rate() -> None:
    shares, taken = Shares(), list[bool]()

    def call() -> None:
        taken.extend(shares.take("a", rate=500, window=1) for _ in range(200))

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 450 <= sum(taken) <= 500


def test_a_busy_key_asks_the_cache_once_in_a_hundredth_of_its_rate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    def count(name: str, share: int) -> int:
        asked.append(name)
        return len(asked) * share

    monkeypatch.setattr(api_rates, "_count", count)
    shares = Shares()
    assert all(shares.take("a", rate=600_000, window=1) for _ in range(12_000))
    assert len(asked) == 2


def test_keys_and_sorts_are_counted_apart() -> None:
    shares = Shares()
    assert [shares.take(name, rate=1, window=1) for name in ("a", "b", "a")] == [True, True, False]
    assert cache.get("a:1") == 2


def test_a_redis_that_says_nothing_is_asked_once_and_stops_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        monkeypatch.setattr(api_rates, "cache", RedisCache(address, settings.CACHES["default"]))

        assert Shares().take("a", rate=100, window=1)

        silent.setblocking(False)
        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):
            silent.accept()
