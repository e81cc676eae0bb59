"""Messages that Stripe did not send, or not to us, or not now; drawn from a seed."""

from __future__ import annotations

import gzip
import json
import random
import time
from collections.abc import Callable, Iterator
from typing import Any

from tests.payments.stripe_stage import SECRET, event, signature, written

Forgery = tuple[str, bytes, str | None, dict[str, str]]
Maker = Callable[[random.Random, bytes, float], tuple[bytes, str | None, dict[str, str]]]


def _no_header(dice: random.Random, body: bytes, now: float) -> Any:
    return body, None, {}


def _empty_header(dice: random.Random, body: bytes, now: float) -> Any:
    return body, dice.choice(["", " ", ",", "t=", "v1=", f"t={int(now)}", "t=1,t=2,v1=x"]), {}


def _wrong_secret(dice: random.Random, body: bytes, now: float) -> Any:
    secret = dice.choice(["", SECRET[:-1], SECRET + "x", SECRET.upper(), dice.randbytes(8).hex()])
    return body, signature(body, at=now, secret=secret), {}


def _altered_byte(dice: random.Random, body: bytes, now: float) -> Any:
    place = dice.randrange(len(body))
    altered = body[:place] + bytes([body[place] ^ (1 << dice.randrange(7))]) + body[place + 1 :]
    return altered, signature(body, at=now), {}


def _altered_time(dice: random.Random, body: bytes, now: float) -> Any:
    stamp = int(now) + dice.choice([-1, 1, 17, -200, 250])
    return body, signature(body, at=now).replace(f"t={int(now)}", f"t={stamp}"), {}


def _old_scheme(dice: random.Random, body: bytes, now: float) -> Any:
    return body, signature(body, at=now).replace("v1=", dice.choice(["v0=", "v2=", "V1="])), {}


def _stale(dice: random.Random, body: bytes, now: float) -> Any:
    return body, signature(body, at=now - dice.choice([303, 400, 3600, 86_400, now - 1])), {}


def _future(dice: random.Random, body: bytes, now: float) -> Any:
    return body, signature(body, at=now + dice.choice([310, 3600, 86_400, 10**9])), {}


def _other_body(dice: random.Random, body: bytes, now: float) -> Any:
    return body, signature(written(event(dice.randrange(10**6, 10**7))), at=now), {}


def _twice(dice: random.Random, body: bytes, now: float) -> Any:
    name = dice.choice(["id", "type", "livemode", "account", "object"])
    twice = body.replace(b'"type"', json.dumps(name).encode() + b': "x", "type"', 1)
    return twice, signature(twice, at=now), {}


def _large(dice: random.Random, body: bytes, now: float) -> Any:
    large = body + b" " * dice.choice([1_000_000, 2_000_000, 10_000_000])
    return large, signature(large, at=now), {}


def _packed(dice: random.Random, body: bytes, now: float) -> Any:
    packed = gzip.compress(dice.choice([body, b" " * 5_000_000]))
    headers = dice.choice([{}, {"content-encoding": "gzip"}])
    return packed, signature(packed, at=now), headers


def _not_ours(dice: random.Random, body: bytes, now: float) -> Any:
    wrong: list[dict[str, Any]] = [{"livemode": True}, {"livemode": None}, {"account": "acct_1"}]
    changes = dice.choice([*wrong, {"object": "charge"}])
    other = written(event(dice.randrange(10**6), **changes))
    return other, signature(other, at=now), {}


MAKERS: tuple[Maker, ...] = (
    _no_header, _empty_header, _wrong_secret, _altered_byte, _altered_time, _old_scheme, _stale,
    _future, _other_body, _twice, _large, _packed, _not_ours,
)  # fmt: skip


def forgeries(count: int, *, seed: int) -> Iterator[Forgery]:
    """Make so many forgeries, of every sort in turn."""
    dice = random.Random(seed)
    for number in range(count):
        make = MAKERS[number % len(MAKERS)]
        body, header, headers = make(dice, written(event(number)), time.time())
        yield make.__name__, body, header, headers
