"""Billing history as a file: every payment once, by the organization's days, nothing computed."""

from __future__ import annotations

import csv
import datetime as dt
from io import StringIO

import pytest
import time_machine
from django.test import Client

from billing_portal.devstack.fake_stripe import FakeStripe
from payments.collecting import record_bank_payment
from payments.models import Payment
from tests.builders import MARCH_1, apply, build_organization, build_plan, build_user
from tests.pages import browser_of, looking, see, statements
from tests.payments.money_back import refund, top_up

pytestmark = pytest.mark.django_db
FILE = "/billing/history/csv/"
LATE = MARCH_1 + dt.timedelta(hours=11)


def rows_of(client: Client) -> list[dict[str, str]]:
    response = client.get(FILE)
    assert response.status_code == 200
    text = response.content.decode("utf-8-sig")
    return list(csv.DictReader(StringIO(text, newline="")))


@time_machine.travel(LATE, tick=False)
def test_every_payment_is_a_row_newest_first_with_what_became_of_it() -> None:
    build_plan()
    acme = build_organization(plan="starter", time_zone="Asia/Kolkata", now=MARCH_1)
    apply(acme, "starter", now=MARCH_1)
    record_bank_payment(acme, reference="=1+1", now=LATE)
    fake = FakeStripe(seed=1)
    bought = top_up(acme, fake, 5000, key="one", now=LATE)
    refund(bought, fake, 2000, now=LATE)

    first, second = rows_of(browser_of(acme))

    # Eight in the evening in London is the next day in Kolkata.
    assert (first["Date"], second["Date"]) == ("2026-03-02", "2026-03-02")
    assert (first["Payment"], first["Status"]) == ("Top-up", "Paid")
    assert (first["Amount"], first["Refunded"], first["Currency"]) == ("50.00", "20.00", "USD")
    assert (first["Credits"], first["What it means"]) == ("5000", "$20.00 refunded")
    assert (second["Amount"], second["Paid by"]) == ("99.00", "Bank transfer =1+1")
    assert second["Invoice"].startswith("INV-")
    assert second["Receipt"].startswith("RCP-")


def test_a_failure_that_reads_like_a_formula_is_none() -> None:
    build_plan()
    acme = build_organization(plan="starter")
    Payment.objects.create(
        organization=acme,
        key="k",
        method="card",
        status="failed",
        currency="USD",
        amount_minor=100,
        failure='=HYPERLINK("https://evil.test")',
        created_at=MARCH_1,
    )

    assert rows_of(browser_of(acme))[0]["What it means"].startswith("'=HYPERLINK")


def test_many_payments_ask_as_often_as_one() -> None:
    build_plan()
    acme = build_organization(plan="starter")
    client, counts = browser_of(acme), []
    for n in range(3):
        apply(acme, "starter", now=MARCH_1 + dt.timedelta(days=n))
        record_bank_payment(acme, reference=f"{n}", now=MARCH_1 + dt.timedelta(days=n))
        with statements() as sent:
            assert len(rows_of(client)) == n + 1
        counts.append(len(sent))

    assert len(set(counts)) == 1
    assert counts[0] <= 8


def test_the_history_leads_to_its_file_and_a_member_to_none() -> None:
    build_plan()
    acme = build_organization(plan="starter")
    client = browser_of(acme)
    assert "Download" not in see(client, "/billing/history/")
    apply(acme, "starter", now=MARCH_1)
    record_bank_payment(acme, reference="1", now=MARCH_1)

    assert f'href="{FILE}"' in client.get("/billing/history/").content.decode()
    assert looking(build_user("member", acme)).get(FILE).status_code == 404
