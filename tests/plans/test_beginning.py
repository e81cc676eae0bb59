"""A period begins where the one before it ended, whatever the clocks say."""

from __future__ import annotations

import datetime as dt

import pytest

from billing_portal.doctor import examine
from tests.builders import MARCH_1, apply, build_organization, build_plan

pytestmark = pytest.mark.django_db


def test_a_clock_that_is_behind_at_midnight_begins_no_period_before_the_last_one() -> None:
    build_plan()
    midnight = MARCH_1.replace(day=2, hour=0)
    acme = build_organization(plan="starter", now=midnight)

    behind = apply(acme, "starter", now=midnight - dt.timedelta(seconds=1))

    assert (behind.starts_at, behind.first_day) == (midnight, dt.date(2026, 3, 2))
    assert [found for found in examine(now=midnight) if found.broken] == []
