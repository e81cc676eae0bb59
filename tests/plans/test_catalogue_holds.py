"""Whether credit is reserved for a call that starts is one of the site's terms, off unless said."""

from __future__ import annotations

import pytest

from plans.catalogue import dump_catalogue, load_catalogue
from plans.catalogue_yaml import BadCatalogue
from plans.models import Site
from tests.builders import MARCH_1

pytestmark = pytest.mark.django_db
SMALL = """
currency: USD
credit_price: "0.01"
plans:
  starter: {name: Starter, kind: standard, period: 30 days}
"""


def load(hold_minutes: str = "") -> list[str]:
    """Load a catalogue that says so many minutes; answers what that changed."""
    line = f"hold_minutes: {hold_minutes}\n" if hold_minutes else ""
    lines = load_catalogue(line + SMALL, now=MARCH_1).lines()
    return [told for told in lines if told.startswith("site")]


def test_it_is_off_unless_the_catalogue_says_for_how_long() -> None:
    load()
    before = Site.objects.get().hold_minutes

    changed = load("60")

    assert before is None
    assert changed == ["site hold_minutes: none → 60"]
    assert Site.objects.get().hold_minutes == 60
    assert load("60") == []


def test_written_back_it_is_there_only_where_it_is_on() -> None:
    load()
    assert "hold_minutes" not in dump_catalogue()

    load("60")

    assert "hold_minutes: 60" in dump_catalogue()
    load()
    assert Site.objects.get().hold_minutes is None


@pytest.mark.parametrize("wrong", ["0", "-1", "1.5", "10081", "soon"])
def test_what_is_no_number_of_minutes_within_a_week_is_refused(wrong: str) -> None:
    with pytest.raises(BadCatalogue):
        load(wrong)

    assert not Site.objects.exists()
