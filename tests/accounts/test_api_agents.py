"""PUT of an agent: added, changed, and left alone where nothing is said."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Agent
from tests.api_calls import Platform, refused
from tests.builders import build_organization

pytestmark = pytest.mark.django_db
PATH = "/organizations/acme/agents/sales/"
WHOLE = {"name": "Sales", "when_exhausted": "stop", "monthly_limit": "250.5"}


def test_an_agent_is_added_once_and_then_changed() -> None:
    build_organization(external_id="acme")
    platform = Platform()
    added = platform.put(PATH, WHOLE)
    assert (added.status_code, added.json()) == (201, {"id": "sales", **WHOLE})
    assert platform.put(PATH, WHOLE).status_code == 200
    changed = platform.put(PATH, {"monthly_limit": None})
    assert changed.json() == {"id": "sales", **WHOLE, "monthly_limit": None}
    assert Agent.objects.filter(external_id="sales").count() == 1


def test_an_agent_without_words_is_called_by_its_id() -> None:
    build_organization(external_id="acme")
    added = Platform().put(PATH, {})
    assert added.json() == {
        "id": "sales",
        "name": "sales",
        "when_exhausted": "use_balance",
        "monthly_limit": None,
    }


@pytest.mark.parametrize("limit", ["0", "-1", "-0.000001"])
def test_a_limit_is_above_zero(limit: str) -> None:
    build_organization(external_id="acme")
    refused(Platform().put(PATH, {"monthly_limit": limit}), 422, "invalid", "monthly_limit")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"monthly_limit": "0.0000001"}, "monthly_limit"),
        ({"monthly_limit": "NaN"}, "monthly_limit"),
        ({"monthly_limit": "1e999999999"}, "monthly_limit"),
        ({"monthly_limit": 10**400}, "monthly_limit"),
        ({"monthly_limit": {}}, "monthly_limit"),
        ({"when_exhausted": "explode"}, "when_exhausted"),
        ({"when_exhausted": ["stop"]}, "when_exhausted"),
        ({"name": "n" * 201}, "name"),
        ({"name": "two\nlines"}, "name"),
        ({"name": 7}, "name"),
        ({"name": ""}, "name"),
        ({"external_id": "other"}, "external_id"),
    ],
)
def test_what_cannot_be_is_refused_by_its_field(body: dict[str, Any], field: str) -> None:
    build_organization(external_id="acme")
    refused(Platform().put(PATH, body), 400, "invalid", field)
    assert not Agent.objects.filter(external_id="sales").exists()


def test_the_same_id_elsewhere_is_another_agent() -> None:
    build_organization(external_id="acme")
    other = build_organization("Other", external_id="other")
    Platform().put("/organizations/other/agents/sales/", WHOLE)
    Platform().put(PATH, {"name": "Ours", "monthly_limit": "1"})
    theirs = Agent.objects.get(organization=other, external_id="sales")
    assert (theirs.name, theirs.monthly_limit) == ("Sales", Decimal("250.5"))
