"""Owners rent by themselves where an invoice follows by itself, and give back; each confirmed."""

from __future__ import annotations

import re
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.models import Act, Organization
from invoices.models import Invoice
from plans.canceling import cancel
from plans.models import Rental
from plans.renewing import renew_due
from plans.renting import rent
from tests.builders import MARCH_1, apply, build_organization, build_plan
from tests.fakes.stripe_world import StripeWorld
from tests.pages import browser_of, see, words
from tests.payments.conftest import LATE
from tests.payments.paying import a_key
from tests.plans.life import DAY, Life, build_monthly

pytestmark = pytest.mark.django_db
RENTALS = "/billing/rentals/"
SEATS = f"{RENTALS}user_seat/"
PRICES = {"phone_number": {"USD": "2.00"}, "user_seat": {"USD": "10.00"}}
MARCH_16 = LATE + 15 * DAY


@pytest.fixture
def acme(stripe: StripeWorld) -> Organization:
    build_monthly(price={"USD": "59.00"}, rentals=PRICES)
    acme = build_organization("Acme")
    apply(acme, "starter", now=MARCH_1, invoiced=False)
    return acme


@pytest.fixture
def client(acme: Organization) -> Client:
    return browser_of(acme)


def confirm(client: Client, address: str, *, quantity: int = 1, key: str = "") -> Any:
    """Look at what renting costs, and confirm what was shown."""
    page = client.get(address, {"quantity": quantity}).content.decode()
    found = re.search(r'name="digest" value="(\w+)"', page)
    asked = {"quantity": quantity, "key": key or a_key(), "digest": found[1] if found else ""}
    return client.post(address, asked, follow=True)


def test_the_cost_is_said_first_and_nothing_is_rented_by_looking(acme: Organization) -> None:
    with time_machine.travel(MARCH_16, tick=False):
        said = see(browser_of(acme), f"{SEATS}?quantity=3")

    assert "0 → 3" in said
    # 16 of 31 days of three seats, then three whole seats.
    assert "3 from 16 Mar 2026 to 31 Mar 2026, on the invoice of 1 Apr 2026 $15.48" in said
    assert "Then in every period, 3 × $10.00 $30.00" in said
    assert not Rental.objects.exists()


def test_what_was_confirmed_is_rented_and_invoiced_as_was_said(acme: Organization) -> None:
    with time_machine.travel(MARCH_16, tick=False):
        said = words(confirm(browser_of(acme), SEATS, quantity=3))
    renew_due(now=MARCH_1.replace(month=4, hour=0))

    assert "3 × User seat rented." in said
    assert said.count("$10.00 per period") == 4
    lines = {line.code: line.amount.display() for line in Invoice.objects.get().lines.all()}
    assert lines["rental_prorata:user_seat"] == "$15.48"
    assert lines["rental:user_seat"] == "$30.00"
    act = Act.objects.get(verb="rent")
    assert (act.summary, act.actor is not None) == ("3 × User seat rented", True)


def test_the_same_form_twice_rents_once_also_after_giving_back(client: Client) -> None:
    key, digest = a_key(), ""
    confirm(client, SEATS, key=key)
    again = client.post(SEATS, {"quantity": 1, "key": key, "digest": digest}, follow=True)

    assert "User seat rented." in words(again)
    held = Rental.objects.get()
    client.post(f"{RENTALS}{held.pk}/return/")
    client.post(SEATS, {"quantity": 1, "key": key, "digest": digest})
    assert Rental.objects.get().ended_at is not None


def test_what_costs_something_else_than_was_shown_is_shown_anew(
    acme: Organization, client: Client
) -> None:
    page = client.get(SEATS, {"quantity": 2}).content.decode()
    found = re.search(r'name="digest" value="(\w+)"', page)
    rent(acme, item="user_seat", reference="ada", now=LATE)

    said = words(
        client.post(SEATS, {"quantity": 2, "key": a_key(), "digest": found[1] if found else ""})
    )

    assert "Something changed since this preview was made; nothing was done." in said
    assert "1 → 3" in said
    assert Rental.objects.count() == 1


@pytest.mark.parametrize(
    ("quantity", "told"),
    [
        ("0", "greater than or equal to 1"),
        ("-1", "greater than or equal to 1"),
        ("101", "less than or equal to 100"),
        ("two", "Enter a whole number."),
    ],
)
def test_a_number_that_cannot_be_is_refused_and_kept(
    client: Client, quantity: str, told: str
) -> None:
    for answer in (
        client.get(SEATS, {"quantity": quantity}),
        client.post(SEATS, {"quantity": quantity, "key": a_key()}),
    ):
        assert told in words(answer)
        assert f'value="{quantity}"' in answer.content.decode()
    assert not Rental.objects.exists()


