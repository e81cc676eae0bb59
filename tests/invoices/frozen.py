"""Facts of documents as `invoices.issuing` freezes them, for tests that need no database."""

from __future__ import annotations

from typing import Any

PAID = {"method": "Bank transfer", "reference": "SEPA-44871", "on": "2026-06-12"}


def a_line(
    description: str, unit_minor: int | None, quantity: int = 1, **facts: Any
) -> dict[str, Any]:
    """Make one line; without a unit price its amount is among ``facts``."""
    amount = (unit_minor or 0) * quantity
    return {
        "code": "plan",
        "description": description,
        "quantity": quantity,
        "unit_minor": unit_minor,
        "amount_minor": amount,
    } | facts


def frozen_facts(
    *lines: dict[str, Any],
    currency: str = "USD",
    tax: tuple[str, str, int] = ("", "", 0),
    paid: dict[str, str] | None = None,
    buyer: dict[str, str] | None = None,
    **facts: Any,
) -> dict[str, Any]:
    """Make the facts of an invoice, or with ``paid`` of its receipt.

    ``tax`` is its name, percentage and amount in minor units.
    """
    lines = lines or (a_line("Starter, 3 Jun 2026 - 2 Jul 2026", 9900),)
    net = sum(line["amount_minor"] for line in lines)
    party = {"name": "Acme", "address": "", "country": "", "tax_id": "", "email": ""}
    return {
        "number": "RCP-000007" if paid else "INV-000042",
        "kind": "receipt" if paid else "invoice",
        "invoice_number": "INV-000042",
        "issued_on": "2026-06-12" if paid else "2026-06-03",
        "invoice_issued_on": "2026-06-03",
        "due_on": "2026-06-17",
        "service": ["2026-06-03", "2026-07-02"],
        "seller": {"name": "Intrlume, Inc.", "address": ["1209 Orange Street"], "tax_id": ""},
        "buyer": party | (buyer or {}),
        "currency": currency,
        "lines": list(lines),
        "net_minor": net,
        "tax_name": tax[0],
        "tax_percent": tax[1],
        "tax_minor": tax[2],
        "total_minor": net + tax[2],
        "paid": paid,
        "brand": {
            "name": "Intrlume",
            "logo": "intrlume.svg",
            "colour": "#1d4ed8",
            "contact": "admin@intrlume.tech",
        },
    } | facts
