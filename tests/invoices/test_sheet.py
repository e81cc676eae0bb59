"""What a document says: the frozen facts in words, dates and money."""

from __future__ import annotations

import pytest

from invoices.sheet import Fact, Words, days, percent, sheet_of
from tests.invoices.frozen import PAID, a_line, frozen_facts


def told(*facts: Fact) -> dict[str, str]:
    return {fact.label: fact.value for fact in facts}


def test_an_invoice_says_what_is_due_and_when() -> None:
    sheet = sheet_of(frozen_facts())

    assert (sheet.title, sheet.number, sheet.is_receipt) == ("Invoice", "INV-000042", False)
    assert sheet.headline == Fact("Amount due", "$99.00")
    assert told(*sheet.facts) == {
        "Issued": "3 June 2026",
        "Due": "17 June 2026",
        "Service period": "3 June \u2013 2 July 2026",
    }
    assert sheet.total == Fact("Total due", "$99.00")
    assert sheet.notes[0] == "Please quote INV-000042 with your payment."


def test_a_receipt_says_how_and_when_it_was_paid_and_no_due_date() -> None:
    sheet = sheet_of(frozen_facts(paid=PAID))

    assert (sheet.title, sheet.number, sheet.is_receipt) == ("Receipt", "RCP-000007", True)
    assert told(*sheet.facts) == {
        "Paid on": "12 June 2026",
        "Method": "Bank transfer",
        "Invoice": "INV-000042",
        "Service period": "3 June \u2013 2 July 2026",
        "Reference": "SEPA-44871",
    }
    assert sheet.total == Fact("Total paid", "$99.00")
    assert sheet.notes[0] == "Invoice INV-000042 of 3 June 2026 is paid in full."


def test_without_tax_there_is_no_tax_line_and_no_subtotal() -> None:
    assert sheet_of(frozen_facts()).sums == ()


def test_with_tax_the_subtotal_and_the_tax_come_before_the_total() -> None:
    sheet = sheet_of(frozen_facts(tax=("VAT", "2E+1", 1980)))

    assert sheet.sums == (Fact("Subtotal", "$99.00"), Fact("VAT 20%", "$19.80"))
    assert sheet.total.value == "$118.80"


@pytest.mark.parametrize(
    ("currency", "minor", "shown"),
    [
        ("USD", 123456, "$1,234.56"),
        ("JPY", 123456, "¥123,456"),
        ("KWD", 123456, "123.456"),
        ("EUR", -2543, "-€25.43"),
    ],
)
def test_amounts_have_the_decimals_of_their_currency(currency: str, minor: int, shown: str) -> None:
    sheet = sheet_of(frozen_facts(a_line("Scale", minor), currency=currency))

    assert sheet.rows[0].amount.endswith(shown)
    assert sheet.total.value.endswith(shown)


def test_a_line_shows_its_quantity_and_unit_price_where_it_has_one() -> None:
    unused = a_line("Unused days", None, amount_minor=-4125)
    begun = a_line("Phone number from 4 Jun 2026", None, quantity=2, amount_minor=130)
    sheet = sheet_of(frozen_facts(a_line("Phone number", 200, quantity=1500), unused, begun))

    assert [(row.quantity, row.unit) for row in sheet.rows] == [
        ("1,500", "$2.00"),
        ("", ""),
        ("2", ""),
    ]


@pytest.mark.parametrize(
    ("first", "last", "shown"),
    [
        ("2026-06-01", "2026-06-30", "1 \u2013 30 June 2026"),
        ("2026-06-03", "2026-07-02", "3 June \u2013 2 July 2026"),
        ("2026-12-15", "2027-01-14", "15 December 2026 \u2013 14 January 2027"),
        ("2026-06-03", "2026-06-03", "3 June 2026"),
    ],
)
def test_days_are_written_without_saying_anything_twice(first: str, last: str, shown: str) -> None:
    assert days(first, last) == shown


@pytest.mark.parametrize(
    ("stored", "shown"), [("19", "19"), ("1E+1", "10"), ("8.8750", "8.875"), ("100", "100")]
)
def test_a_percentage_is_written_in_plain_digits(stored: str, shown: str) -> None:
    assert percent(stored) == shown


def test_the_buyers_country_is_named_once_and_what_is_unknown_left_out() -> None:
    german = {"address": "Hauptstr. 5\n\n10115 Berlin\nGERMANY", "country": "DE", "tax_id": "DE1"}
    sheet = sheet_of(frozen_facts(buyer=german))

    assert [line.text for line in sheet.buyer.lines] == [
        "Hauptstr. 5",
        "10115 Berlin",
        "GERMANY",
        "Tax ID DE1",
    ]
    japanese = sheet_of(frozen_facts(buyer={"country": "JP"}))
    assert [line.text for line in japanese.buyer.lines] == ["Japan"]


@pytest.mark.parametrize(
    ("text", "direction"),
    [("Acme (שלום)", "ltr"), ("(1998) שלום Ltd.", "rtl"), ("شركة", "rtl"), ("42", "ltr")],
)
def test_a_text_is_read_in_the_direction_of_its_first_letter(text: str, direction: str) -> None:
    assert Words(text).direction == direction


@pytest.mark.parametrize(
    ("country", "language"), [("TW", "zh-Hant"), ("CN", "zh-Hans"), ("KR", "ko"), ("JP", "")]
)
def test_chinese_characters_are_drawn_as_in_the_buyers_country(country: str, language: str) -> None:
    assert sheet_of(frozen_facts(buyer={"country": country})).buyer.language == language
