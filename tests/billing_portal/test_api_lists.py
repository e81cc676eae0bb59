"""Lists of the API: newest first, whole over their pages, filtered, in constant statements."""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pgtrigger
import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.agents import put_agent
from accounts.models import Organization
from invoices.models import Invoice, InvoiceLine
from payments.collecting import record_bank_payment
from payments.models import Payment
from tests.api_calls import Platform, refused
from tests.builders import MARCH_1, a_call, build_organization, build_plan
from usage.charging import charge
from wallet.ledger import Posting, post
from wallet.models import LedgerEntry

pytestmark = pytest.mark.django_db
NOON = MARCH_1 + dt.timedelta(hours=3)
LISTS = ("usage", "ledger", "payments", "invoices")
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture(autouse=True)
def acme() -> Any:
    build_plan("starter")
    with time_machine.travel(NOON, tick=False):
        yield build_organization(external_id="acme", plan="starter", credits=100)


def add_usage(acme: Organization, count: int) -> None:
    """Half of them started at the same instant."""
    for first in range(0, count, 500):
        events = [
            a_call(acme, started_at=(MARCH_1 + (place % 2) * place * MINUTE / 9).isoformat())
            for place in range(first, min(first + 500, count))
        ]
        charge(events, now=NOON)


def add_entries(acme: Organization, count: int) -> None:
    known = LedgerEntry.objects.count()
    keys = [f"entry-{known + place}" for place in range(count)]
    post([Posting(acme.pk, "adjustment", Decimal(1), key, "A gift") for key in keys], now=NOON)


def add_invoices(acme: Organization, count: int) -> list[Invoice]:
    """Write rows as the verb would; two hundred of its transactions would take too long."""
    known = Invoice.objects.count()
    numbers = [f"INV-{known + place + 1:06d}" for place in range(count)]
    days = {"issued_on": NOON.date(), "due_on": NOON.date(), "issued_at": NOON, "created_at": NOON}
    amounts = {"currency": "USD", "net_minor": 100, "total_minor": 100}
    invoices = Invoice.objects.bulk_create(
        Invoice(organization=acme, key=number, number=number, status="open", **amounts, **days)
        for number in numbers
    )
    with pgtrigger.ignore("invoices.InvoiceLine:no_line_after_issue"):
        InvoiceLine.objects.bulk_create(
            InvoiceLine(invoice=one, position=1, code="plan", description="-", amount_minor=100)
            for one in invoices
        )
    return invoices


def add_payments(acme: Organization, count: int) -> None:
    Payment.objects.bulk_create(
        Payment(
            organization=acme,
            invoice=invoice,
            key=invoice.key,
            method="bank",
            status="paid",
            currency="USD",
            amount_minor=100,
            created_at=NOON,
            settled_at=NOON,
        )
        for invoice in add_invoices(acme, count)
    )


ADD: dict[str, Callable[[Organization, int], object]] = {
    "usage": add_usage,
    "ledger": add_entries,
    "payments": add_payments,
    "invoices": add_invoices,
}


@pytest.mark.parametrize("name", LISTS)
def test_pages_hold_every_row_once_and_newest_first(acme: Organization, name: str) -> None:
    ADD[name](acme, 23)
    path = f"/organizations/acme/{name}/"
    whole = Platform().pages(path, page_size=200)
    assert len(whole) == 1
    pages = Platform().pages(path, page_size=4)
    assert [row for page in pages for row in page] == whole[0]
    assert {len(page) for page in pages[:-1]} == {4}
    instant = {"usage": "started_at", "ledger": "at", "payments": "created_at"}
    times = [row[instant.get(name, "issued_at")] for row in whole[0]]
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize("name", LISTS)
def test_a_page_costs_the_same_with_10_and_with_200_rows(acme: Organization, name: str) -> None:
    platform, counts = Platform(), []
    for count in (10, 190):
        ADD[name](acme, count)
        with CaptureQueriesContext(connection) as statements:
            answer = platform.get(f"/organizations/acme/{name}/", page_size=200)
        assert len(answer.json()["results"]) >= count
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 5


@pytest.mark.parametrize("name", LISTS)
def test_rows_that_are_added_meanwhile_move_no_page(acme: Organization, name: str) -> None:
    ADD[name](acme, 6)
    path, platform = f"/organizations/acme/{name}/", Platform()
    before = platform.pages(path)[0]
    first = platform.get(path, page_size=3).json()
    if name == "usage":
        charge([a_call(acme, started_at=NOON.isoformat())], now=NOON)
    else:
        ADD[name](acme, 2)
    rest = platform.client.get(first["next"]).json()
    assert (first["results"] + rest["results"])[:6] == before[:6]


@pytest.mark.parametrize("name", LISTS)
def test_others_rows_are_not_shown(acme: Organization, name: str) -> None:
    other = build_organization("Other", external_id="other", plan="starter", credits=50)
    before = Platform().pages("/organizations/other/" + name + "/")
    ADD[name](acme, 3)
    assert Platform().pages(f"/organizations/other/{name}/") == before
    refused(Platform(other).get(f"/organizations/acme/{name}/"), 404, "not_found")


@pytest.mark.parametrize("name", LISTS)
def test_from_is_included_and_to_is_not(acme: Organization, name: str) -> None:
    ADD[name](acme, 1)
    path, platform = f"/organizations/acme/{name}/", Platform()
    at = {"usage": MARCH_1}.get(name, NOON)
    later = (at + dt.timedelta(microseconds=1)).isoformat()
    within = platform.pages(path, **{"from": at.isoformat(), "to": later})[0]
    assert len(within) == 1
    assert within[0] in platform.pages(path, page_size=200)[0]
    assert within[0] not in platform.pages(path, to=at.isoformat())[0]
    assert platform.pages(path, **{"from": later}) == [[]]


