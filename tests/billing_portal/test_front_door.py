"""What every answer carries, whichever page it is."""

import pytest
from django.test import Client


@pytest.mark.django_db
def test_health_is_said_without_log_in(client: Client) -> None:
    answer = client.get("/healthz/")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok"}


def test_health_is_denied_when_the_database_is_away(client: Client) -> None:
    # pytest-django refuses the database to a test that does not ask for it, as an outage would.
    answer = client.get("/healthz/")
    assert answer.status_code == 503
    assert answer.json() == {"status": "unavailable"}


@pytest.mark.django_db
def test_a_customers_page_may_load_nothing_from_elsewhere(client: Client) -> None:
    policy = client.get("/accounts/login/")["Content-Security-Policy"]
    assert set(policy.split("; ")) == {
        "default-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "form-action 'self'",
    }


@pytest.mark.django_db
def test_only_admin_may_evaluate(client: Client) -> None:
    policy = client.get("/admin/login/")["Content-Security-Policy"]
    assert "script-src 'self' 'unsafe-eval'" in policy
    assert "frame-ancestors 'none'" in policy


@pytest.mark.django_db
def test_answers_are_not_sniffed_framed_or_referred(client: Client) -> None:
    answer = client.get("/accounts/login/")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin"


def test_a_body_of_ten_megabytes_is_refused_before_it_is_read(client: Client) -> None:
    answer = client.post("/api/v1/usage/", b"x" * 10_000_000, content_type="application/json")
    assert answer.status_code == 413
    assert answer.json()["code"] == "body_too_large"


@pytest.mark.django_db
def test_the_api_describes_itself_offline(client: Client) -> None:
    page = client.get("/api/docs/")
    assert page.status_code == 200
    assert "https://" not in page.content.decode()
    assert client.get("/api/schema/").status_code == 200
