"""Programs say over the API where they are called back, each for itself."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.calling_back import call_back
from accounts.models import Callback, WebhookEndpoint
from accounts.refusals import Invalid
from accounts.webhook_endpoints import MOST_ENDPOINTS, register
from tests.accounts.calling import owe
from tests.api_calls import Platform, refused
from tests.builders import MARCH_1, build_organization
from tests.fakes.receiver import Receiver
from tests.faults.threads import at_once

pytestmark = pytest.mark.django_db
PATH = "/webhook-endpoints/"
URL = "http://127.0.0.1:9/hooks"


def registered(platform: Platform, url: str = URL, **asked: Any) -> dict[str, Any]:
    answer = platform.post(PATH, {"url": url, **asked})
    assert answer.status_code == 201, answer.content
    return dict(answer.json())


def listed(platform: Platform) -> list[dict[str, Any]]:
    return list(platform.get(PATH).json()["results"])


def test_the_secret_is_shown_when_it_is_made_and_never_again() -> None:
    platform = Platform()

    made = registered(platform, events=["invoice.paid", "balance.low"])

    assert made["secret"].startswith("whsec_")
    assert made["events"] == ["balance.low", "invoice.paid"]
    assert made["enabled"] is True
    assert [set(made) - set(one) for one in listed(platform)] == [{"secret"}]
    one = platform.get(f"{PATH}{made['id']}/")
    assert made["secret"] not in one.content.decode() + platform.get(PATH).content.decode()


def test_what_was_registered_is_called_and_its_secret_verifies(receiver: Receiver) -> None:
    acme = build_organization()
    made = registered(Platform(), receiver.url)
    owe(acme)

    call_back(now=MARCH_1)

    assert receiver.heard[0].is_signed_with(made["secret"])


def test_each_key_has_endpoints_of_its_own() -> None:
    acme, other = build_organization("Acme"), build_organization("Other")
    platform, ours, theirs = Platform(), Platform(acme), Platform(other)
    made = [registered(who) for who in (platform, ours, theirs)]

    for who, own in zip((platform, ours, theirs), made, strict=True):
        assert [one["id"] for one in listed(who)] == [own["id"]]
        for foreign in made:
            status = 200 if foreign == own else 404
            assert who.get(f"{PATH}{foreign['id']}/").status_code == status
            assert who.patch(f"{PATH}{foreign['id']}/", {}).status_code == status
    refused(theirs.delete(f"{PATH}{made[1]['id']}/"), 404, "not_found")
    assert WebhookEndpoint.objects.filter(deleted_at=None).count() == 3


def test_the_same_address_twice_is_refused_and_free_again_once_deleted() -> None:
    platform = Platform()
    made = registered(platform)

    refused(platform.post(PATH, {"url": URL}), 422, "invalid", "url")
    other = registered(platform, f"{URL}/other")
    refused(platform.patch(f"{PATH}{other['id']}/", {"url": URL}), 422, "invalid", "url")
    assert platform.delete(f"{PATH}{made['id']}/").status_code == 204
    assert platform.get(f"{PATH}{made['id']}/").status_code == 404
    assert registered(platform)["id"] != made["id"]


@pytest.mark.django_db(transaction=True)
def test_of_several_that_come_at_once_only_so_many_are_registered() -> None:
    for number in range(MOST_ENDPOINTS - 1):
        register(f"{URL}/{number}", events=[], now=MARCH_1)

    raised = at_once(8, lambda place: register(f"{URL}/at-once/{place}", events=[], now=MARCH_1))

    assert [type(error) for error in raised] == [Invalid] * 7
    assert WebhookEndpoint.objects.count() == MOST_ENDPOINTS


def test_there_are_only_so_many_endpoints() -> None:
    platform = Platform()
    for number in range(MOST_ENDPOINTS):
        registered(platform, f"{URL}/{number}")

    refused(platform.post(PATH, {"url": URL}), 422, "invalid", "url")


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 400, "url"),
        ({"url": 7}, 400, "url"),
        ({"url": "x" * 501}, 400, "url"),
        ({"url": URL, "events": ["invoice.exploded"]}, 400, "events.0"),
        ({"url": URL, "events": ["invoice.paid"] * 13}, 400, "events"),
        ({"url": URL, "secret": "whsec_mine"}, 400, "secret"),
        ({"url": "https://user:password@example.com/"}, 422, "url"),
        ({"url": "https://10.0.0.1/"}, 422, "url"),
        ({"url": "https://[::ffff:10.0.0.1]/"}, 422, "url"),
        ({"url": "gopher://127.0.0.1/"}, 422, "url"),
        ({"url": ""}, 400, "url"),
    ],
)
def test_what_cannot_be_is_refused_by_its_field(body: Any, status: int, field: str) -> None:
    refused(Platform().post(PATH, body), status, "invalid", field)
    assert not WebhookEndpoint.objects.exists()


def test_an_endpoint_is_changed_stopped_and_resumed() -> None:
    acme, platform = build_organization(), Platform()
    made = registered(platform)
    path = f"{PATH}{made['id']}/"
    owe(acme)

    changed = platform.patch(path, {"url": f"{URL}/new", "events": ["invoice.paid"]}).json()
    stopped = platform.patch(path, {"enabled": False}).json()

    assert (changed["url"], changed["events"]) == (f"{URL}/new", ["invoice.paid"])
    assert (stopped["enabled"], stopped["disabled_because"]) == (False, "It was switched off.")
    assert stopped["url"] == changed["url"]
    assert Callback.objects.get().status == Callback.Status.DEAD
    assert owe(acme, key="2") == 0
    resumed = platform.patch(path, {"enabled": True}).json()
    assert (resumed["enabled"], resumed["disabled_because"]) == (True, "")
    assert owe(acme, key="3") == 1


def test_a_secret_is_rotated() -> None:
    platform = Platform()
    made = registered(platform)

    rotated = platform.post(f"{PATH}{made['id']}/rotate/", {})

    assert rotated.status_code == 200
    assert rotated.json()["secret"] != made["secret"]
    assert rotated.json()["id"] == made["id"]


def test_a_key_that_may_only_read_registers_nothing() -> None:
    made = registered(Platform())
    reader = Platform(None, "read")

    refused(reader.post(PATH, {"url": f"{URL}/2"}), 403, "permission_denied")
    refused(reader.post(f"{PATH}{made['id']}/rotate/", {}), 403, "permission_denied")
    refused(reader.delete(f"{PATH}{made['id']}/"), 403, "permission_denied")
    assert len(listed(reader)) == 1


def test_the_list_costs_one_statement_however_long_it_is() -> None:
    platform = Platform()
    for number in range(5):
        registered(platform, f"{URL}/{number}")

    with CaptureQueriesContext(connection) as asked:
        platform.get(PATH)

    assert len(asked) == 2  # the key, and the list
