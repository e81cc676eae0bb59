"""Whatever a client sends, the answer is never a fault of ours, and has one shape."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.db import DataError, IntegrityError, OperationalError
from django.test import Client
from redis.exceptions import ConnectionError as RedisAway
from rest_framework.exceptions import ValidationError

from accounts.api_errors import exception_handler
from accounts.models import Organization
from tests.api_calls import Platform, refused
from tests.builders import MARCH_1, build_organization, build_plan

pytestmark = pytest.mark.django_db
WRITES = [
    ("POST", "/usage/"),
    ("POST", "/gate/"),
    ("POST", "/organizations/"),
    ("PATCH", "/organizations/acme/"),
    ("PUT", "/organizations/acme/agents/main/"),
    ("PUT", "/organizations/acme/resources/"),
]
HOSTILE: dict[str, bytes] = {
    "no JSON": b"{",
    "two texts": b"{}{}",
    "NaN": b'{"name": NaN, "agents": NaN}',
    "infinity": b'{"name": -Infinity}',
    "not UTF-8": b'{"name": "\xff\xfe"}',
    "UTF-16": '{"name": "x"}'.encode("utf-16"),
    "a byte-order mark": b'\xef\xbb\xbf{"name": "x"}',
    "a name twice": b'{"events": [], "events": [{}]}',
    "a name twice within": b'{"events": [{"seconds": 6, "seconds": 600}]}',
    "a raw control": b'{"name": "a\x00b"}',
    "deep lists": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "an unending number": b'{"agents": ' + b"9" * 100_000 + b"}",
    "a text": b'"text"',
    "a number": b"7",
    "null": b"null",
    "a list": b"[]",
    "a list of lists": b"[[[]]]",
}
VALUES = [
    b"1e400",
    b"-1e400",
    b"1e-400",
    b"9" * 4000,
    b'"\\u0000"',
    b'"\\ud800"',
    b'"' + b"x" * 100_000 + b'"',
    b"[" * 500 + b"]" * 500,
    b'{"\\ud800": 1}',
    b"true",
    b"null",
]
FIELDS = [
    "events", "organization", "kind", "channel", "agent", "batch", "resource", "external_id",
    "name", "time_zone", "currency", "country", "owner", "plan", "billing_address", "email",
    "tax_id", "when_exhausted", "monthly_limit", "agents", "leads", "\\ud800",
]  # fmt: skip


@pytest.fixture(autouse=True)
def acme() -> Any:
    build_plan("starter")
    with time_machine.travel(MARCH_1 + dt.timedelta(hours=1), tick=False):
        yield build_organization(external_id="acme", plan="starter", credits=100)


@pytest.mark.parametrize(("method", "path"), WRITES)
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_body_is_malformed(method: str, path: str, name: str) -> None:
    answer = Platform().send(method, path, HOSTILE[name])
    assert answer.status_code == 400, answer.content[:300]
    assert set(answer.json()) == {"code", "message", "fields"}


@pytest.mark.parametrize("path", ["/usage/", "/gate/", "/organizations/"])
def test_an_empty_body_says_nothing_to_do(path: str) -> None:
    assert Platform().send("POST", path, b"").status_code == 400


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_a_hostile_value_in_any_field_is_no_fault_of_ours(method: str, path: str) -> None:
    platform = Platform()
    for field, value in itertools.product(FIELDS, VALUES):
        body = b'{"%s": %s}' % (field.encode(), value)
        answer = platform.send(method, path, body)
        assert answer.status_code < 500, body[:200]
        assert answer.json() is not None


@pytest.mark.parametrize("value", VALUES)
def test_a_hostile_value_in_any_field_of_an_event_refuses_that_event(value: bytes) -> None:
    platform = Platform()
    call = {
        "organization": b'"acme"', "id": b'"one"', "agent": b'"main"', "kind": b'"call"',
        "channel": b'"web"', "voice_tier": b"null", "started_at": b'"2026-03-01T09:00:00Z"',
        "connected": b"true", "seconds": b"60",
    }  # fmt: skip
    for field in call:
        parts = [b'"%s": %s' % (k.encode(), v) for k, v in (call | {field: value}).items()]
        answer = platform.send("POST", "/usage/", b'{"events": [{%s}]}' % b", ".join(parts))
        assert answer.status_code == 200
        status = answer.json()["results"][0]["status"]
        harmless = (field, value) in {("voice_tier", b"null"), ("connected", b"true")}
        assert status in (("charged", "duplicate") if harmless else ("refused",)), field


@pytest.mark.parametrize(("method", "path"), WRITES)
@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/xml",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
        "x" * 400,
    ],
)
def test_another_content_type_is_415(method: str, path: str, content_type: str) -> None:
    refused(Platform().send(method, path, b'{"a": 1}', content_type), 415, "unsupported_media_type")


def test_a_charset_changes_nothing() -> None:
    for charset in ("utf-8", "utf-99", "latin-1"):
        kind = f"application/json; charset={charset}"
        answer = Platform().send(
            "PATCH", "/organizations/acme/", '{"name": "Ünïon"}'.encode(), kind
        )
        assert answer.json()["name"] == "Ünïon"


def test_ten_megabytes_are_refused_in_the_same_shape() -> None:
    answer = Platform().send("POST", "/usage/", b" " * 10_000_000)
    refused(answer, 413, "body_too_large")


@pytest.mark.parametrize(
    "path",
    [
        "/organizations/%00/",
        "/organizations/%ff%fe/",
        "/organizations/%ED%A0%80/billing/",
        "/organizations/" + "x" * 3000 + "/",
        "/organizations/acme/usage/%00/",
        "/organizations/acme/ledger/?kind=%00",
        "/organizations/acme/nothing/",
        "/nothing/",
        "/organizations/acme",
        "/",
        "/invoices/%00/pdf/",
    ],
)
def test_a_hostile_address_is_400_or_404_in_the_same_shape(path: str) -> None:
    answer = Platform().get(path)
    assert answer.status_code in (400, 404)
    assert set(answer.json()) == {"code", "message", "fields"}


def test_an_unknown_address_says_so_without_a_key_and_by_every_method() -> None:
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
        answer = Client().generic(method, "/api/v1/top-ups")
        refused(answer, 404, "not_found")


def test_too_many_requests_say_when_to_try_again(settings: Any) -> None:
    settings.API_RATES = settings.API_RATES | {"read": 2}
    platform, other = Platform(), Platform()
    codes = [platform.get("/organizations/acme/").status_code for _ in range(3)]
    assert codes == [200, 200, 429]
    answer = platform.get("/organizations/acme/")
    refused(answer, 429, "throttled")
    assert 0 < int(answer["Retry-After"]) <= 60
    assert other.get("/organizations/acme/").status_code == 200
    gate = {"organization": "acme", "kind": "message"}
    assert platform.post("/gate/", gate).status_code == 200
    with time_machine.travel(MARCH_1 + dt.timedelta(hours=1, minutes=1), tick=False):
        assert platform.get("/organizations/acme/").status_code == 200


def test_without_a_cache_requests_are_answered_uncounted(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.API_RATES = settings.API_RATES | {"read": 0}

    def away(*_: object, **__: object) -> None:
        raise RedisAway

    monkeypatch.setattr(type(cache._connections["default"]), "incr", away)  # type: ignore[attr-defined]
    assert Platform().get("/organizations/acme/").status_code == 200


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (OperationalError("deadlock detected"), 503, "unavailable"),
        (DataError("numeric field overflow"), 400, "invalid"),
        (IntegrityError("duplicate key"), 409, "conflict"),
    ],
)
def test_what_the_database_says_is_put_into_words(error: Exception, status: int, code: str) -> None:
    answer = exception_handler(error, {})
    assert answer is not None
    assert (answer.status_code, answer.data["code"]) == (status, code)
    assert str(error) not in str(answer.data)
    assert ("Retry-After" in answer.headers) == (status == 503)


def test_a_fault_of_ours_is_not_hidden() -> None:
    assert exception_handler(RuntimeError("ours"), {}) is None


def test_nested_errors_are_named_by_their_path() -> None:
    error = ValidationError({"owner": {"email": ["bad"]}, "rows": [{}, {"id": ["twice"]}]})
    answer = exception_handler(error, {})
    assert answer is not None
    assert answer.data["fields"] == {"owner.email": ["bad"], "rows.1.id": ["twice"]}


def test_nothing_that_was_answered_is_kept_on_the_way(acme: Organization) -> None:
    platform = Platform()
    for path in ("/organizations/acme/", "/organizations/nobody/"):
        assert platform.get(path)["Cache-Control"] == "no-store"
