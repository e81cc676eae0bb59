"""Signing up: the page on which an organization gets its owner and its trial."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
import time_machine
from django.contrib.auth.hashers import check_password
from django.test import Client

from accounts.models import Organization, User
from plans.models import Site
from plans.standing import standing
from tests.builders import MARCH_1, build_organization, build_plan, build_site
from tests.pages import browser_of, words

pytestmark = pytest.mark.django_db
GOOD = {
    "organization": "Bright Smile Dental",
    "name": "Ada",
    "email": "ada@example.com",
    "password": "a-long-one-9",
    "time_zone": "Europe/Paris",
    "currency": "EUR",
}


@pytest.fixture(autouse=True)
def _a_site_with_a_trial() -> Iterator[None]:
    build_site()
    build_plan("trial", "trial")
    with time_machine.travel(MARCH_1, tick=False):
        yield


def test_signing_up_starts_the_trial_and_shows_it() -> None:
    client = Client()

    arrived = client.post("/signup/", GOOD, follow=True)

    organization = Organization.objects.get()
    assert arrived.redirect_chain == [("/billing/", 302)]
    assert "Trial subscription" in words(arrived)
    assert "500.00 credits" in words(arrived)
    assert (organization.time_zone, organization.currency) == ("Europe/Paris", "EUR")
    assert standing(organization, now=MARCH_1).days_left == 30
    owner = organization.memberships.get(role="owner").user
    assert (owner.email, owner.name) == ("ada@example.com", "Ada")
    assert check_password("a-long-one-9", owner.password)


def test_the_form_says_what_the_trial_gives() -> None:
    said = words(Client().get("/signup/"))

    assert "30 days to build and test, with 500 credits. No card required." in said


def test_a_bad_form_keeps_what_was_typed_except_the_password() -> None:
    response = Client().post("/signup/", {**GOOD, "password": "short"})

    page = response.content.decode()
    assert response.status_code == 200
    assert 'value="Bright Smile Dental"' in page
    assert 'value="ada@example.com"' in page
    assert '<option value="Europe/Paris" selected>' in page
    assert 'value="short"' not in page
    assert "at least 8 characters" in words(response)
    assert not Organization.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("organization", "   "),
        ("organization", "x" * 10_000),
        ("organization", "with a \x00 in it"),
        ("email", "not an address"),
        ("time_zone", "Mars/Olympus"),
        ("time_zone", "../../etc/passwd"),
        ("currency", "JPY"),
        ("password", "password"),
        ("password", "ada@example.com"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(field: str, value: str) -> None:
    response = Client().post("/signup/", {**GOOD, field: value})

    assert response.status_code == 200
    assert f'id="id_{field}_error"' in response.content.decode()
    assert not User.objects.exists()


def test_an_address_with_a_log_in_is_sent_to_log_in_whatever_its_capitals() -> None:
    Client().post("/signup/", GOOD)

    response = Client().post("/signup/", {**GOOD, "email": "ADA@Example.com"})

    assert "This address cannot be used to sign up." in words(response)
    assert 'href="/accounts/login/">log in</a>' in response.content.decode()
    assert Organization.objects.count() == 1


def test_a_name_in_any_script_is_kept_and_shown_harmless() -> None:
    name = "עברית 日本 <script>alert(1)</script>"
    client = Client()

    arrived = client.post("/signup/", {**GOOD, "organization": name}, follow=True)

    assert Organization.objects.get().name == name
    assert "<script>alert" not in arrived.content.decode()


def test_more_sign_ups_than_a_person_makes_are_stopped() -> None:
    client = Client()

    answers = [client.post("/signup/", {**GOOD, "email": ""}).status_code for _ in range(21)]

    assert answers[:20] == [200] * 20
    assert answers[20] == 429
    assert "Wait a few minutes" in words(client.post("/signup/", GOOD))


def test_who_is_logged_in_has_signed_up_already() -> None:
    assert browser_of(build_organization("Acme")).get("/signup/")["Location"] == "/"


def test_without_a_catalogue_nobody_can_sign_up() -> None:
    Site.objects.all().delete()

    assert "Sign-up is not open yet" in words(Client().get("/signup/"))
    assert "Sign-up is not open yet" in words(Client().post("/signup/", GOOD))


def test_the_first_period_begins_on_the_day_that_it_is_in_the_chosen_zone() -> None:
    with time_machine.travel(MARCH_1 + dt.timedelta(hours=6), tick=False):
        Client().post("/signup/", {**GOOD, "time_zone": "Pacific/Auckland"})

    shown = standing(Organization.objects.get(), now=MARCH_1 + dt.timedelta(hours=6))
    assert shown.period is not None
    assert shown.period.first_day == dt.date(2026, 3, 2)
