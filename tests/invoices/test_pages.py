"""Invoices on pages: the list, one of them, and the frozen bytes for the accountant."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.models import Membership, Organization
from invoices.issuing import issue_invoice
from invoices.models import Document, Invoice
from invoices.totals import Line
from payments.collecting import record_bank_payment
from tests.builders import MARCH_1, build_organization, build_plan, build_user
from tests.pages import browser_of, looking, owner_of, see, statements, words
from wallet.money import Money

pytestmark = pytest.mark.django_db
NOON = MARCH_1 + dt.timedelta(hours=3)
BYTES = b"%PDF-1.7 frozen"


@pytest.fixture(autouse=True)
def acme() -> Iterator[Organization]:
    build_plan("starter")
    with time_machine.travel(NOON, tick=False):
        yield build_organization("Acme", plan="starter", credits=10)


def number_of(organization: Organization) -> str:
    return str(organization.invoices.get().number)


def render(organization: Organization, kind: str = "invoice") -> str:
    """Give a document its bytes, as the worker would."""
    digest = hashlib.sha256(BYTES).hexdigest()
    Document.objects.filter(invoice__organization=organization, kind=kind).update(
        status="rendered", pdf=BYTES, sha256=digest, rendered_at=NOON
    )
    return digest


def issue_many(acme: Organization, count: int) -> None:
    """Write rows as the verb would; two hundred of its transactions would take too long."""
    known = Invoice.objects.count()
    days = {"issued_on": NOON.date(), "due_on": NOON.date(), "issued_at": NOON, "created_at": NOON}
    made = Invoice.objects.bulk_create(
        Invoice(
            organization=acme,
            key=f"k{known + n}",
            number=f"INV-{known + n + 1:06d}",
            status="open",
            currency="USD",
            net_minor=100,
            total_minor=100,
            **days,
        )
        for n in range(count)
    )
    Document.objects.bulk_create(
        Document(invoice=one, kind="invoice", number=str(one.number), facts={}, created_at=NOON)
        for one in made
    )


def test_the_list_shows_number_dates_amount_state_and_documents(acme: Organization) -> None:
    response = browser_of(acme).get("/billing/invoices/")

    number = number_of(acme)
    assert f"{number} 1 Mar 2026 1 Mar 2026 15 Mar 2026 Open $99.00 Invoice PDF" in words(response)
    assert f'href="/billing/invoices/{number}/pdf/"' in response.content.decode()
    assert "/receipt/" not in response.content.decode()


def test_an_unpaid_invoice_is_overdue_the_day_after_its_last_day_to_pay(
    acme: Organization,
) -> None:
    with time_machine.travel(dt.datetime(2026, 3, 15, 23, 59, tzinfo=dt.UTC), tick=False):
        assert "Open $99.00" in see(browser_of(acme), "/billing/invoices/")
    with time_machine.travel(dt.datetime(2026, 3, 16, 0, 0, tzinfo=dt.UTC), tick=False):
        assert "Overdue $99.00" in see(browser_of(acme), "/billing/invoices/")
        assert "Overdue" in see(browser_of(acme), f"/billing/invoices/{number_of(acme)}/")


def test_a_paid_invoice_has_a_receipt_beside_it(acme: Organization) -> None:
    record_bank_payment(acme, reference="SEPA-1", now=NOON)

    said = see(browser_of(acme), "/billing/invoices/")

    assert "Paid $99.00 Invoice PDF Receipt PDF" in said


def test_an_invoice_shows_its_lines_and_how_to_pay(acme: Organization) -> None:
    said = see(browser_of(acme), f"/billing/invoices/{number_of(acme)}/")

    assert "Starter, 1 Mar 2026 - 30 Mar 2026 1 $99.00 $99.00" in said
    assert "Total $99.00" in said
    assert "Pay by bank transfer" in said
    assert "Net" not in said


def test_an_invoice_with_tax_shows_it(acme: Organization, settings: Any) -> None:
    settings.TAX_NAME, settings.TAX_PERCENT = "VAT", "20"
    price = Money(1000, "USD")
    invoice = issue_invoice(acme, key="x", lines=[Line("plan", "Plan", price)], now=NOON)

    said = see(browser_of(acme), f"/billing/invoices/{invoice.number}/")

    assert "Net $10.00 VAT 20 % $2.00 Total $12.00" in said


def test_an_organization_without_invoices_is_told_when_there_will_be_one() -> None:
    said = see(browser_of(build_organization("New")), "/billing/invoices/")

    assert "There are no invoices yet." in said


@pytest.mark.parametrize("page", ["", "pdf/", "receipt/pdf/"])
def test_a_strangers_invoice_is_as_missing_as_one_that_never_was(
    acme: Organization, page: str
) -> None:
    record_bank_payment(acme, reference="SEPA-1", now=NOON)
    render(acme)
    render(acme, "receipt")
    stranger = browser_of(build_organization("Other", plan="starter"))
    member = looking(build_user("member", acme))
    address = f"/billing/invoices/{number_of(acme)}/{page}"

    assert browser_of(acme).get(address).status_code == 200
    for client in (stranger, member):
        assert client.get(address).status_code == 404
    assert stranger.get(f"/billing/invoices/INV-999999/{page}").status_code == 404
    assert Client().get(address).status_code == 302


def test_an_invoice_of_ones_other_organization_makes_that_the_chosen_one(
    acme: Organization,
) -> None:
    zeta = build_organization("Zeta", plan="starter", credits=10)
    Membership.objects.create(organization=zeta, user=owner_of(acme), role="billing")
    client = browser_of(acme)
    assert see(client, "/billing/").startswith("Acme")

    response = client.get(f"/billing/invoices/{number_of(zeta)}/", follow=True)

    assert words(response).startswith(f"Invoice {number_of(zeta)}")
    assert see(client, "/billing/").startswith("Zeta")


def test_the_pdf_is_handed_out_byte_for_byte_under_its_number(acme: Organization) -> None:
    digest = render(acme)
    client = browser_of(acme)
    address = f"/billing/invoices/{number_of(acme)}/pdf/"

    first, second = client.get(address), client.get(address)

    assert first.content == second.content == BYTES
    assert first["Content-Type"] == "application/pdf"
    assert first["Content-Disposition"] == f'attachment; filename="{number_of(acme)}.pdf"'
    assert first["ETag"] == f'"{digest}"'
    assert "private" in first["Cache-Control"]


def test_who_has_the_bytes_is_not_sent_them_again(acme: Organization) -> None:
    digest = render(acme)
    client = browser_of(acme)
    address = f"/billing/invoices/{number_of(acme)}/pdf/"

    with statements() as sent:
        response = client.get(address, headers={"if-none-match": f'"{digest}"'})

    assert response.status_code == 304
    assert response.content == b""
    assert not any('"pdf"' in statement for statement in sent)


def test_the_receipt_is_handed_out_under_its_own_number(acme: Organization) -> None:
    record_bank_payment(acme, reference="SEPA-1", now=NOON)
    render(acme, "receipt")

    response = browser_of(acme).get(f"/billing/invoices/{number_of(acme)}/receipt/pdf/")

    assert response.content == BYTES
    assert response["Content-Disposition"] == 'attachment; filename="RCP-000001.pdf"'


def test_there_is_no_receipt_before_it_is_paid(acme: Organization) -> None:
    response = browser_of(acme).get(f"/billing/invoices/{number_of(acme)}/receipt/pdf/")

    assert response.status_code == 404


def test_a_document_in_the_making_says_so_and_looks_again(acme: Organization) -> None:
    response = browser_of(acme).get(f"/billing/invoices/{number_of(acme)}/pdf/")

    assert response.status_code == 202
    assert response["Refresh"] == "3"
    assert "is being prepared" in words(response)
    assert "no-store" in response["Cache-Control"]


def test_a_document_that_cannot_be_made_says_whom_to_ask(acme: Organization) -> None:
    Document.objects.update(status="parked")

    response = browser_of(acme).get(f"/billing/invoices/{number_of(acme)}/pdf/")

    assert response.status_code == 503
    assert "Refresh" not in response
    assert "Nothing is lost" in words(response)


def test_two_hundred_invoices_cost_as_many_statements_as_ten(acme: Organization) -> None:
    client = browser_of(acme)
    issue_many(acme, 10)
    with statements() as few:
        client.get("/billing/invoices/")
    issue_many(acme, 190)
    with statements() as many:
        response = client.get("/billing/invoices/")

    assert len(many) == len(few) <= 12
    assert 'rel="next"' in response.content.decode()
    assert not any('"pdf"' in statement for statement in many)
