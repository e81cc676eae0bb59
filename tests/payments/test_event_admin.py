"""Staff see what Stripe told us, what became of it, and let it be acted on again."""

from __future__ import annotations

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Organization
from payments.inbox import keep
from payments.models import Payment, StripeEvent
from tests.billing_portal.staff import build_staff, logged_in, text_of
from tests.payments.stripe_stage import MINUTE, Stage, event

pytestmark = pytest.mark.django_db
EVENTS = "/admin/payments/stripeevent/"


@pytest.fixture
def stage(stage: Stage, acme: Organization) -> Stage:
    stage.paid_top_up(acme)
    stage.hear()
    return stage


def looking() -> Client:
    return logged_in(build_staff("view_stripeevent", "view_payment"))


def test_the_list_says_whom_each_event_is_about(stage: Stage) -> None:
    kept = StripeEvent.objects.count()

    words = text_of(looking().get(EVENTS))

    assert words.count("Acme ·") == kept > 3


def test_many_events_cost_no_more_statements_than_few(stage: Stage) -> None:
    client = looking()

    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(EVENTS).status_code == 200
        return len(captured)

    statements()
    few = statements()
    for number in range(100, 140):
        keep(event(number), now=stage.now)

    assert statements() == few


def test_a_page_shows_the_payment_and_what_the_message_said(stage: Stage) -> None:
    charge = StripeEvent.objects.get(kind="charge.succeeded")

    answer = looking().get(f"{EVENTS}{charge.pk}/change/")

    assert f"/admin/payments/payment/{Payment.objects.get().pk}/" in answer.content.decode()
    assert "Amount captured" in text_of(answer) or "amount_captured" in text_of(answer)


def test_the_worklists_hold_what_waits_too_long_and_what_was_set_aside(stage: Stage) -> None:
    _late, aside, fresh = (
        keep(event(n, data={"object": {"id": f"pi_{name}", "object": "x"}}), now=stage.now)[0]
        for n, name in enumerate(("late", "aside", "fresh"), start=1)
    )
    StripeEvent.objects.filter(pk=aside.pk).update(status="set_aside", last_error="Nobody knows.")
    StripeEvent.objects.filter(pk=fresh.pk).update(received_at=stage.now + 6 * MINUTE)

    with time_machine.travel(stage.now + 6 * MINUTE, tick=False):
        waiting = text_of(looking().get(f"{EVENTS}?worklist=late"))
        parked = text_of(looking().get(f"{EVENTS}?worklist=aside"))

    assert "pi_late" in waiting
    assert "pi_aside" not in waiting
    assert "pi_fresh" not in waiting
    assert "pi_aside" in parked
    assert "Nobody knows." in parked


@pytest.mark.parametrize("field", ["stripe_id", "object_id"])
def test_an_event_is_found_by_a_whole_id(stage: Stage, field: str) -> None:
    kept = StripeEvent.objects.get(kind="charge.succeeded")

    words = text_of(looking().get(EVENTS, {"q": getattr(kept, field)}))

    assert kept.object_id in words
    assert "checkout.session.completed" not in words


def test_a_replay_is_for_those_who_act(stage: Stage) -> None:
    kept = StripeEvent.objects.get(kind="charge.succeeded")
    form = {"action": "replay_selected", "_selected_action": [kept.pk]}

    looking().post(EVENTS, form)
    kept.refresh_from_db()
    assert kept.status == "handled"

    with time_machine.travel(stage.now + MINUTE, tick=False):
        logged_in(build_staff("view_stripeevent", "operate")).post(EVENTS, form)
    kept.refresh_from_db()
    assert (kept.status, kept.due_at) == ("waiting", stage.now + MINUTE)


def test_nobody_types_over_an_event(stage: Stage) -> None:
    kept = StripeEvent.objects.get(kind="charge.succeeded")
    client = logged_in(build_staff(superuser=True))

    client.post(f"{EVENTS}{kept.pk}/change/", {"status": "waiting"})

    kept.refresh_from_db()
    assert kept.status == "handled"
    assert client.post(f"{EVENTS}{kept.pk}/delete/").status_code == 403
    assert client.get(f"{EVENTS}add/").status_code == 403
