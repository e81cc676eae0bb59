"""The time zones that a person can choose, by continent, as a form shows them."""

from __future__ import annotations

from functools import cache
from itertools import groupby
from zoneinfo import available_timezones

CONTINENTS = (
    "Africa",
    "America",
    "Antarctica",
    "Arctic",
    "Asia",
    "Atlantic",
    "Australia",
    "Europe",
    "Indian",
    "Pacific",
)
Choice = tuple[str, str]


@cache
def time_zone_choices() -> list[Choice | tuple[str, list[Choice]]]:
    """Answer UTC, then every place of every continent; names without a place are left out."""
    places = sorted(name for name in available_timezones() if name.partition("/")[0] in CONTINENTS)
    continents: list[Choice | tuple[str, list[Choice]]] = [("UTC", "UTC")]
    for continent, names in groupby(places, key=lambda name: name.partition("/")[0]):
        continents.append((continent, [(name, _place(name)) for name in names]))
    return continents


def _place(name: str) -> str:
    return name.partition("/")[2].replace("_", " ").replace("/", " / ")
