"""What an invoice or receipt shows: its frozen facts put into words, dates and money."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from babel import Locale
from babel.numbers import get_currency_name

from wallet.money import Money

ENGLISH = Locale("en", "US")
TO = " \N{EN DASH} "
# The same Han character is drawn differently in these countries; elsewhere the font decides.
HAN_LANGUAGES = {"CN": "zh-Hans", "SG": "zh-Hans", "HK": "zh-Hant", "TW": "zh-Hant", "KR": "ko"}


@dataclass(frozen=True, slots=True)
class Words:
    """A text that somebody typed in any script, with the direction in which it is read."""

    text: str

    @property
    def direction(self) -> str:
        """The direction of the first letter that has one."""
        for character in self.text:
            strength = unicodedata.bidirectional(character)
            if strength in ("L", "R", "AL"):
                return "ltr" if strength == "L" else "rtl"
        return "ltr"


@dataclass(frozen=True, slots=True)
class Party:
    """Seller or buyer: a name and the lines under it."""

    name: Words
    lines: tuple[Words, ...]
    language: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    description: Words
    quantity: str
    unit: str
    amount: str


@dataclass(frozen=True, slots=True)
class Fact:
    """A label and what it labels, such as the due date."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """An official document as a reader sees it; built from frozen facts and nothing else."""

    title: str
    number: str
    is_receipt: bool
    issued_on: str
    headline: Fact
    facts: tuple[Fact, ...]
    seller: Party
    buyer: Party
    rows: tuple[Row, ...]
    sums: tuple[Fact, ...]
    total: Fact
    notes: tuple[str, ...]
    brand: Mapping[str, str]


def sheet_of(facts: Mapping[str, Any]) -> Sheet:
    """Put the facts of a document into words; the same facts make the same sheet for ever."""
    currency, kind = facts["currency"], facts["kind"]
    title, headline, total_label = TITLES[kind]
    total = Money(facts["total_minor"], currency).display()
    return Sheet(
        title=title,
        number=facts["number"],
        is_receipt=kind == "receipt",
        issued_on=facts["issued_on"],
        headline=Fact(headline, total),
        facts=tuple(TOLD[kind](facts)),
        seller=_seller(facts["seller"]),
        buyer=_buyer(facts["buyer"]),
        rows=tuple(_row(line, currency) for line in facts["lines"]),
        sums=tuple(_sums(facts, currency)),
        total=Fact(total_label, total),
        notes=tuple(_notes(facts)),
        brand=facts["brand"],
    )


def day(iso: str) -> str:
    """Write a date for a reader: ``3 June 2026``."""
    return f"{dt.date.fromisoformat(iso):%-d %B %Y}"


def days(first: str, last: str) -> str:
    """Write a stretch of days, what both have in common once: ``3 to 30 June 2026``."""
    begin, end = dt.date.fromisoformat(first), dt.date.fromisoformat(last)
    if begin == end:
        return day(first)
    if begin.year != end.year:
        return f"{day(first)}{TO}{day(last)}"
    form = "%-d" if begin.month == end.month else "%-d %B"
    return f"{begin:{form}}{TO}{day(last)}"


def percent(number: str) -> str:
    """Write a percentage in plain digits, whatever form it was stored in: ``20``, ``8.875``."""
    text = f"{Decimal(number):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _claim(facts: Mapping[str, Any]) -> list[Fact]:
    told = [Fact("Issued", day(facts["issued_on"])), Fact("Due", day(facts["due_on"]))]
    return [*told, *_service(facts)]


def _payment(facts: Mapping[str, Any]) -> list[Fact]:
    paid = facts["paid"]
    told = [
        Fact("Paid on", day(paid["on"])),
        Fact("Method", paid.get("method", "")),
        Fact("Invoice", facts["invoice_number"]),
        *_service(facts),
        Fact("Reference", paid.get("reference", "")),
    ]
    return [fact for fact in told if fact.value]


def _correction(facts: Mapping[str, Any]) -> list[Fact]:
    return [
        Fact("Issued", day(facts["issued_on"])),
        Fact("Invoice", facts["invoice_number"]),
        Fact("Invoice issued", day(facts["invoice_issued_on"])),
    ]


def _service(facts: Mapping[str, Any]) -> list[Fact]:
    first, last = facts["service"]
    return [Fact("Service period", days(first, last))] if first and last else []


def _seller(seller: Mapping[str, Any]) -> Party:
    return Party(Words(seller["name"]), _lines([*seller["address"], _tax_id(seller)]))


def _buyer(buyer: Mapping[str, str]) -> Party:
    country = ENGLISH.territories.get(buyer["country"], buyer["country"])
    address = buyer["address"].splitlines()
    if address and address[-1].strip().casefold() == country.casefold():
        country = ""
    return Party(
        name=Words(buyer["name"]),
        lines=_lines([*address, country, _tax_id(buyer), buyer["email"]]),
        language=HAN_LANGUAGES.get(buyer["country"], ""),
    )


def _lines(texts: list[str]) -> tuple[Words, ...]:
    return tuple(Words(text.strip()) for text in texts if text.strip())


def _tax_id(party: Mapping[str, Any]) -> str:
    return f"Tax ID {party['tax_id']}" if party["tax_id"] else ""


def _row(line: Mapping[str, Any], currency: str) -> Row:
    unit, quantity = line["unit_minor"], line["quantity"]
    counted = unit is not None or quantity != 1
    return Row(
        description=Words(line["description"]),
        quantity=f"{quantity:,}" if counted else "",
        unit="" if unit is None else Money(unit, currency).display(),
        amount=Money(line["amount_minor"], currency).display(),
    )


def _sums(facts: Mapping[str, Any], currency: str) -> list[Fact]:
    if not facts["tax_name"]:
        return []
    label = f"{facts['tax_name']} {percent(facts['tax_percent'])}%"
    return [
        Fact("Subtotal", Money(facts["net_minor"], currency).display()),
        Fact(label, Money(facts["tax_minor"], currency).display()),
    ]


def _notes(facts: Mapping[str, Any]) -> list[str]:
    currency = facts["currency"]
    name = get_currency_name(currency, count=2, locale=ENGLISH)
    amounts = f"All amounts are in {name} ({currency})."
    invoice = f"{facts['invoice_number']} of {day(facts['invoice_issued_on'])}"
    match facts["kind"]:
        case "receipt":
            return [f"Invoice {invoice} is paid in full.", amounts]
        case "credit_note":
            return [f"This credit note corrects invoice {invoice}.", amounts]
        case _:
            return [f"Please quote {facts['number']} with your payment.", amounts]


# What each kind of document is called, and what its total is.
TITLES = {
    "invoice": ("Invoice", "Amount due", "Total due"),
    "receipt": ("Receipt", "Amount paid", "Total paid"),
    "credit_note": ("Credit note", "Amount credited", "Total credited"),
}
TOLD = {"invoice": _claim, "receipt": _payment, "credit_note": _correction}
