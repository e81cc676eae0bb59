"""A demo of an enterprise plan is asked for once, told to staff once, and handled once."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.core import mail
from django.db import IntegrityError, transaction

from accounts.letters import deliver_due
from accounts.models import Act, Letter, Organization
from accounts.refusals import Invalid
from plans.demos import handle_demo, request_demo
from plans.models import DemoRequest, Plan
from plans.offers import offers_to
from plans.refusals import PlanNotAvailable
from plans.standing import standing
from tests.builders import MARCH_1, build_plan, build_user
from tests.plans.life import DAY, Life, build_monthly

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> Organization:
    build_monthly()
    build_plan("big", "enterprise")
    return Life().subscriber()


def requested(organization: Organization) -> list[str]:
    """Answer the plans whose offer says that a demo is requested."""
    stands = standing(organization, now=MARCH_1)
    return [offer.code for offer in offers_to(organization, standing=stands) if offer.is_requested]


def test_a_demo_is_asked_for_once_and_only_of_an_enterprise_plan(acme: Organization) -> None:
    first = request_demo(acme, plan="big", now=MARCH_1)
    again = request_demo(acme, plan="big", now=MARCH_1 + DAY)

    assert first == again == DemoRequest.objects.get()
    assert Act.objects.filter(verb="request_demo").count() == 1
    assert requested(acme) == ["big"]
    for plan in ("starter", "nonsense"):
        with pytest.raises(PlanNotAvailable):
            request_demo(acme, plan=plan, now=MARCH_1)


def test_staff_are_told_of_it_once(acme: Organization) -> None:
    for _ in range(2):
        request_demo(acme, plan="big", actor=build_user(), now=MARCH_1)
        deliver_due(now=MARCH_1, find_document=lambda _: None)

    assert Letter.objects.get(code="demo_requested").status == Letter.Status.SENT
    told = [letter for letter in mail.outbox if letter.to == [settings.CONTACT_ADDRESS]]
    assert [letter.subject for letter in told] == ["Acme asks to be shown Big"]
    assert "/admin/plans/demorequest/" in str(told[0].body)


def test_staff_handle_it_once_with_a_note_and_then_the_owner_may_ask_again(
    acme: Organization,
) -> None:
    asked, staff = request_demo(acme, plan="big", now=MARCH_1), build_user()

    with pytest.raises(Invalid):
        handle_demo(asked, note=" ", actor=staff, now=MARCH_1 + DAY)
    handle_demo(asked, note="Shown on Tuesday", actor=staff, now=MARCH_1 + DAY)
    with pytest.raises(Invalid):
        handle_demo(asked, note="Me too", actor=staff, now=MARCH_1 + DAY)

    asked.refresh_from_db()
    assert (asked.handled_by, asked.note) == (staff, "Shown on Tuesday")
    assert Act.objects.get(verb="handle_demo").reason == "Shown on Tuesday"
    assert requested(acme) == []
    another = request_demo(acme, plan="big", now=MARCH_1 + 2 * DAY)
    assert another != asked
    assert Letter.objects.filter(code="demo_requested").count() == 2


def test_two_open_requests_for_one_plan_are_refused_by_the_database(acme: Organization) -> None:
    asked = {"organization": acme, "plan": Plan.objects.get(code="big"), "at": MARCH_1}
    DemoRequest.objects.create(**asked, handled_at=MARCH_1)
    DemoRequest.objects.create(**asked)

    with pytest.raises(IntegrityError), transaction.atomic():
        DemoRequest.objects.create(**asked)
