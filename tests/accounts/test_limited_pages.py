"""A person asks for files, and sends us to Stripe, so often in a minute and no more."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
import time_machine
from django.urls import reverse

from tests.builders import MARCH_1, build_organization, build_plan
from tests.pages import browser_of

pytestmark = pytest.mark.django_db
TOKEN = uuid.UUID(int=7)
FILES = [
    ("GET", "history_csv", ()),
    ("GET", "breakdown_csv", ()),
    ("GET", "invoice_pdf", ("INV-000001",)),
    ("GET", "receipt_pdf", ("INV-000001",)),
    ("GET", "credit_note_pdf", ("CN-000001",)),
]
AT_STRIPE = [
    ("POST", "top_up", ()),
    ("POST", "add_card", ()),
    ("GET", "card_added", ()),
    ("POST", "default_card", (7,)),
    ("POST", "remove_card", (7,)),
    ("POST", "manage_cards", ()),
    ("POST", "pay_invoice", ("INV-000001",)),
    ("POST", "continue_payment", (TOKEN,)),
    ("POST", "choose_plan", ("starter",)),
]


@pytest.mark.parametrize(("method", "name", "of"), [*FILES, *AT_STRIPE])
def test_what_costs_more_than_a_page_is_limited(
    settings: Any, method: str, name: str, of: tuple[Any, ...]
) -> None:
    settings.PAGE_RATES = {"file": 0, "stripe": 0}

    response = browser_of(build_organization()).generic(method, reverse(name, args=of))

    assert response.status_code == 429
    assert 1 <= int(response["Retry-After"]) <= 60


def test_each_person_has_so_many_in_each_minute_and_looks_on_all_the_time(settings: Any) -> None:
    settings.PAGE_RATES = {"file": 2, "stripe": 0}
    build_plan()
    one, other = (browser_of(build_organization(name, plan="starter")) for name in ("One", "Other"))

    with time_machine.travel(MARCH_1, tick=False) as clock:
        told = [one.get(reverse("history_csv")).status_code for _ in range(3)]
        others = other.get(reverse("breakdown_csv")).status_code
        page = one.get(reverse("top_up")).status_code
        clock.shift(dt.timedelta(minutes=1))
        afterwards = one.get(reverse("history_csv")).status_code

    assert told == [200, 200, 429]
    assert (others, page, afterwards) == (200, 200, 200)
