"""Every zone that an organization may have is one in which the database can reckon."""

from __future__ import annotations

from contextlib import suppress
from zoneinfo import available_timezones

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from accounts.models import validate_time_zone

pytestmark = pytest.mark.django_db


def test_the_database_knows_every_zone_that_is_not_refused() -> None:
    zones = []
    for name in sorted(available_timezones()):
        with suppress(ValidationError):
            validate_time_zone(name)
            zones.append(name)

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(now() AT TIME ZONE name) FROM unnest(%s::text[]) AS name", [zones]
        )
        assert cursor.fetchone() == (len(zones),)
    assert len(zones) > 400
