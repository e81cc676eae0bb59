"""Keys of programs: what opens, what does not, and what is kept of them."""

from __future__ import annotations

import datetime as dt
import io
import logging.config
import sys

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.api_keys import find_key, make_key, revoke
from accounts.models import ApiKey
from accounts.refusals import Invalid
from billing_portal.log_format import logging_config
from tests.api_calls import Platform, refused
from tests.builders import MARCH_1, build_organization

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)


def with_header(header: str) -> Client:
    return Client(headers={"Authorization": header})


def test_a_key_is_kept_as_a_digest_only() -> None:
    key, text = make_key("ci", scopes=["read"], now=MARCH_1)
    prefix, secret = text.split(".")
    assert key.prefix == prefix
    assert len(secret) >= 43
    kept = " ".join(str(value) for value in ApiKey.objects.values_list().get())
    assert secret not in kept


def test_a_key_is_found_with_its_organization_in_one_statement() -> None:
    organization = build_organization()
    _, text = make_key("ci", scopes=["read"], organization=organization, now=MARCH_1)
    with CaptureQueriesContext(
        connection,
    ) as statements:
        found = find_key(text, now=MARCH_1)
        assert found is not None
        assert found.organization == organization
    assert len(statements) == 1


@pytest.mark.parametrize("change", ["", "x", ".", "ünïcode", "\x00", "a b"])
def test_another_secret_opens_nothing(change: str) -> None:
    _, text = make_key("ci", scopes=["read"], now=MARCH_1)
    assert find_key(text, now=MARCH_1) is not None
    assert find_key(text[:-1] + change, now=MARCH_1) is None
    assert find_key(change + text, now=MARCH_1) is None or change == ""


def test_a_key_opens_until_it_expires() -> None:
    _, text = make_key("ci", scopes=["read"], now=MARCH_1, expires_at=MARCH_1 + HOUR)
    assert find_key(text, now=MARCH_1 + HOUR - dt.timedelta(microseconds=1)) is not None
    assert find_key(text, now=MARCH_1 + HOUR) is None


def test_a_revoked_key_opens_nothing_from_the_next_request_on() -> None:
    key, text = make_key("ci", scopes=["read"], now=MARCH_1)
    revoke(key, now=MARCH_1)
    assert find_key(text, now=MARCH_1) is None
    revoke(key, now=MARCH_1 + HOUR)
    key.refresh_from_db()
    assert key.revoked_at == MARCH_1


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "n" * 101}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["admin"]}, "scopes"),
        ({"expires_at": MARCH_1}, "expires_at"),
    ],
)
def test_a_key_that_could_do_nothing_is_not_made(given: dict[str, object], field: str) -> None:
    asked: dict[str, object] = {"name": "ci", "scopes": ["read"], "now": MARCH_1} | given
    with pytest.raises(Invalid) as refusal:
        make_key(asked.pop("name"), **asked)  # type: ignore[arg-type]
    assert refusal.value.field == field


@pytest.mark.parametrize(
    "header", ["", "Api-Key", "Api-Key ", "Bearer x.y", "Api-Key x.y", "Basic Og=="]
)
def test_a_caller_without_a_valid_key_is_told_the_scheme(header: str) -> None:
    answer = with_header(header).get("/api/v1/organizations/acme/")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Api-Key")
    assert set(answer.json()) == {"code", "message", "fields"}


def test_a_log_in_opens_nothing_in_the_api(admin_client: Client) -> None:
    assert admin_client.get("/api/v1/organizations/acme/").status_code == 401


def test_use_is_written_down_once_a_minute() -> None:
    _, text = make_key("ci", scopes=["read"], now=MARCH_1)
    client = with_header(f"Api-Key {text}")
    used = []
    for seconds in (0, 59, 60):
        at = MARCH_1 + dt.timedelta(seconds=seconds)
        with time_machine.travel(at, tick=False):
            client.get("/api/v1/organizations/acme/")
        used.append(ApiKey.objects.get().last_used_at)
    assert used == [MARCH_1, MARCH_1, MARCH_1 + dt.timedelta(seconds=60)]


@pytest.mark.parametrize(
    ("scope", "method", "path"),
    [
        ("read", "GET", "/organizations/acme/"),
        ("read", "HEAD", "/organizations/acme/"),
        ("read", "GET", "/organizations/acme/billing/"),
        ("read", "GET", "/organizations/acme/ledger/"),
        ("read", "GET", "/organizations/acme/payments/"),
        ("read", "GET", "/organizations/acme/invoices/"),
        ("read", "GET", "/organizations/acme/usage/"),
        ("read", "GET", "/organizations/acme/usage/x/"),
        ("read", "GET", "/invoices/x/pdf/"),
        ("usage", "POST", "/usage/"),
        ("usage", "POST", "/gate/"),
        ("provision", "POST", "/organizations/"),
        ("provision", "PATCH", "/organizations/acme/"),
        ("provision", "PUT", "/organizations/acme/agents/main/"),
        ("provision", "PUT", "/organizations/acme/resources/"),
        ("provision", "PUT", "/organizations/acme/rentals/phone_number/1/"),
        ("provision", "DELETE", "/organizations/acme/rentals/phone_number/1/"),
    ],
)
def test_each_call_needs_its_one_scope(scope: str, method: str, path: str) -> None:
    others = [other for other in ApiKey.Scope.values if other != scope]
    lacking = Platform(None, *others).send(method, path, b"")
    assert lacking.status_code == 403
    if method != "HEAD":
        refused(lacking, 403, "permission_denied")
    assert Platform(None, scope).send(method, path, b"").status_code in (400, 404)


def test_a_method_that_is_not_there_is_405_for_a_key_and_401_for_none() -> None:
    answer = Platform().delete("/organizations/acme/")
    refused(answer, 405, "method_not_allowed")
    assert answer["Allow"] == "GET, PATCH, HEAD"
    assert Client().delete("/api/v1/organizations/acme/").status_code == 401


def test_the_command_prints_a_key_that_works_once_made() -> None:
    build_organization(external_id="acme")
    out = io.StringIO()
    call_command(
        "make_api_key",
        "ci",
        "--organization",
        "acme",
        "--scopes",
        "read",
        "--days",
        "1",
        stdout=out,
    )
    answer = with_header(f"Api-Key {out.getvalue().strip()}").get("/api/v1/organizations/acme/")
    assert answer.status_code == 200
    assert ApiKey.objects.get().scopes == ["read"]


@pytest.mark.parametrize(
    "arguments", [["--organization", "nobody"], ["--scopes", "all"], ["--days", "0"]]
)
def test_the_command_refuses_what_cannot_be(arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("make_api_key", "ci", *arguments)
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize("as_json", [True, False])
def test_a_secret_is_in_no_log_line(
    as_json: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = Platform().text

    def away(*_: object, **__: object) -> None:
        raise OperationalError("the server is gone")

    config = logging_config(as_json=as_json, level="INFO")
    formatter = logging.config.DictConfigurator(config).configure_formatter(
        config["formatters"]["structured"]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    monkeypatch.setattr(logging.getLogger("accounts.api_errors"), "handlers", [handler])
    monkeypatch.setattr(ApiKey.objects, "select_related", away)
    answer = with_header(f"Api-Key {text}").get("/api/v1/organizations/acme/")
    assert answer.status_code == 503
    logged = capsys.readouterr().err
    assert "the server is gone" in logged
    assert text.partition(".")[2] not in logged
