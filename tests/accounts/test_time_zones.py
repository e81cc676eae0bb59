"""A zone that is taken is the same one to us and to the database."""

from __future__ import annotations

import datetime as dt
import random
from zoneinfo import ZoneInfo, available_timezones

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from accounts.models import validate_time_zone

pytestmark = pytest.mark.django_db
DAYS = "SELECT (at AT TIME ZONE %s)::date FROM unnest(%s::timestamptz[]) at"


def is_taken(name: str) -> bool:
    try:
        validate_time_zone(name)
    except ValidationError:
        return False
    return True


def test_a_day_is_the_same_day_to_the_database_in_every_zone_that_is_taken() -> None:
    dice, start = random.Random(1), dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    instants = [start + dt.timedelta(minutes=dice.randrange(525_600)) for _ in range(300)]
    differ = set()

    with connection.cursor() as cursor:
        for name in filter(is_taken, sorted(available_timezones())):
            cursor.execute(DAYS, [name, instants])
            days = [day for (day,) in cursor.fetchall()]
            if days != [instant.astimezone(ZoneInfo(name)).date() for instant in instants]:
                differ.add(name)

    assert differ == set()
    assert [is_taken(name) for name in ("UTC", "Europe/Brussels", "CET")] == [True, True, False]


def test_who_names_a_zone_that_is_not_the_same_everywhere_is_told_to_name_a_place() -> None:
    with pytest.raises(ValidationError, match="name a place, such as Europe/Brussels"):
        validate_time_zone("CET")
