"""A demo of an enterprise plan is asked for once, and of nothing else."""

from __future__ import annotations

import pytest

from accounts.models import Act
from plans.demos import request_demo
from plans.models import DemoRequest
from plans.refusals import PlanNotAvailable
from tests.builders import MARCH_1, build_plan
from tests.plans.life import DAY, Life, build_monthly

pytestmark = pytest.mark.django_db


def test_a_demo_is_asked_for_once_and_only_of_an_enterprise_plan() -> None:
    build_monthly()
    build_plan("big", "enterprise")
    acme = Life().subscriber()

    first = request_demo(acme, plan="big", now=MARCH_1)
    again = request_demo(acme, plan="big", now=MARCH_1 + DAY)

    assert first == again == DemoRequest.objects.get()
    assert Act.objects.filter(verb="request_demo").count() == 1
    for plan in ("starter", "nonsense"):
        with pytest.raises(PlanNotAvailable):
            request_demo(acme, plan=plan, now=MARCH_1)
