"""The fake's own book: what really happened to money, to be compared with ours."""

from __future__ import annotations

from typing import Any

from billing_portal.devstack.fake_stripe.book import Book, Json


def moved(book: Book) -> list[Json]:
    """Return the charges that moved money, oldest first."""
    return [one for one in reversed(book.all("charge")) if one["amount_captured"]]


def given_back(book: Book) -> list[Json]:
    """Return the refunds that gave money back, oldest first."""
    refunds = reversed(book.all("refund"))
    return [one for one in refunds if one["balance_transaction"] and one["status"] == "succeeded"]


def open_holds(book: Book) -> list[Json]:
    """Return the intents that hold money on a card, oldest first."""
    return list(reversed(book.all("payment_intent", status="requires_capture")))


def summary(book: Book) -> dict[str, Any]:
    """Return counts, and sums in minor units per currency."""
    with book.lock:
        charges, refunds, disputes = moved(book), given_back(book), book.all("dispute")
        lost = [one for one in disputes if one["status"] != "won"]
        held = open_holds(book)
    sums = {
        "charged": _sums(charges, "amount_captured"),
        "refunded": _sums(refunds, "amount"),
        "disputed": _sums(lost, "amount"),
        "held": _sums(held, "amount_capturable"),
    }
    currencies = sorted({code for one in sums.values() for code in one})
    return {
        "charges": len(charges),
        "refunds": len(refunds),
        "open_holds": len(held),
        "disputes": len(disputes),
        "currencies": {
            code: {name: one.get(code, 0) for name, one in sums.items()} for code in currencies
        },
    }


def _sums(things: list[Json], name: str) -> dict[str, int]:
    sums: dict[str, int] = {}
    for one in things:
        sums[one["currency"]] = sums.get(one["currency"], 0) + one[name]
    return sums