def test_usage_is_filtered_by_agent_channel_and_kind(acme: Organization) -> None:
    put_agent(acme, external_id="sales", name="Sales", now=MARCH_1)
    events = [
        a_call(acme, "web-main"),
        a_call(acme, "web-sales", agent="sales"),
        a_call(acme, "out-sales", agent="sales", channel="outbound"),
    ]
    charge(events, now=NOON)
    path, platform = "/organizations/acme/usage/", Platform()

    def found(**query: str) -> set[str]:
        return {row["id"] for row in platform.pages(path, **query)[0]}

    assert found(agent="sales") == {"web-sales", "out-sales"}
    assert found(agent="sales", channel="web") == {"web-sales"}
    assert found(agent="ghost") == set()
    assert len(found(kind="call")) == 3
    assert found(kind="meter") == set()


def test_ledger_payments_and_invoices_are_filtered_by_kind_and_status(acme: Organization) -> None:
    add_invoices(acme, 2)
    record_bank_payment(acme, reference="SEPA-1", now=NOON)
    charge([a_call(acme)], now=NOON)
    platform = Platform()

    def count(name: str, **query: str) -> int:
        return len(platform.pages(f"/organizations/acme/{name}/", **query)[0])

    assert (count("ledger", kind="usage"), count("ledger", kind="adjustment")) == (1, 1)
    assert (count("payments", status="paid"), count("payments", status="failed")) == (1, 0)
    assert (count("invoices", status="paid"), count("invoices", status="open")) == (1, 2)


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"from": "2026-03-01T00:00:00"}, "from"),
        ({"from": "yesterday"}, "from"),
        ({"to": "2026-03-01"}, "to"),
        ({"to": "0001-01-01T00:00:00+14:00"}, "to"),
        ({"cursor": "nonsense"}, "cursor"),
        ({"cursor": base64.urlsafe_b64encode(b"2026-99-99|1").decode()}, "cursor"),
        ({"cursor": base64.urlsafe_b64encode(b"|" + b"9" * 40).decode()}, "cursor"),
        ({"cursor": base64.urlsafe_b64encode(b"|\x00").decode()}, "cursor"),
        ({"cursor": "\x00"}, "cursor"),
        ({"cursor": "ü"}, "cursor"),
        ({"page_size": "0"}, "page_size"),
        ({"page_size": "201"}, "page_size"),
        ({"page_size": "9" * 5000}, "page_size"),
        ({"page": "2"}, "page"),
        ({"organization": "other"}, "organization"),
    ],
)
def test_what_no_list_understands_is_refused(name: str, query: dict[str, str], field: str) -> None:
    refused(Platform().get(f"/organizations/acme/{name}/", **query), 400, "invalid", field)


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("usage", {"channel": "pigeon"}),
        ("usage", {"kind": "dance"}),
        ("usage", {"agent": "\x00"}),
        ("ledger", {"kind": "theft"}),
        ("payments", {"status": "draft"}),
        ("invoices", {"status": "draft"}),
    ],
)
def test_a_filter_takes_only_what_there_is(name: str, query: dict[str, str]) -> None:
    refused(Platform().get(f"/organizations/acme/{name}/", **query), 400, "invalid", *query)


def test_an_offset_whose_plus_was_not_escaped_is_understood() -> None:
    answer = Platform().client.get(
        "/api/v1/organizations/acme/ledger/?from=2026-03-01T17:30:00+05:30"
    )
    assert len(answer.json()["results"]) == 0
    answer = Platform().client.get(
        "/api/v1/organizations/acme/ledger/?from=2026-03-01T14:30:00+05:30"
    )
    assert len(answer.json()["results"]) == 1


def test_rows_say_what_they_are(acme: Organization) -> None:
    charge([a_call(acme, "one")], now=NOON)
    record_bank_payment(acme, reference="SEPA-1", now=NOON)
    rows = {name: Platform().pages(f"/organizations/acme/{name}/")[0] for name in LISTS}
    assert rows["usage"][0] == {
        "id": "one",
        "kind": "call",
        "agent": "main",
        "channel": "web",
        "meter": "call_minutes",
        "started_at": "2026-03-01T09:00:00Z",
        "recorded_at": "2026-03-01T12:00:00Z",
        "credits": "4",
        "from": {"allowance": "0", "plan_credits": "0", "bonus": "0", "wallet": "4"},
    }
    entry = rows["ledger"][0]
    assert (entry["kind"], entry["pot"]) == ("usage", "wallet")
    assert (entry["credits"], entry["balance_after"]) == ("-4", "96")
    assert rows["payments"][0].items() >= {
        "status": "paid", "method": "bank", "amount": "99.00", "currency": "USD",
        "invoice": "INV-000001", "reference": "SEPA-1", "settled_at": "2026-03-01T12:00:00Z",
    }.items()  # fmt: skip
    invoice = rows["invoices"][0]
    assert invoice.items() >= {
        "number": "INV-000001", "status": "paid", "currency": "USD", "net": "99.00",
        "tax": "0.00", "total": "99.00", "credited": "0.00", "receipt": "RCP-000001",
        "first_day": "2026-03-01", "last_day": "2026-03-30",
    }.items()  # fmt: skip
    assert [(line["code"], line["amount"]) for line in invoice["lines"]] == [("plan", "99.00")]
