"""The platform sends the same organization many times at once, and one is made."""

from __future__ import annotations

import pytest

from accounts.models import Act, Membership, Organization, User
from plans.enrolling import Enrolment, IdTaken, enrol
from plans.models import Period
from plans.provisioning import NewOrganization
from tests.builders import MARCH_1, build_plan, build_site
from tests.faults.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def asked(name: str = "Acme") -> Enrolment:
    details = NewOrganization(name=name, currency="USD", external_id="acme")
    return Enrolment(details, owner_email="asha@acme.example")


def test_the_same_request_at_once_makes_one_organization() -> None:
    build_site()
    build_plan("trial", "trial")
    answers: list[tuple[Organization, bool]] = []

    raised = at_once(8, lambda _: answers.append(enrol(asked(), now=MARCH_1)))

    assert raised == []
    assert sorted(created for _, created in answers) == [False] * 7 + [True]
    assert len({organization.pk for organization, _ in answers}) == 1
    counted = (Organization, User, Membership, Period)
    assert [model.objects.count() for model in counted] == [1, 1, 1, 1]
    assert Act.objects.filter(verb="provision").count() == 1


def test_of_two_different_requests_at_once_one_is_told() -> None:
    build_site()
    build_plan("trial", "trial")

    raised = at_once(8, lambda number: enrol(asked(f"Acme {number % 2}"), now=MARCH_1))

    assert [type(error) for error in raised] == [IdTaken] * 4
    assert Organization.objects.count() == 1
