"""A Stripe for the tests of doors: the settings lead to the fake, on a clock that stands still."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine

from tests.builders import MARCH_1
from tests.fakes.stripe_world import StripeWorld

LATE = MARCH_1 + dt.timedelta(hours=12)


@pytest.fixture
def stripe(settings: Any) -> Iterator[StripeWorld]:
    """A Stripe that the pages ask, at 21:00 on 1 March in UTC."""
    world = StripeWorld(LATE)
    settings.STRIPE_TRANSPORT = world.fake.transport
    with time_machine.travel(LATE, tick=False):
        yield world
