"""Staff have callbacks sent again: with a reason, under their ids, in their order."""

from __future__ import annotations

import pytest

from accounts.calling_back import call_back
from accounts.models import Act, Callback
from accounts.refusals import Invalid
from accounts.replaying import NotReplayable, replay
from accounts.webhook_endpoints import disable
from tests.accounts.calling import (
    DAY,
    hear,
    numbers,
    owe,
    owe_several,
    statuses,
)
from tests.builders import MARCH_1, build_organization
from tests.fakes.receiver import YES, Receiver

pytestmark = pytest.mark.django_db


def test_staff_send_what_was_given_up_again_under_its_id_and_in_order(receiver: Receiver) -> None:
    acme = build_organization()
    hear(receiver)
    owe_several(acme, "1", "2", "3")
    Callback.objects.filter(key__in=["invoice.paid:1", "invoice.paid:2"]).update(
        status=Callback.Status.DEAD, attempts=10
    )
    call_back(now=MARCH_1)

    count = replay(Callback.objects.all(), reason="their server was down", now=MARCH_1 + DAY)
    call_back(now=MARCH_1 + DAY)

    assert count == 3
    assert numbers(receiver) == ["3", "1", "2", "3"]
    assert receiver.heard[0].id == receiver.heard[3].id
    act = Act.objects.get(verb="replay_callbacks")
    assert (act.organization, act.reason) == (acme, "their server was down")


def test_one_that_is_sent_again_and_fails_holds_back_nothing_new(receiver: Receiver) -> None:
    acme = build_organization()
    hear(receiver)
    owe(acme, key="old")
    call_back(now=MARCH_1)
    receiver.answer = lambda heard: (
        (500, {}, b"") if heard.message["data"]["number"] == "old" else YES
    )
    replay(Callback.objects.all(), reason="asked for", now=MARCH_1)
    owe(acme, key="new")

    call_back(now=MARCH_1)

    assert statuses() == ["waiting", "delivered"]


def test_without_a_reason_or_anything_to_send_nothing_is_sent_again(receiver: Receiver) -> None:
    endpoint = hear(receiver)
    owe(build_organization())

    with pytest.raises(NotReplayable):
        replay(Callback.objects.all(), reason="it waits already", now=MARCH_1)
    call_back(now=MARCH_1)
    with pytest.raises(Invalid):
        replay(Callback.objects.all(), reason=" ", now=MARCH_1)
    disable(endpoint, because="off", now=MARCH_1)
    with pytest.raises(NotReplayable):
        replay(Callback.objects.all(), reason="it is off", now=MARCH_1)

    assert statuses() == ["delivered"]
    assert not Act.objects.filter(verb="replay_callbacks").exists()
