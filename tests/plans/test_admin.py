"""Staff read plans in words, whatever a catalogue says."""

from __future__ import annotations

from pathlib import Path

import pytest

from plans.catalogue import load_catalogue
from plans.models import Plan, PlanVersion
from plans.reading import amount, terms_in_words
from plans.terms import Terms
from tests.billing_portal.staff import build_staff, logged_in, text_of
from tests.builders import MARCH_1, build_plan

CATALOGUES = sorted(Path("plans/catalogues").glob("*.yaml"))


@pytest.mark.django_db
def test_a_version_is_read_as_a_table() -> None:
    plan = build_plan(quotas={"outbound_calls": 10000}, allowances={"messages": "2.5"})
    client = logged_in(build_staff("view_plan", "view_planversion"))

    version = plan.version
    assert version is not None
    page = text_of(client.get(f"/admin/plans/planversion/{version.pk}/change/"))

    assert "Price per period €89.00 EUR, $99.00 USD" in page
    assert "Quotas 10,000 outbound calls" in page
    assert "Included 2.5 messages" in page
    assert "Outbound minute, credits standard 8, premium 12" in page
    assert "Rent of a phone number $2.00 USD" in page
    assert "Starter v1" in text_of(client.get(f"/admin/plans/plan/{plan.pk}/change/"))


@pytest.mark.django_db
@pytest.mark.parametrize("file", CATALOGUES, ids=lambda file: file.stem)
def test_every_plan_of_every_catalogue_can_be_read(file: Path) -> None:
    load_catalogue(file.read_text(), now=MARCH_1)
    client = logged_in(build_staff("view_plan", "view_planversion"))

    assert client.get("/admin/plans/plan/").status_code == 200
    for version in PlanVersion.objects.all():
        words = terms_in_words(version.terms)
        assert all(words.values()), words
        assert client.get(f"/admin/plans/planversion/{version.pk}/change/").status_code == 200
    assert Plan.objects.count() > 0


def test_prices_are_written_in_the_currency_that_matters() -> None:
    terms = Terms.from_json({"period": "1 month", "price": {"USD": "99", "EUR": "89"}})

    assert terms_in_words(terms, "EUR")["Price per period"] == "€89.00"
    assert terms_in_words(terms, "INR")["Price per period"] == "none"
    assert terms_in_words(terms)["Price per period"] == "€89.00 EUR, $99.00 USD"


@pytest.mark.parametrize(
    ("number", "words"), [(0, "0"), (10000, "10,000"), ("2.50", "2.5"), ("-1234.5", "-1,234.5")]
)
def test_numbers_have_thousands_and_the_decimals_they_have(number: object, words: str) -> None:
    assert amount(number) == words  # type: ignore[arg-type]  # texts of decimals too
