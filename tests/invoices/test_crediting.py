"""Credit notes: a paid invoice is corrected, gaplessly numbered, with a document of its own."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, ProgrammingError, transaction
from django.test import Client

from accounts.models import Membership, Organization
from accounts.refusals import Invalid
from invoices.crediting import issue_credit_note
from invoices.documents import render_due
from invoices.issuing import issue_invoice, settle
from invoices.models import CreditNote, Document, Invoice
from invoices.sheet import Fact, sheet_of
from invoices.totals import Line
from tests.builders import MARCH_1, build_organization, build_user
from wallet.models import CreditPrice
from wallet.money import Money

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def paid_invoice(minor: int = 9900, currency: str = "USD", key: str = "plan") -> Invoice:
    CreditPrice.objects.get_or_create(currency=currency, defaults={"price": 1})
    acme = Organization.objects.first() or build_organization(
        currency=currency, time_zone="Asia/Tokyo"
    )
    lines = [Line("plan", "Starter", Money(minor, currency))]
    invoice = issue_invoice(acme, key=key, lines=lines, now=MARCH_1)
    settle(invoice, paid_with={"method": "Card", "reference": ""}, now=MARCH_1)
    return invoice


def credit(
    invoice: Invoice, minor: int, key: str = "refund:1", reason: str = "Half of it was down"
) -> CreditNote:
    amount = Money(minor, invoice.currency)
    return issue_credit_note(invoice, amount=amount, reason=reason, key=key, now=MARCH_1 + DAY)


def test_a_credit_note_credits_its_invoice_which_stays_paid() -> None:
    invoice = paid_invoice()

    note = credit(invoice, 3000)

    invoice.refresh_from_db()
    assert (note.number, note.issued_on) == ("CN-000001", dt.date(2026, 3, 2))
    assert (invoice.status, invoice.credited_minor) == ("paid", 3000)


def test_the_same_act_is_credited_once() -> None:
    invoice = paid_invoice()

    assert credit(invoice, 3000) == credit(invoice, 3000)
    assert CreditNote.objects.count() == 1
    assert Document.objects.filter(kind="credit_note").count() == 1


def test_numbers_run_without_a_gap_though_one_is_rolled_back() -> None:
    invoice = paid_invoice()
    credit(invoice, 100, "a")

    with transaction.atomic():
        credit(invoice, 100, "b")
        transaction.set_rollback(True)
    credit(invoice, 100, "c")

    numbers = CreditNote.objects.order_by("id").values_list("number", flat=True)
    assert list(numbers) == ["CN-000001", "CN-000002"]


@pytest.mark.parametrize("minor", [0, -1, 9901])
def test_nothing_and_more_than_is_left_are_refused(minor: int) -> None:
    invoice = paid_invoice()

    with pytest.raises(Invalid, match=r"\$99.00 can be credited"):
        credit(invoice, minor)
    credit(invoice, 9900, "all")
    with pytest.raises(Invalid, match=r"\$0.00 can be credited"):
        credit(invoice, 1, "more")


def test_an_open_invoice_is_not_credited() -> None:
    acme = build_organization()
    lines = [Line("plan", "Starter", Money(9900, "USD"))]
    invoice = issue_invoice(acme, key="plan", lines=lines, now=MARCH_1)

    with pytest.raises(Invalid, match="only a paid invoice"):
        credit(invoice, 100)


def test_the_tax_shares_of_several_notes_add_up_to_the_tax(settings: Any) -> None:
    settings.TAX_NAME, settings.TAX_PERCENT = "VAT", "19"
    invoice = paid_invoice(999)
    assert (invoice.tax_minor, invoice.total_minor) == (190, 1189)

    for number, minor in enumerate((333, 333, 523)):
        credit(invoice, minor, str(number))

    facts = [one.facts for one in Document.objects.filter(kind="credit_note").order_by("id")]
    assert [one["tax_minor"] for one in facts] == [53, 53, 84]
    assert [one["net_minor"] + one["tax_minor"] for one in facts] == [333, 333, 523]
    sheet = sheet_of(facts[0])
    assert sheet.sums == (Fact("Subtotal", "$2.80"), Fact("VAT 19%", "$0.53"))


def test_the_document_names_the_invoice_the_amount_and_the_reason() -> None:
    note = credit(paid_invoice(), 3000)

    sheet = sheet_of(note.document.facts)

    assert (sheet.title, sheet.number, sheet.is_receipt) == ("Credit note", "CN-000001", False)
    assert [(fact.label, fact.value) for fact in sheet.facts] == [
        ("Issued", "2 March 2026"),
        ("Invoice", "INV-000001"),
        ("Invoice issued", "1 March 2026"),
    ]
    assert (sheet.headline, sheet.total) == (
        Fact("Amount credited", "$30.00"),
        Fact("Total credited", "$30.00"),
    )
    assert [(row.description.text, row.amount) for row in sheet.rows] == [
        ("Half of it was down", "$30.00")
    ]
    assert sheet.sums == ()
    assert sheet.notes[0] == "This credit note corrects invoice INV-000001 of 1 March 2026."


@pytest.mark.parametrize(
    ("currency", "minor", "shown"), [("JPY", 1750, "¥1,750"), ("KWD", 1500, "1.500")]
)
def test_amounts_have_the_decimals_of_their_currency(currency: str, minor: int, shown: str) -> None:
    note = credit(paid_invoice(9900, currency), minor)

    assert sheet_of(note.document.facts).total.value.endswith(shown)


def test_it_is_rendered_once_and_its_bytes_are_handed_out_to_its_owner_alone() -> None:
    invoice = paid_invoice()
    note = credit(invoice, 3000, reason="<script>alert(1)</script> & more")
    path = f"/billing/credit-notes/{note.number}/pdf/"
    owner, stranger = Client(), Client()
    owner.force_login(build_user("owner", invoice.organization))
    stranger.force_login(Membership.objects.get(organization=build_organization("Away")).user)

    assert owner.get(path).status_code == 202
    render_due(now=MARCH_1 + DAY)
    first, again = owner.get(path), owner.get(path)

    assert first.content.startswith(b"%PDF")
    assert first.content == again.content
    assert "CN-000001.pdf" in first["Content-Disposition"]
    assert stranger.get(path).status_code == 404
    assert owner.get("/billing/credit-notes/CN-999999/pdf/").status_code == 404


def test_the_invoice_s_page_shows_what_is_credited_and_links_the_note() -> None:
    invoice = paid_invoice()
    credit(invoice, 3000)
    owner = Client()
    owner.force_login(build_user("owner", invoice.organization))

    page = owner.get("/billing/invoices/INV-000001/").content.decode()
    listed = owner.get("/billing/invoices/").content.decode()

    assert "$30.00" in page
    assert "/billing/credit-notes/CN-000001/pdf/" in page
    assert "/billing/credit-notes/CN-000001/pdf/" in listed


def test_what_was_paid_before_it_was_issued_links_no_document_that_asks_for_money() -> None:
    acme = build_organization()
    lines = [Line("top_up", "Top-up: 5,000 credits", Money(5000, "USD"))]
    invoice = issue_invoice(acme, key="t", lines=lines, paid=Money(5000, "USD"), now=MARCH_1)
    settle(invoice, paid_with={"method": "Card", "reference": ""}, now=MARCH_1)
    owner = Client()
    owner.force_login(build_user("owner", acme))

    page = owner.get("/billing/invoices/INV-000001/").content.decode()

    assert "/billing/invoices/INV-000001/pdf/" not in page
    assert "/billing/invoices/INV-000001/receipt/pdf/" in page


def test_the_database_keeps_a_credit_note_as_it_is() -> None:
    invoice = paid_invoice()
    note = credit(invoice, 3000)

    with pytest.raises(ProgrammingError, match="invoices_creditnote"), transaction.atomic():
        CreditNote.objects.filter(pk=note.pk).update(amount_minor=1)
    with pytest.raises(ProgrammingError, match="invoices_creditnote"), transaction.atomic():
        CreditNote.objects.filter(pk=note.pk)._raw_delete("default")
    with pytest.raises(IntegrityError, match="within_total"), transaction.atomic():
        Invoice.objects.filter(pk=invoice.pk).update(credited_minor=9901)
    with pytest.raises(IntegrityError, match="above_zero"), transaction.atomic():
        CreditNote.objects.create(
            invoice=invoice,
            key="x",
            number="CN-9",
            amount_minor=0,
            issued_on=MARCH_1.date(),
            issued_at=MARCH_1,
        )
