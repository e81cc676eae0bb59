"""The billing portal's page, the receipts and the overview of the fake's own book."""

from __future__ import annotations

import json

from billing_portal.devstack.fake_stripe import amounts, pages, summing
from billing_portal.devstack.fake_stripe.book import Book, Json
from billing_portal.devstack.fake_stripe.pages import Safe

SHOWN = 50


def portal(book: Book, session: Json, *, words: str = "") -> str:
    """Return a customer's cards and receipts, as the configuration allows."""
    customer = book.get("customer", session["customer"])
    features = book.get("billing_portal.configuration", session["configuration"])["features"]
    may_change = features["payment_method_update"]["enabled"]
    url = session["return_url"]
    back = pages.tag("a", "← Back to the shop", href=url, class_="back") if url else Safe("")
    add = pages.button(_at(session), "Add a card", {"do": "add"}, label="Add a card")
    main = pages.fill(
        "portal",
        back=back,
        who=customer["name"] or customer["email"] or customer["id"],
        message=pages.message(words),
        cards=_cards(book, session, customer, may_change=may_change),
        add=add if may_change else Safe(""),
        receipts=_receipts(book, customer["id"]) if features["invoice_history"]["enabled"] else "",
    )
    return pages.page("Your billing", main)


def _cards(book: Book, session: Json, customer: Json, *, may_change: bool) -> Safe:
    methods = list(reversed(book.all("payment_method", customer=customer["id"])))
    if not methods:
        return pages.tag("p", "No card is saved.", class_="soft")
    default = customer["invoice_settings"]["default_payment_method"]
    rows = []
    for method in methods:
        name = pages.card_name(method["card"])
        badge = pages.tag("span", "Default", class_="badge") if method["id"] == default else ""
        acts = _acts(session, method, name, is_default=bool(badge)) if may_change else ""
        rows.append(Safe(f"<li>{pages.tag('span', name, class_='name')}{badge}{acts}</li>"))
    return Safe(f'<ul class="cards">{pages.join(rows)}</ul>')


def _acts(session: Json, method: Json, name: str, *, is_default: bool) -> Safe:
    at, card = _at(session), {"card": method["id"]}
    remove = pages.button(at, "Remove", {**card, "do": "remove"}, label=f"Remove {name}")
    if is_default:
        return remove
    words = "Make default"
    default = pages.button(at, words, {**card, "do": "default"}, label=f"{words}: {name}")
    return pages.join([default, remove])


def _at(session: Json) -> str:
    return f"/p/session/{session['id']}"


def _receipts(book: Book, customer: str) -> Safe:
    charges = book.all("charge", customer=customer, status="succeeded", captured=1)
    rows = [
        (
            pages.day(one["created"]),
            amounts.shown(one["amount_captured"], one["currency"]),
            "Refunded" if one["refunded"] else "Paid",
            pages.tag("a", "Open", href=f"/receipts/{one['id']}"),
        )
        for one in charges[:SHOWN]
    ]
    return pages.table("Receipts", ("Date", "Amount", "State", "Receipt"), rows)


def receipt(charge: Json) -> str:
    """Return Stripe's own receipt of a charge."""
    sum_ = amounts.shown(charge["amount_captured"], charge["currency"])
    words = f"{sum_} on {pages.day(charge['created'])}. {charge['description'] or ''}"
    return pages.notice("Receipt", words)


def overview(book: Book, mode: str) -> str:
    """Return customers, sessions, charges, refunds and deliveries."""
    rows = [
        (code.upper(), *(amounts.shown(one[name], code) for name in one))
        for code, one in summing.summary(book)["currencies"].items()
    ]
    head = ("Currency", "Charged", "Refunded", "Disputed", "Held")
    tables = [
        _customers(book),
        _sessions(book),
        _charges(book),
        _refunds(book),
        _deliveries(book, mode),
    ]
    sums = pages.table("Money", head, rows)
    now = pages.day(book.now())
    main = pages.fill("overview", now=now, sums=sums, tables=pages.join(tables))
    return pages.page("The fake Stripe's book", main)


def _customers(book: Book) -> Safe:
    rows = [
        (one["id"], one.get("name") or "", one.get("email") or "", json.dumps(one.get("metadata")))
        for one in book.all("customer")[:SHOWN]
    ]
    return pages.table("Customers", ("Id", "Name", "E-mail", "Metadata"), rows)


def _sessions(book: Book) -> Safe:
    rows = [
        (
            pages.day(one["created"]),
            one["mode"],
            amounts.shown(one["amount_total"], one["currency"]) if one["amount_total"] else "",
            one["status"],
            pages.tag("a", "Open", href=f"/c/pay/{one['id']}") if one["url"] else "",
        )
        for one in book.all("checkout.session")[:SHOWN]
    ]
    return pages.table("Checkout sessions", ("Opened", "Mode", "Amount", "State", "Page"), rows)


def _charges(book: Book) -> Safe:
    rows = [
        (
            pages.day(one["created"]),
            one["id"],
            amounts.shown(one["amount"], one["currency"]),
            one["status"] if one["captured"] or one["status"] == "failed" else "held",
            one["outcome"]["reason"] or "",
            one["description"] or "",
        )
        for one in book.all("charge")[:SHOWN]
    ]
    return pages.table("Charges", ("Made", "Id", "Amount", "State", "Reason", "For"), rows)


def _refunds(book: Book) -> Safe:
    rows = [
        (
            pages.day(one["created"]),
            one["id"],
            amounts.shown(one["amount"], one["currency"]),
            one["status"] if one["balance_transaction"] else "hold given back",
        )
        for one in book.all("refund")[:SHOWN]
    ]
    return pages.table("Refunds", ("Made", "Id", "Amount", "State"), rows)


def _deliveries(book: Book, mode: str) -> Safe:
    rows = [
        (row["event"], row["type"], row["state"], str(row["tries"]), str(row["status"] or ""))
        for row in book.run("SELECT * FROM deliveries ORDER BY id DESC LIMIT ?", SHOWN)
    ]
    head = ("Event", "Type", "State", "Tries", "Last answer")
    return pages.table(f"Webhooks, {mode}", head, rows)
