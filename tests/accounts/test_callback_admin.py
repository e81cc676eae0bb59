"""Staff see whom we call back and what came of it, and have messages sent again with a reason."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.callback_admin import given_up
from accounts.calling_back import call_back
from accounts.models import Act, Callback, WebhookEndpoint
from accounts.webhook_endpoints import SWITCHED_OFF, disable
from tests.accounts.calling import DAY, hear, owe, owe_several
from tests.billing_portal.staff import build_staff, logged_in, text_of
from tests.builders import MARCH_1, build_organization
from tests.fakes.receiver import Receiver

pytestmark = pytest.mark.django_db
CALLBACKS = "/admin/accounts/callback/"
ENDPOINTS = "/admin/accounts/webhookendpoint/"


@pytest.fixture(autouse=True)
def _later() -> Any:
    with time_machine.travel(MARCH_1 + 2 * DAY, tick=False):
        yield


def looking(*more: str) -> Client:
    return logged_in(build_staff("view_callback", "view_webhookendpoint", *more))


def refused(receiver: Receiver, *keys: str) -> WebhookEndpoint:
    """Let an endpoint refuse some messages, until they are given up."""
    endpoint = hear(receiver)
    owe_several(build_organization("Acme"), *keys)
    receiver.answer = lambda _: (500, {}, b"we are <em>broken</em>")
    call_back(now=MARCH_1)
    Callback.objects.update(status=Callback.Status.DEAD)
    return endpoint


def chosen(action: str, rows: Any, **said: str) -> dict[str, Any]:
    return {"action": action, "_selected_action": [row.pk for row in rows], **said}


def test_the_list_shows_what_was_given_up_with_its_last_answer_as_text(receiver: Receiver) -> None:
    refused(receiver, "1")
    owe(build_organization("Other"))

    page = looking().get(CALLBACKS, {"worklist": "dead"})

    assert "we are <em>broken</em>" in text_of(page)
    assert "<em>broken" not in page.content.decode()
    assert "500" in text_of(page)
    assert "Other" not in text_of(looking().get(CALLBACKS, {"worklist": "dead"}))
    assert "Other" in text_of(looking().get(CALLBACKS, {"worklist": "late"}))


def test_many_callbacks_cost_no_more_statements_than_few(receiver: Receiver) -> None:
    client = looking()
    hear(receiver)

    def statements() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert client.get(CALLBACKS).status_code == 200
        return len(asked)

    owe(build_organization("First"))
    statements()
    few = statements()
    for number in range(20):
        owe(build_organization(f"Org {number}"))

    assert statements() == few


def test_one_callback_is_shown_whole_and_no_secret_is(receiver: Receiver) -> None:
    endpoint = refused(receiver, "INV-000042")

    page = text_of(looking().get(f"{CALLBACKS}{Callback.objects.get().pk}/change/"))
    theirs = text_of(looking().get(f"{ENDPOINTS}{endpoint.pk}/change/"))

    assert "INV-000042" in page
    assert "msg_" in page
    assert "failing" in theirs
    assert endpoint.secret not in page + theirs


def test_staff_send_selected_ones_again_and_say_why(receiver: Receiver) -> None:
    refused(receiver, "1", "2")
    client = looking("operate")
    rows = list(Callback.objects.all())

    asked = client.post(CALLBACKS, chosen("replay_selected", rows))
    unsaid = client.post(CALLBACKS, chosen("replay_selected", rows, reason=" "))
    assert "Send 2 callbacks again" in text_of(asked)
    assert "Say why" in text_of(unsaid)
    assert not Callback.objects.filter(status=Callback.Status.WAITING).exists()

    done = client.post(
        CALLBACKS, chosen("replay_selected", rows, reason="they are back"), follow=True
    )

    assert "2 will be sent within a minute." in text_of(done)
    assert Callback.objects.filter(status=Callback.Status.WAITING).count() == 2
    assert Act.objects.get(verb="replay_callbacks").reason == "they are back"


def test_one_is_sent_again_from_its_own_page(receiver: Receiver) -> None:
    refused(receiver, "1", "2")
    one = Callback.objects.earliest("id")
    page = f"{CALLBACKS}{one.pk}/change/"

    again = f"{CALLBACKS}{one.pk}/replay/"
    operator = looking("operate")

    assert again in operator.get(page).text
    assert "Send 1 callback again" in text_of(operator.get(again))
    assert operator.get(f"{CALLBACKS}0/replay/").status_code == 404
    operator.post(CALLBACKS, chosen("replay_selected", [one], reason="they are back"))
    assert Callback.objects.get(status=Callback.Status.WAITING) == one

    assert again not in looking().get(page).text
    assert looking().get(again).status_code == 403
    assert logged_in(build_staff("operate")).get(again).status_code == 403


def test_who_may_only_look_sends_nothing_again(receiver: Receiver) -> None:
    endpoint = refused(receiver, "1")
    client = looking()

    said = chosen("replay_selected", Callback.objects.all(), reason="please")
    client.post(CALLBACKS, said, follow=True)
    client.post(ENDPOINTS, chosen("switch_off", [endpoint]), follow=True)

    assert Callback.objects.get().status == Callback.Status.DEAD
    endpoint.refresh_from_db()
    assert endpoint.is_enabled


def test_staff_switch_an_endpoint_off_and_on(receiver: Receiver) -> None:
    endpoint = hear(receiver)
    client = looking("operate")

    client.post(ENDPOINTS, chosen("switch_off", [endpoint]))
    endpoint.refresh_from_db()
    assert endpoint.disabled_because == SWITCHED_OFF
    client.post(ENDPOINTS, chosen("switch_on", [endpoint]))
    endpoint.refresh_from_db()

    assert endpoint.is_enabled


def test_what_needs_staff_is_counted_at_home_and_listed(receiver: Receiver) -> None:
    refused(receiver, "1", "2")
    gone = hear(receiver, path="/gone")
    disable(gone, because="It answered 410 Gone.", now=MARCH_1)
    fresh, off = hear(receiver, path="/fresh"), hear(receiver, path="/off")
    disable(off, because=SWITCHED_OFF, now=MARCH_1)
    WebhookEndpoint.objects.filter(pk=fresh.pk).update(
        failing_since=MARCH_1 + 2 * DAY - dt.timedelta(hours=1)
    )
    client = looking()

    home = text_of(client.get("/admin/"))
    listed = text_of(client.get(ENDPOINTS, {"worklist": "trouble"}))

    assert "2 Callbacks given up" in home or "Callbacks given up 2" in home
    assert "2 Endpoints in trouble" in home or "Endpoints in trouble 2" in home
    assert receiver.url in listed
    assert "/gone" in listed
    assert "/fresh" not in listed
    assert "/off" not in listed


def test_what_was_given_up_is_found_without_reading_what_was_delivered() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")

    assert "callback_dead" in given_up().explain()
