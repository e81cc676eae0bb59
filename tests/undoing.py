"""Something is tried and taken back, many times within one test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction


@contextmanager
def undone() -> Iterator[None]:
    """Take back whatever happens within, in a block that counts for as little as a test's own."""
    block = transaction.atomic()
    # Django marks with it what it wraps around a test: durable blocks may begin within.
    block._from_testcase = True  # type: ignore[attr-defined]  # the stubs leave it out
    with block:
        yield
        transaction.set_rollback(True)