def test_giving_back_says_what_it_means_and_is_done_once(
    acme: Organization, client: Client
) -> None:
    number = rent(acme, item="phone_number", reference="+15550100", now=MARCH_1)
    address = f"{RENTALS}{number.pk}/return/"

    asked = see(client, address)
    done = words(client.post(address, follow=True))
    again = words(client.post(address, follow=True))

    assert "Give back phone number +15550100?" in asked
    assert "It is free at once, and nothing comes back" in asked
    assert "no phone call can be made or taken" in asked
    assert "Phone number +15550100 is given back." in done
    assert "was given back already" in again
    assert Act.objects.filter(verb="give_back").count() == 1
    assert client.get(address)["Location"] == RENTALS


def test_another_organizations_rental_is_not_found(client: Client) -> None:
    other = build_organization("Other")
    apply(other, "starter", now=MARCH_1, invoiced=False)
    theirs = rent(other, item="user_seat", reference="eve", now=MARCH_1)

    address = f"{RENTALS}{theirs.pk}/return/"

    assert client.get(address).status_code == client.post(address).status_code == 404
    assert "eve" not in see(client, RENTALS)


def test_an_item_that_the_plan_does_not_rent_is_refused_in_words(client: Client) -> None:
    for answer in (
        client.get(f"{RENTALS}whitelabel/", follow=True),
        client.post(f"{RENTALS}whitelabel/", {"quantity": "0", "key": a_key()}, follow=True),
    ):
        assert "Your plan does not offer this for rent." in words(answer)


def test_where_staff_apply_and_renew_they_arrange_what_is_rented(stripe: StripeWorld) -> None:
    build_plan()
    acme = build_organization("Acme", plan="starter")
    number = rent(acme, item="phone_number", reference="+15550100", now=MARCH_1)
    client = browser_of(acme)

    said, usage = see(client, RENTALS), client.get("/billing/usage/")
    refused = words(confirm(client, f"{RENTALS}phone_number/"))
    kept = words(client.post(f"{RENTALS}{number.pk}/return/", follow=True))

    assert "our staff arrange" in said
    assert "Give back" not in said
    assert "What is rented on Starter our staff arrange: email" in words(usage)
    assert "Rent and give back" not in words(usage)
    for told in (refused, kept):
        assert "What is rented on this plan our staff arrange: ask us." in told
    assert Rental.objects.held().get() == number


def test_a_trial_rents_nothing_by_itself(stripe: StripeWorld) -> None:
    build_plan("trial", "trial", rentals=PRICES)
    client = browser_of(build_organization("New", plan="trial"))

    assert "our staff arrange" in see(client, RENTALS)
    assert "our staff arrange" in words(confirm(client, SEATS))


def test_where_nothing_is_for_rent_nobody_is_told_whom_to_ask(stripe: StripeWorld) -> None:
    build_plan("trial", "trial", rentals={})
    client = browser_of(build_organization("New", plan="trial"))

    assert "Trial offers nothing for rent." in see(client, RENTALS)
    assert "our staff arrange" not in see(client, "/billing/usage/")


def test_who_has_no_plan_is_told(stripe: StripeWorld) -> None:
    client = browser_of(build_organization("None"))

    assert "Choose a plan" in see(client, RENTALS)
    assert "has no plan yet" in words(confirm(client, SEATS))


def test_on_a_plan_that_ends_for_good_nothing_more_is_rented_but_given_back(
    acme: Organization, client: Client
) -> None:
    held = rent(acme, item="user_seat", reference="ada", now=MARCH_1)
    cancel(acme, now=LATE)

    assert "does not renew, so no invoice follows" in see(client, RENTALS)
    assert "Your plan ends and does not renew" in words(confirm(client, SEATS))
    client.post(f"{RENTALS}{held.pk}/return/")
    assert not Rental.objects.held().exists()


def test_while_a_renewal_is_unpaid_it_is_settled_first() -> None:
    build_monthly(rentals=PRICES)
    life = Life()
    acme = life.subscriber(card="declined")
    with time_machine.travel(life.at("2026-04-01"), tick=False):
        told = words(confirm(browser_of(acme), SEATS))

    assert "A payment is pending: please settle it first." in told
    assert not Rental.objects.exists()
