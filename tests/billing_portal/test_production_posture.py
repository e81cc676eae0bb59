"""What an installation does when it is told nothing but its secrets."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from billing_portal.devstack.places import PROJECT
from billing_portal.devstack.surroundings import PRODUCTION

ASK = """
import json, sys
from billing_portal import settings
names = sys.argv[1:]
print(json.dumps({name: getattr(settings, name) for name in names}, default=str))
"""


def ask_settings(*names: str, **changes: str | None) -> subprocess.CompletedProcess[str]:
    environment: dict[str, Any] = {
        **os.environ,
        "DATABASE_URL": "postgres:///x",
        "REDIS_URL": "redis://x",
        **PRODUCTION,
        **changes,
    }
    kept = {name: value for name, value in environment.items() if value is not None}
    command = [sys.executable, "-c", ASK, *names]
    return subprocess.run(command, env=kept, cwd=PROJECT, capture_output=True, text=True)


def test_everything_that_protects_is_on() -> None:
    expected = {
        "DEBUG": False,
        "SECURE_SSL_REDIRECT": True,
        "SECURE_HSTS_SECONDS": 31_536_000,
        "SECURE_HSTS_INCLUDE_SUBDOMAINS": True,
        "SESSION_COOKIE_SECURE": True,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_NAME": "__Host-session",
        "CSRF_COOKIE_SECURE": True,
        "CSRF_COOKIE_NAME": "__Host-csrf",
        "SECURE_REFERRER_POLICY": "same-origin",
        "X_FRAME_OPTIONS": "DENY",
        "REQUIRE_STAFF_TOTP": True,
        "STRIPE_TEST_SECRET_KEY": "",
    }
    answer = ask_settings(*expected)
    assert json.loads(answer.stdout) == expected


def test_the_demo_turns_off_only_what_plain_http_cannot_do() -> None:
    answer = ask_settings("DEBUG", "SESSION_COOKIE_HTTPONLY", "X_FRAME_OPTIONS", DEMO="1")
    expected = {"DEBUG": False, "SESSION_COOKIE_HTTPONLY": True, "X_FRAME_OPTIONS": "DENY"}
    assert json.loads(answer.stdout) == expected


@pytest.mark.parametrize("name", ["SECRET_KEY", "DATABASE_URL", "REDIS_URL", "SITE_URL"])
def test_what_only_the_operator_can_know_has_no_default(name: str) -> None:
    answer = ask_settings("DEBUG", **{name: None})
    assert f"Set the {name} environment variable" in answer.stderr


def test_a_database_that_is_gone_is_noticed_and_its_address_may_say_when() -> None:
    said = ask_settings("DATABASES", DATABASE_URL="postgres://db/x?connect_timeout=3")

    options = json.loads(said.stdout)["DATABASES"]["default"]["OPTIONS"]
    assert (options["tcp_user_timeout"], options["keepalives_idle"]) == (30_000, 30)
    assert int(options["connect_timeout"]) == 3
