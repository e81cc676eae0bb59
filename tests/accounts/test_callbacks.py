"""Callbacks are owed with what happened, once, to those who listen."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.callbacks import News, owe_callbacks
from accounts.calling_back import call_back
from accounts.models import Callback
from accounts.webhook_endpoints import delete, disable
from tests.accounts.calling import (
    LOW,
    PAID,
    hear,
    owe,
    statuses,
)
from tests.builders import MARCH_1, build_organization
from tests.fakes.receiver import Receiver

pytestmark = pytest.mark.django_db


def test_where_nobody_listens_one_statement_is_asked_and_nothing_kept() -> None:
    acme, other = build_organization(), build_organization("Other")
    news = [News(acme, PAID, "1", {}), News(other, PAID, "1", {})] * 50

    with CaptureQueriesContext(connection) as asked:
        assert owe_callbacks(news, now=MARCH_1) == 0

    assert len(asked) == 1
    assert not Callback.objects.exists()


def test_a_hundred_things_that_happened_are_owed_in_two_statements(receiver: Receiver) -> None:
    hear(receiver)
    acme, other = build_organization(), build_organization("Other")
    news = [News((acme, other)[n % 2], PAID, str(n), {}) for n in range(100)]

    with CaptureQueriesContext(connection) as asked:
        assert owe_callbacks(news, now=MARCH_1) == 100

    assert len(asked) == 2
    keys = Callback.objects.order_by("id").values_list("key", flat=True)
    assert list(keys) == [f"invoice.paid:{n}" for n in range(100)]


def test_the_platform_hears_of_everybody_and_an_organization_of_itself(receiver: Receiver) -> None:
    acme, other = build_organization(), build_organization("Other")
    hear(receiver)
    hear(receiver, organization=acme)

    assert [owe(acme), owe(other)] == [2, 1]

    heard = Callback.objects.order_by("id").values_list("organization", "endpoint__organization")
    assert list(heard) == [(acme.pk, None), (acme.pk, acme.pk), (other.pk, None)]
    one, two, _ = Callback.objects.order_by("id")
    assert (one.message_id, one.body) == (two.message_id, two.body)


def test_an_endpoint_hears_of_the_events_that_it_named(receiver: Receiver) -> None:
    acme = build_organization()
    hear(receiver, LOW)

    assert [owe(acme, PAID), owe(acme, LOW)] == [0, 1]


def test_what_happened_is_owed_once_under_its_key(receiver: Receiver) -> None:
    acme = build_organization()
    hear(receiver)

    for key in ("1", "1", "2", "1"):
        owe(acme, key=key)
    owe(acme, LOW, "1")

    keys = Callback.objects.order_by("id").values_list("key", flat=True)
    assert list(keys) == ["invoice.paid:1", "invoice.paid:2", "balance.low:1"]


def test_what_did_not_happen_after_all_is_not_owed(receiver: Receiver) -> None:
    acme = build_organization()
    hear(receiver)

    with transaction.atomic():
        owe(acme)
        transaction.set_rollback(True)

    assert call_back(now=MARCH_1) == 0
    assert receiver.heard == []


@pytest.mark.parametrize(
    "off", [delete, lambda endpoint, now: disable(endpoint, because="x", now=now)]
)
def test_who_is_off_is_told_nothing_more_and_what_waited_is_given_up(
    receiver: Receiver, off: Any
) -> None:
    acme = build_organization()
    endpoint = hear(receiver)
    owe(acme, key="before")

    off(endpoint, now=MARCH_1)
    owe(acme, key="after")
    call_back(now=MARCH_1)

    assert receiver.heard == []
    assert statuses() == ["dead"]
