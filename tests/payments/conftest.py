"""A Stripe for the tests of doors: the settings lead to the fake, on a clock that stands still."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine

from accounts.models import Organization
from tests.builders import MARCH_1, build_organization
from tests.fakes.stripe_world import StripeWorld
from tests.payments.stripe_stage import SECRET, Stage

LATE = MARCH_1 + dt.timedelta(hours=12)


@pytest.fixture
def stripe(settings: Any) -> Iterator[StripeWorld]:
    """A Stripe that the pages ask, at 21:00 on 1 March in UTC."""
    world = StripeWorld(LATE)
    settings.STRIPE_TRANSPORT = world.fake.transport
    with time_machine.travel(LATE, tick=False):
        yield world


@pytest.fixture
def stage(settings: Any) -> Stage:
    """A Stripe that tells us, signed, what happened there."""
    settings.STRIPE_WEBHOOK_SECRETS = [SECRET]
    return Stage()


@pytest.fixture
def acme(stage: Stage) -> Organization:
    """The organization of which it tells."""
    return build_organization(external_id="acme")
