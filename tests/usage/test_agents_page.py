"""Agents' limits: what each may spend, what it has spent this month, and changing that."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

import pytest
import time_machine
from django.test import Client

from accounts.agents import put_agent
from accounts.models import Agent, Organization
from tests.builders import MARCH_1, a_call, build_organization, build_plan
from tests.pages import browser_of, see, statements, words
from usage.charging import charge

pytestmark = pytest.mark.django_db
PAGE = "/billing/agents/"
NOON = MARCH_1 + dt.timedelta(hours=3)


@pytest.fixture(autouse=True)
def acme() -> Iterator[Organization]:
    build_plan("starter")
    with time_machine.travel(NOON, tick=False):
        acme = build_organization("Acme", plan="starter", credits=100)
        put_agent(acme, external_id="sales", name="Sales", now=MARCH_1)
        yield acme


@pytest.fixture
def client(acme: Organization) -> Client:
    return browser_of(acme)


def page_of_sales() -> str:
    return f"{PAGE}{Agent.objects.get(name='Sales').pk}/"


def test_agents_are_listed_with_their_limits_and_what_they_spent(
    acme: Organization, client: Client
) -> None:
    charge([a_call(acme, agent="sales") for _ in range(3)], now=NOON)

    assert "Sales Use balance Use balance None 12.00 Change Sales" in see(client, PAGE)


def test_what_was_spent_begins_again_with_the_month(acme: Organization, client: Client) -> None:
    charge([a_call(acme, agent="sales")], now=NOON)

    with time_machine.travel(NOON + dt.timedelta(days=31), tick=False):
        said = see(browser_of(acme), PAGE)

    assert "None 0.00 Change Sales" in said


def test_setting_and_limit_are_changed_and_the_limit_taken_away(client: Client) -> None:
    given = {"when_exhausted": "stop", "monthly_limit": "12.5"}

    said = words(client.post(page_of_sales(), given, follow=True))

    assert "Sales is changed." in said
    assert "Stop 12.50 0.00" in said
    sales = Agent.objects.get(name="Sales")
    assert (sales.when_exhausted, sales.monthly_limit) == ("stop", Decimal("12.5"))
    assert 'value="12.5"' in client.get(page_of_sales()).content.decode()

    client.post(page_of_sales(), given | {"monthly_limit": ""})

    assert Agent.objects.get(name="Sales").monthly_limit is None


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"monthly_limit": "0"}, "A monthly limit is above zero."),
        ({"monthly_limit": "-1"}, "A monthly limit is above zero."),
        ({"monthly_limit": "much"}, "is not an amount of credits."),
        ({"monthly_limit": "1.1234567"}, "Credits have 6 decimals"),
        ({"when_exhausted": "explode"}, "Select a valid choice."),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(
    client: Client, given: dict[str, str], why: str
) -> None:
    asked = {"when_exhausted": "stop", "monthly_limit": "", **given}

    response = client.post(page_of_sales(), asked)

    assert why in words(response)
    assert Agent.objects.get(name="Sales").when_exhausted == "use_balance"


def test_without_agents_the_page_says_what_will_be_here(acme: Organization) -> None:
    new = build_organization("New")
    new.agents.update(organization=acme, external_id="taken away")

    said = see(browser_of(new), PAGE)

    assert "There are no agents yet." in said


def test_another_organizations_agent_is_not_found() -> None:
    stranger = browser_of(build_organization("Other"))

    assert stranger.get(page_of_sales()).status_code == 404
    assert stranger.post(page_of_sales(), {"when_exhausted": "stop"}).status_code == 404


def test_sixty_agents_cost_as_many_statements_as_one(acme: Organization, client: Client) -> None:
    with statements() as few:
        client.get(PAGE)
    for number in range(60):
        put_agent(acme, external_id=f"a{number}", name=f"Agent {number}", now=MARCH_1)
    with statements() as many:
        client.get(PAGE)

    assert len(many) == len(few) <= 12
