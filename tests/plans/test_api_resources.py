"""Resources and rentals over the API."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine

from plans.models import Rental
from tests.api_calls import Platform, refused
from tests.builders import MARCH_1, apply, build_organization, build_plan

pytestmark = pytest.mark.django_db
RESOURCES = "/organizations/acme/resources/"
NUMBER = "/organizations/acme/rentals/phone_number/+14155550100/"


def test_counts_are_taken_over_and_the_others_stay() -> None:
    build_organization(external_id="acme")
    platform = Platform()
    assert platform.put(RESOURCES, {"agents": 3, "leads": 80}).json() == {"agents": 3, "leads": 80}
    assert platform.put(RESOURCES, {"agents": 0}).json() == {"agents": 0, "leads": 80}


@pytest.mark.parametrize(
    "count", [-1, 2**31, 10**30, "many", None, 1.5, True, [], {}, "NaN", "9" * 3000]
)
def test_a_count_that_cannot_be_is_refused(count: Any) -> None:
    build_organization(external_id="acme")
    refused(Platform().put(RESOURCES, {"leads": 1, "agents": count}), 400, "invalid", "agents")
    assert Platform().put(RESOURCES, {}).json() == {}


def test_an_unknown_resource_is_refused_by_name() -> None:
    build_organization(external_id="acme")
    refused(Platform().put(RESOURCES, {"agentz": 1}), 400, "invalid", "agentz")
    assert Platform().put(RESOURCES, []).status_code == 400


def test_a_number_is_rented_once_and_given_back_once() -> None:
    organization = build_organization(external_id="acme")
    build_plan("starter")
    apply(organization, "starter", now=MARCH_1)
    platform = Platform()
    with time_machine.travel(MARCH_1, tick=False):
        rented = platform.put(NUMBER)
        assert rented.status_code == 200
        assert rented.json() == {
            "item": "phone_number",
            "reference": "+14155550100",
            "began_at": "2026-03-01T09:00:00Z",
            "began_on": "2026-03-01",
        }
        assert platform.put(NUMBER).json() == rented.json()
        assert platform.delete(NUMBER).status_code == 204
        assert platform.delete(NUMBER).status_code == 204
    assert Rental.objects.get().ended_at == MARCH_1


def test_what_was_never_rented_cannot_be_given_back() -> None:
    build_organization(external_id="acme")
    refused(Platform().delete(NUMBER), 404, "not_found")


def test_only_what_the_plan_rents_can_be_rented() -> None:
    organization = build_organization(external_id="acme")
    refused(Platform().put(NUMBER), 422, "no_subscription")
    build_plan("starter")
    apply(organization, "starter", now=MARCH_1)
    answer = Platform().put("/organizations/acme/rentals/spaceship/1/")
    refused(answer, 422, "item_not_in_plan", "item")


def test_a_reference_that_is_none_is_refused() -> None:
    organization = build_organization(external_id="acme")
    build_plan("starter")
    apply(organization, "starter", now=MARCH_1)
    platform = Platform()
    for reference in ("x" * 201, "%00", "%0a"):
        path = f"/organizations/acme/rentals/phone_number/{reference}/"
        assert platform.put(path).status_code == 400
        assert platform.delete(path).status_code == 400
