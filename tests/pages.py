"""What tests of pages need: someone who looks, and the words that they see."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Organization, User

BILLING_PAGES = (
    "/billing/",
    "/billing/usage/",
    "/billing/change-plan/",
    "/billing/agents/",
    "/billing/rentals/",
    "/billing/wallet/",
    "/billing/payment-methods/",
    "/billing/invoices/",
    "/billing/history/",
)


def looking(user: User) -> Client:
    """Answer a browser in which this person is logged in."""
    client = Client()
    client.force_login(user)
    return client


def owner_of(organization: Organization) -> User:
    """Answer the person who made the organization."""
    return organization.memberships.get(role="owner").user


def browser_of(organization: Organization) -> Client:
    """Answer a browser in which the organization's owner is logged in."""
    return looking(owner_of(organization))


def words(response: Any) -> str:
    """Answer what a page says, without its markup."""
    main = response.content.decode().partition("<main")[2].partition("<footer")[0]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main.partition(">")[2])).split())


def see(client: Client, address: str) -> str:
    """Answer what the page at an address says."""
    response = client.get(address)
    assert response.status_code == 200, (address, response.status_code)
    return words(response)


@contextmanager
def statements() -> Iterator[list[str]]:
    """Collect the statements that are sent meanwhile."""
    sent: list[str] = []
    with CaptureQueriesContext(connection) as captured:
        yield sent
    sent.extend(query["sql"] for query in captured.captured_queries)


def title_of(response: Any) -> str:
    """Answer the title of a page."""
    found = re.search(r"<title>(.*?)</title>", response.content.decode(), re.DOTALL)
    return " ".join(unescape(found[1]).split()) if found else ""
