"""Who comes in, which organization they look at, and what they learn about others: nothing."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

import pytest
import time_machine
from django.core import mail
from django.test import Client

from accounts.models import Membership, User
from tests.builders import MARCH_1, build_organization, build_plan, build_user
from tests.pages import BILLING_PAGES, browser_of, looking, owner_of, see, title_of, words

pytestmark = pytest.mark.django_db
NOON = MARCH_1 + dt.timedelta(hours=3)


@pytest.fixture(autouse=True)
def _at_noon() -> Iterator[None]:
    build_plan("starter")
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.mark.parametrize("address", BILLING_PAGES)
def test_who_is_not_logged_in_is_sent_to_log_in_and_then_back(address: str) -> None:
    response = Client().get(address)

    assert response.status_code == 302
    assert response["Location"] == f"/accounts/login/?next={address}"


@pytest.mark.parametrize("address", BILLING_PAGES)
def test_a_member_finds_no_billing_pages(address: str) -> None:
    acme = build_organization("Acme", plan="starter")

    assert looking(build_user("member", acme)).get(address).status_code == 404


@pytest.mark.parametrize("address", BILLING_PAGES)
def test_a_stranger_finds_no_billing_pages(address: str) -> None:
    build_organization("Acme", plan="starter")

    assert looking(build_user()).get(address).status_code == 404


@pytest.mark.parametrize("address", BILLING_PAGES)
@pytest.mark.parametrize("role", ["owner", "billing"])
def test_owner_and_billing_see_the_billing_pages(address: str, role: str) -> None:
    acme = build_organization("Acme", plan="starter")

    assert looking(build_user(role, acme)).get(address).status_code == 200


@pytest.mark.parametrize("address", BILLING_PAGES)
def test_a_page_about_money_is_only_read_and_kept_by_no_cache(address: str) -> None:
    client = browser_of(build_organization("Acme", plan="starter"))

    assert client.post(address).status_code == 405
    assert "no-store" in client.get(address)["Cache-Control"]


@pytest.mark.parametrize("address", BILLING_PAGES)
def test_every_page_has_a_title_a_heading_and_a_way_past_the_navigation(address: str) -> None:
    response = browser_of(build_organization("Acme", plan="starter")).get(address)

    page = response.content.decode()
    assert not title_of(response).startswith("·")
    assert page.count("<h1") == 1
    assert '<a class="skip" href="#main">' in page
    assert '<main id="main"' in page
    assert page.count('aria-current="page"') == 1


def test_a_page_needs_nothing_that_the_policy_for_browsers_forbids() -> None:
    client = browser_of(build_organization("Acme", plan="starter"))

    for address in BILLING_PAGES:
        page = client.get(address).content.decode()
        assert " style=" not in page
        assert "<style" not in page
        assert page.count("<script") == page.count('<script src="/static/')
        assert " onclick=" not in page


def test_the_front_door_sends_everybody_to_their_own_page() -> None:
    acme = build_organization("Acme", plan="starter")
    staff = User.objects.create_superuser("staff@example.com", "look-around-1")

    assert Client().get("/")["Location"] == "/accounts/login/?next=/"
    assert looking(staff).get("/")["Location"] == "/admin/"
    assert browser_of(acme).get("/")["Location"] == "/billing/"


def test_a_member_is_told_who_handles_billing_and_nothing_else() -> None:
    acme = build_organization("Acme Secret", plan="starter", credits=77)

    response = looking(build_user("member", acme)).get("/")

    assert "Billing is handled by your organization's owners" in words(response)
    page = response.content.decode()
    assert "Acme Secret" not in page
    assert "77.00" not in page


def test_a_person_of_two_organizations_switches_between_them() -> None:
    acme, beta = build_organization("Acme"), build_organization("Beta")
    Membership.objects.create(organization=beta, user=owner_of(acme), role="billing")
    client = browser_of(acme)
    assert see(client, "/billing/").startswith("Acme")

    response = client.post("/organization/", {"organization": beta.pk})

    assert response["Location"] == "/billing/"
    assert see(client, "/billing/").startswith("Beta")


def test_nobody_switches_to_an_organization_whose_billing_they_may_not_see() -> None:
    acme, beta = build_organization("Acme"), build_organization("Beta")
    Membership.objects.create(organization=beta, user=owner_of(acme), role="member")
    client = browser_of(acme)

    for asked in (str(beta.pk), "999999", "nonsense", ""):
        assert client.post("/organization/", {"organization": asked}).status_code == 404
    assert client.get("/organization/").status_code == 405
    assert see(client, "/billing/").startswith("Acme")


def test_who_loses_the_role_loses_the_chosen_organization_at_the_next_request() -> None:
    acme, beta = build_organization("Acme"), build_organization("Beta")
    seat = Membership.objects.create(organization=beta, user=owner_of(acme), role="owner")
    client = browser_of(acme)
    client.post("/organization/", {"organization": beta.pk})

    seat.delete()

    assert see(client, "/billing/").startswith("Acme")


def test_one_organization_needs_no_switch() -> None:
    page = browser_of(build_organization("Acme")).get("/billing/").content.decode()

    assert "organization-menu" not in page


def test_logging_in_leads_to_the_overview_and_logging_out_back_to_log_in() -> None:
    acme = build_organization("Acme", plan="starter")
    client = Client()

    facts = {"login": owner_of(acme).email.upper(), "password": "look-around-1"}
    arrived = client.post("/accounts/login/", facts, follow=True)

    assert arrived.redirect_chain[-1][0] == "/billing/"
    assert client.post("/accounts/logout/")["Location"] == "/accounts/login/"
    assert client.get("/billing/").status_code == 302


def test_a_wrong_password_is_refused_in_words_that_do_not_say_who_has_a_log_in() -> None:
    acme = build_organization("Acme")
    known = {"login": owner_of(acme).email, "password": "wrong"}

    refused = words(Client().post("/accounts/login/", known))

    assert "email address and/or password" in refused
    assert refused == words(Client().post("/accounts/login/", {**known, "login": "x@example.com"}))


def test_guessing_passwords_is_stopped() -> None:
    client = Client()
    email = owner_of(build_organization("Acme")).email

    said = [
        words(client.post("/accounts/login/", {"login": email, "password": f"guess-{n}"}))
        for n in range(7)
    ]

    assert "Too many failed login attempts" in said[-1]


def test_a_forgotten_password_is_reset_by_mail() -> None:
    email = owner_of(build_organization("Acme")).email
    client = Client()

    asked = client.post("/accounts/password/reset/", {"email": email}, follow=True)

    assert "a link is on its way" in words(asked)
    assert mail.outbox[0].to == [email]
    assert mail.outbox[0].subject == "Billing Portal: Set a new password"
    link = re.search(r"http://testserver(\S+)", str(mail.outbox[0].body))
    assert link
    form = client.get(link[1], follow=True)
    assert "Set a new password" in words(form)
    new = {"password1": "another-long-one-9", "password2": "another-long-one-9"}
    assert "Your password is set" in words(client.post(form.request["PATH_INFO"], new, follow=True))


def test_the_log_ins_own_sign_up_is_closed_and_points_to_ours() -> None:
    response = Client().get("/accounts/signup/")

    assert "/signup/" in response.content.decode()
    facts = {"email": "x@example.com", "password1": "a-long-one-9", "password2": "a-long-one-9"}
    Client().post("/accounts/signup/", facts)
    assert not User.objects.filter(email="x@example.com").exists()


@pytest.mark.parametrize(
    "address",
    ["/accounts/2fa/", "/accounts/email/", "/accounts/password/change/", "/accounts/logout/"],
)
def test_the_pages_of_ones_account_wear_the_same_dress(address: str) -> None:
    response = browser_of(build_organization("Acme")).get(address)

    assert response.status_code == 200
    assert "billing.css" in response.content.decode()
    assert len(title_of(response).partition("·")[0]) > 3


def test_a_missing_page_says_so_to_everybody() -> None:
    for client in (Client(), browser_of(build_organization("Acme"))):
        response = client.get("/no/such/page/")
        assert response.status_code == 404
        assert "There is nothing at this address" in words(response)


def test_a_form_that_is_too_old_says_that_nothing_was_done() -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner_of(build_organization("Acme")))

    response = client.post("/organization/", {"organization": "1"})

    assert response.status_code == 403
    assert "Nothing was done" in words(response)
