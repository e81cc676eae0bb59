"""The door for Stripe: what it signed is kept once, and nothing else at all."""

from __future__ import annotations

import gzip
import json
import time
from typing import Any

import pytest
from django.db import IntegrityError
from django.test import Client, override_settings

from payments.inbox import MOST_BYTES, NotFromStripe, replay, require_signature, take_in
from payments.models import StripeEvent
from tests.builders import MARCH_1
from tests.payments.stripe_stage import MINUTE, SECRET, event, post, signature, written

pytestmark = pytest.mark.django_db
BODY = written(event())


@pytest.fixture(autouse=True)
def _secrets(settings: Any) -> None:
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_being_replaced", SECRET]


def signed(body: bytes = BODY, *, late: float = 0, secret: str = SECRET) -> tuple[bytes, str]:
    return body, signature(body, at=time.time() - late, secret=secret)


def test_what_stripe_signed_is_kept_and_answered_at_once() -> None:
    assert post(*signed()) == 200

    kept = StripeEvent.objects.get()
    assert (kept.stripe_id, kept.kind) == (event()["id"], "payment_intent.succeeded")
    assert (kept.object_kind, kept.object_id) == ("payment_intent", "pi_1")
    assert (kept.status, kept.attempts) == ("waiting", 0)
    assert kept.happened_at == MARCH_1
    assert kept.payload == event()


def test_the_same_event_again_is_welcome_and_kept_once() -> None:
    assert [post(*signed()) for _ in range(3)] == [200] * 3

    assert StripeEvent.objects.count() == 1


def test_the_database_refuses_a_second_row_for_an_event() -> None:
    kept = take_in(BODY, signature(BODY, at=MARCH_1.timestamp()), now=MARCH_1)
    kept.pk = None

    with pytest.raises(IntegrityError):
        kept.save(force_insert=True)


def test_a_secret_that_is_being_replaced_still_counts() -> None:
    assert post(*signed(secret="whsec_being_replaced")) == 200


def test_of_several_signatures_one_has_to_be_ours() -> None:
    ours, other = signed()[1], signed(secret="whsec_other")[1]

    assert post(BODY, f"{other},{ours.split(',')[1]}") == 200


def test_an_event_of_another_version_is_kept_because_its_object_is_read_anew() -> None:
    assert post(*signed(written(event(api_version="2019-12-03")))) == 200


def test_characters_that_no_table_holds_do_not_lose_an_event() -> None:
    about = {"id": "pi_1", "object": "payment_intent", "description": "a\x00b\ud800", "n": 1e300}
    body = json.dumps(event(data={"object": about})).replace("1e+300", "1e999").encode()

    assert post(*signed(body)) == 200
    assert StripeEvent.objects.get().payload["data"]["object"]["description"] == "ab?"


def twice(name: str) -> bytes:
    return BODY.replace(b'"type"', b'"%s": "x", "type"' % name.encode(), 1)


ALTERED = BODY.replace(b"succeeded", b"canceled.")
FORGED: dict[str, tuple[bytes, str | None]] = {
    "no header": (BODY, None),
    "an empty header": (BODY, ""),
    "no signature in it": (BODY, "t=1"),
    "a word for a time": (BODY, signed()[1].replace("t=", "t=now")),
    "the wrong secret": signed(secret="whsec_other"),
    "an empty secret": signed(secret=""),
    "a body altered by some bytes": (ALTERED, signed()[1]),
    "an altered time": (BODY, signed()[1].replace("t=1", "t=2", 1)),
    "two times": (BODY, f"t={int(time.time())},{signed(late=900)[1]}"),
    "only the old scheme": (BODY, signed()[1].replace("v1=", "v0=")),
    "301 seconds old": signed(late=302),
    "an hour in the future": signed(late=-3600),
    "a good signature of another body": (BODY, signed(b"{}")[1]),
    "an id that comes twice": signed(twice("id")),
    "a nested name that comes twice": signed(BODY.replace(b'"id": "pi_1"', b'"id":"a","id":"b"')),
    "no JSON": signed(b"event=1"),
    "no number": signed(BODY.replace(b"false", b"NaN")),
    "an abyss": signed(b"[" * 100_000),
    "a list": signed(b"[]"),
    "not UTF-8": signed(gzip.compress(BODY)),
    "nothing": signed(b""),
    "another object": signed(written(event(object="charge"))),
    "no type": signed(written(event(type=None))),
    "no data": signed(written(event(data=[]))),
    "an id of ten thousand characters": signed(written(event(id="evt_" * 2500))),
    "a live event on a test site": signed(written(event(livemode=True))),
    "an event of unknown mode": signed(written(event(livemode=None))),
    "an event of another account": signed(written(event(account="acct_other"))),
}


@pytest.mark.parametrize("forgery", FORGED)
def test_a_forgery_is_refused_and_kept_nowhere(forgery: str) -> None:
    body, header = FORGED[forgery]

    assert post(body, header) == 400
    assert StripeEvent.objects.count() == 0


@override_settings(STRIPE_LIVE_MODE=True)
def test_a_test_event_on_a_live_site_is_refused() -> None:
    assert post(*signed()) == 400
    assert post(*signed(written(event(livemode=True)))) == 200


@override_settings(STRIPE_WEBHOOK_SECRETS=[])
def test_a_site_without_a_secret_takes_nothing() -> None:
    assert post(*signed(secret="")) == 400


def test_a_packed_body_is_refused_before_it_is_read() -> None:
    packed = gzip.compress(BODY)

    assert post(*signed(packed), headers={"content-encoding": "gzip"}) == 400


def test_a_large_body_is_refused_before_it_is_read() -> None:
    large = BODY + b" " * MOST_BYTES

    assert post(*signed(large)) == 413
    assert post(b" " * 10_000_000, "t=1,v1=1") == 413
    assert StripeEvent.objects.count() == 0


@pytest.mark.parametrize("method", ["get", "head", "put", "patch", "delete", "options"])
def test_the_door_opens_for_posts_only(method: str) -> None:
    answer = getattr(Client(), method)("/stripe/webhook/")

    assert answer.status_code == 405


def test_an_unsigned_flood_asks_the_database_nothing(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert post(BODY, None) == 400
        assert post(*signed(secret="whsec_other")) == 400


def test_a_duplicate_costs_one_question(django_assert_num_queries: Any) -> None:
    post(*signed())

    with django_assert_num_queries(1):
        assert post(*signed()) == 200


@pytest.mark.parametrize(
    ("late", "taken"), [(300, True), (301, False), (-300, True), (-301, False)]
)
def test_a_signature_counts_five_minutes_both_ways(late: int, taken: bool) -> None:
    at = MARCH_1.timestamp() - late
    try:
        require_signature(BODY, signature(BODY, at=at), now=MARCH_1)
    except NotFromStripe:
        assert not taken
    else:
        assert taken


def test_a_replay_begins_again_and_asks_nothing_of_the_message() -> None:
    kept = take_in(BODY, signature(BODY, at=MARCH_1.timestamp()), now=MARCH_1)
    StripeEvent.objects.update(status="set_aside", attempts=8, last_error="x")

    assert replay([kept], now=MARCH_1 + MINUTE) == 1

    kept.refresh_from_db()
    assert (kept.status, kept.attempts, kept.last_error) == ("waiting", 0, "")
    assert kept.due_at == MARCH_1 + MINUTE
