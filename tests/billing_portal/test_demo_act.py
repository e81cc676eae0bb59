"""Staff see who waits to be shown a plan, the longest waiting first, and say what became of it."""

from __future__ import annotations

import pytest
import time_machine

from accounts.models import Organization
from plans.demos import handle_demo, request_demo
from plans.models import DemoRequest
from tests.billing_portal.staff import address, build_staff, logged_in, text_of
from tests.billing_portal.test_operating import do, look
from tests.builders import MARCH_1, build_plan
from tests.plans.life import DAY, Life, build_monthly

pytestmark = pytest.mark.django_db
REQUESTS = "/admin/plans/demorequest/"


@pytest.fixture
def acme() -> Organization:
    build_monthly()
    build_plan("big", "enterprise")
    build_plan("huge", "enterprise")
    return Life().subscriber()


@time_machine.travel(MARCH_1 + 3 * DAY, tick=False)
def test_the_list_shows_the_longest_waiting_first_and_the_handled_last(acme: Organization) -> None:
    other = Life().subscriber("Other", card=None)
    handled = request_demo(acme, plan="huge", now=MARCH_1)
    handle_demo(handled, note="Sold", now=MARCH_1 + DAY)
    request_demo(other, plan="big", now=MARCH_1 + DAY)
    request_demo(acme, plan="big", now=MARCH_1 + 2 * DAY)
    client = logged_in(build_staff("view_demorequest", "view_organization", "operate"))

    words = text_of(client.get(REQUESTS))

    first, second, last = (words.index(part) for part in ("2 days", "1 day ", "Sold"))
    assert first < second < last
    assert "Handled…" in words
    assert "Sold" not in text_of(client.get(REQUESTS, {"state": "open"}))
    looker = logged_in(build_staff("view_demorequest"))
    assert "Handled…" not in text_of(looker.get(REQUESTS))


@time_machine.travel(MARCH_1 + DAY, tick=False)
def test_it_is_handled_by_an_act_with_a_note(acme: Organization) -> None:
    asked = request_demo(acme, plan="big", now=MARCH_1)
    client = logged_in(build_staff("view_organization", "view_demorequest", "operate"))

    form = client.get(address(acme, "demo"), {"request": asked.pk})
    assert f'value="{asked.pk}" selected' in form.content.decode()
    missing = look(client, acme, "demo", request=asked.pk, reason=" ")
    assert "This field is required." in text_of(missing)
    done = do(client, acme, "demo", request=asked.pk, reason="Shown on Tuesday")

    assert done.url == address(acme)
    assert DemoRequest.objects.get().note == "Shown on Tuesday"
    assert "Demo handled" not in text_of(client.get(address(acme)))
    again = look(client, acme, "demo", request=asked.pk)
    assert "Select a valid choice" in text_of(again)
