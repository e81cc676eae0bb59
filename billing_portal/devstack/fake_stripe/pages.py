"""The hosted pages' looks: small templates, every value escaped."""

from __future__ import annotations

import datetime as dt
import html
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from string import Template

from billing_portal.devstack.fake_stripe import amounts, cards
from billing_portal.devstack.fake_stripe.book import Json

TEMPLATES = Path(__file__).parent / "templates"
BRAND_WORDS = {
    "visa": "Visa",
    "mastercard": "Mastercard",
    "amex": "American Express",
    "discover": "Discover",
    "diners": "Diners Club",
    "jcb": "JCB",
    "unionpay": "UnionPay",
}
# Number, and what becomes of it; those that only differ in a charge are left out in set-up.
TEST_CARDS = (
    ("4242424242424242", "Works"),
    ("5555555555554444", "Works"),
    ("378282246310005", "Works"),
    ("6011111111111117", "Works here; the shop may not take it"),
    ("4000000000000002", "Is declined"),
    ("4000000000000341", "Can be saved, then every charge is declined"),
    ("4000000000009995", "Insufficient funds"),
    ("4000000000000069", "Expired"),
    ("4000000000009979", "Stolen"),
    ("4000002760003184", "Needs 3-D Secure"),
    ("4000000000000259", "Works, is disputed at once"),
    ("4000000000005126", "Works, its refunds fail"),
    ("4000000000008888", "Charges and hangs up: nobody hears of it"),
)


class Safe(str):
    """HTML that is finished."""

    __slots__ = ()


def fill(name: str, **values: str) -> Safe:
    """Return a template with its values; what is not finished HTML is escaped."""
    template = Template((TEMPLATES / f"{name}.html").read_text())
    return Safe(template.substitute({key: escape(value) for key, value in values.items()}))


def escape(value: str) -> Safe:
    """Return a text as HTML."""
    return value if isinstance(value, Safe) else Safe(html.escape(value))


def join(parts: Iterable[Safe]) -> Safe:
    """Return finished parts as one."""
    return Safe("\n".join(parts))


def tag(name: str, text: str, **attributes: str) -> Safe:
    """Return one element; `class_` is its class."""
    words = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
    )
    return Safe(f"<{name}{words}>{escape(text)}</{name}>")


def page(title: str, main: Safe, *, kind: str = "plain") -> str:
    """Return a whole page."""
    return fill("page", title=title, main=main, kind=kind)


def notice(heading: str, words: str, *, link: str | None = None, go: str = "Go on") -> str:
    """Return a page that only says something."""
    anchor = tag("a", go, href=link, class_="button") if link else Safe("")
    return page(heading, fill("notice", heading=heading, words=words, link=anchor))


def message(words: str) -> Safe:
    """Return what went wrong, to be read at once."""
    return tag("p", words, class_="message", role="alert") if words else Safe("")


def card_name(card: Json) -> str:
    """Return a card as a person knows it."""
    brand = BRAND_WORDS.get(card["brand"], card["brand"])
    return f"{brand} •••• {card['last4']}, {card['exp_month']:02}/{card['exp_year']}"


def choices(saved: Sequence[Json]) -> tuple[Safe, Safe]:
    """Return the customer's own cards and the test cards, each to be chosen."""
    own = [
        _choice(one["id"], card_name(one["card"]), "", chosen=place == 0)
        for place, one in enumerate(saved)
    ]
    tests = []
    for place, (number, words) in enumerate(TEST_CARDS):
        card = cards.named(number)
        brand = BRAND_WORDS[card.brand] if card else ""
        chosen = place == 0 and not saved
        tests.append(_choice(number, f"{words} ({brand})", f"•••• {number[-4:]}", chosen=chosen))
    box = Safe("")
    if own:
        legend = tag("legend", "Your saved cards")
        box = Safe(f"<fieldset>{legend}{join(own)}</fieldset>")
    return box, join(tests)


def _choice(value: str, words: str, digits: str, *, chosen: bool) -> Safe:
    checked = " checked" if chosen else ""
    return Safe(
        f'<label class="choice"><input type="radio" name="card" value="{escape(value)}" '
        f"required{checked}><span>{escape(words)}</span>"
        f'<span class="digits">{escape(digits)}</span></label>'
    )


def checkout(session: Json, items: Sequence[Json], saved: Sequence[Json], *, words: str) -> str:
    """Return Checkout's page."""
    paying = session["mode"] == "payment"
    amount = amounts.shown(session["amount_total"], session["currency"]) if paying else ""
    own, tests = choices(saved)
    rows = [Safe(f"<li>{tag('span', _line(item))}{tag('span', _sum(item))}</li>") for item in items]
    options = session["saved_payment_method_options"] or {}
    offers = paying and options.get("payment_method_save") == "enabled"
    box = '<label class="row"><input type="checkbox" name="save" value="yes"> Save the card</label>'
    main = fill(
        "checkout",
        heading=items[0]["description"] if items else "Save a card",
        amount=tag("p", amount, class_="amount") if paying else Safe(""),
        lines=Safe(f'<ul class="lines">{join(rows)}</ul>') if len(rows) > 1 else Safe(""),
        leaving="paying" if paying else "saving a card",
        cancel_url=session["cancel_url"] or "/",
        instruction="Pay with a card" if paying else "Save a card for later payments",
        message=message(words),
        action=f"/c/pay/{session['id']}",
        legend="Test cards",
        saved=own,
        cards=tests,
        save=Safe(box) if offers else Safe(""),
        button=f"Pay {amount}" if paying else "Save card",
    )
    return page(f"Pay {amount}" if paying else "Save card", main, kind="checkout")


def _line(item: Json) -> str:
    many = item["quantity"] > 1
    return f"{item['description']} × {item['quantity']}" if many else str(item["description"])


def _sum(item: Json) -> str:
    return amounts.shown(item["amount_total"], item["currency"])


def secure(intent: Json) -> str:
    """Return the bank's page."""
    amount = ""
    if intent["object"] == "payment_intent":
        amount = f"You are about to pay {amounts.shown(intent['amount'], intent['currency'])}."
    main = fill("secure", amount=amount, action=f"/three_d_secure/{intent['id']}")
    return page("3-D Secure", main)


def table(heading: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> Safe:
    """Return a table under its heading."""
    heads = join(tag("th", word, scope="col") for word in head)
    body = join(Safe(f"<tr>{join(tag('td', cell) for cell in row)}</tr>") for row in rows)
    if not rows:
        return Safe(f"{tag('h2', heading)}{tag('p', 'None yet.', class_='soft')}")
    return Safe(
        f'{tag("h2", heading)}<div class="scroll" tabindex="0"><table><thead><tr>{heads}</tr>'
        f"</thead><tbody>{body}</tbody></table></div>"
    )


def button(action: str, words: str, fields: Mapping[str, str], *, label: str) -> Safe:
    """Return a small form of one button."""
    hidden = join(
        Safe(f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">')
        for name, value in fields.items()
    )
    push = tag("button", words, type="submit", class_="small quiet", aria_label=label)
    return Safe(f'<form method="post" action="{escape(action)}">{hidden}{push}</form>')


def day(seconds: int) -> str:
    """Return an instant as a day and a minute, in UTC."""
    return f"{dt.datetime.fromtimestamp(seconds, dt.UTC):%d %b %Y, %H:%M} UTC"
