"""The words of each letter: what they must say, and what people type into them stays text."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.conf import settings

from accounts.letters import compose
from accounts.models import Letter, Organization
from tests.builders import build_organization

pytestmark = pytest.mark.django_db

ENDING = {
    "plan": "Starter",
    "last_day": "14 July 2026",
    "days_left": 7,
    "sessions": "31",
    "quota": 50,
    "used_up": False,
}
INVOICED = {
    "plan": "Starter",
    "first_day": "3 June 2026",
    "last_day": "17 July 2026",
    "invoice_number": "INV-000042",
    "total": "$99.00",
    "due_on": "17 June 2026",
}
BALANCE = {"wallet": "-3.20", "overdraft": "50.00"}
QUOTA = {"meter": "call_minutes", "used": "400", "included": "500"}
PAID = {"amount": "$99.00", "invoice_number": "INV-000042", "receipt_number": "RCP-000007"}
RECHARGE = {"amount": "$50.00", "card": "Visa ending in 4242", "failure": "Your card was declined."}
CEILING = {"amount": "$50.00", "ceiling": "$500.00", "month": "July 2026"}
# Every letter with a context of its own, its subject, and what it must not leave out.
LETTERS: list[tuple[str, dict[str, Any], str, list[str]]] = [
    ("trial_sessions_60", ENDING, "31 of 50 trial sessions are used", ["14 July 2026"]),
    ("trial_sessions_90", ENDING, "31 of 50 trial sessions are used", ["14 July 2026"]),
    ("trial_days_7", ENDING, "7 days left in your trial", ["14 July 2026"]),
    ("trial_days_2", ENDING | {"days_left": 1}, "1 day left in your trial", ["14 July 2026"]),
    ("trial_ended", ENDING, "Your trial has ended", ["last day of your trial was 14 July 2026"]),
    ("trial_ended", ENDING | {"used_up": True}, "Your trial has ended", ["All 50 sessions"]),
    (
        "plan_applied",
        INVOICED,
        "Starter is active until 17 July 2026",
        ["3 June 2026", "INV-000042", "$99.00", "17 June 2026"],
    ),
    (
        "plan_applied",
        INVOICED | {"invoice_number": "", "total": "", "due_on": ""},
        "Starter is active until 17 July 2026",
        ["3 June 2026"],
    ),
    ("period_ending", ENDING, "Starter ends on 14 July 2026", ["7 days left"]),
    ("subscription_ended", ENDING, "Starter has ended", ["14 July 2026", "Nothing is deleted"]),
    (
        "payment_received",
        PAID,
        "Payment received: $99.00 for INV-000042",
        ["$99.00", "RCP-000007"],
    ),
    (
        "payment_received",
        PAID | {"credits": "5,000.00"},
        "Payment received: $99.00 for INV-000042",
        ["5,000.00 credits were added"],
    ),
    (
        "recharge_failed",
        RECHARGE,
        "Your auto-recharge of $50.00 failed",
        ["Visa ending in 4242", "Your card was declined."],
    ),
    (
        "recharge_failed",
        RECHARGE | {"card": ""},
        "Your auto-recharge of $50.00 failed",
        ["there is no card on file"],
    ),
    (
        "recharge_paused",
        RECHARGE,
        "Auto-recharge is paused",
        ["Visa ending in 4242", "choose another default card"],
    ),
    (
        "recharge_paused",
        CEILING,
        "Auto-recharge has reached its limit for July 2026",
        ["stay within $500.00", "was not charged"],
    ),
    (
        "invoice_issued",
        INVOICED,
        "Invoice INV-000042: $99.00, due 17 June 2026",
        ["INV-000042", "$99.00", "17 June 2026"],
    ),
    ("low_balance", BALANCE, "Your credit balance is used up", ["-3.20", "50.00 credits below"]),
    ("balance_blocked", BALANCE, "New work is paused until credits are added", ["-3.20"]),
    ("quota_80", QUOTA, "80 % of your call minutes are used", ["400 of the 500 call minutes"]),
    ("quota_100", QUOTA, "Your call minutes are used up", ["All 500 call minutes"]),
]


def composed(
    organization: Organization, code: str, context: dict[str, Any]
) -> tuple[str, str, str]:
    """Compose a letter; answers its subject, its text and its HTML."""
    made = compose(Letter(organization=organization, code=code, context=context))
    return str(made.subject), str(made.body), str(made.alternatives[0][0])


@pytest.mark.parametrize(("code", "facts", "subject", "said"), LETTERS)
def test_each_letter_says_what_happens_and_offers_one_link(
    code: str, facts: dict[str, Any], subject: str, said: list[str]
) -> None:
    acme = build_organization("Harbor Dental")

    written, text, html = composed(acme, code, facts)

    assert written == subject
    for body in (text, html):
        readable = " ".join(re.sub(r"<style>.*?</style>|<[^>]+>", " ", body, flags=re.S).split())
        assert all(words in readable for words in said)
        assert "Harbor Dental" in readable
        assert settings.CONTACT_ADDRESS in readable
        assert body.count("http") == body.count(f"{settings.SITE_URL}/billing/") == 1
        assert not re.search(r"[{}]|None|  ", readable)
    assert len(re.findall("<a ", html)) == 1


def test_an_invoice_is_spoken_of_only_where_there_is_one() -> None:
    without = INVOICED | {"invoice_number": "", "total": "", "due_on": ""}

    _, text, html = composed(build_organization(), "plan_applied", without)

    assert not any("nvoice" in body for body in (text, html.split("</style>")[1]))


def test_a_plan_without_overdraft_names_no_depth() -> None:
    _, text, _ = composed(build_organization(), "low_balance", BALANCE | {"overdraft": "0.00"})

    assert "below zero" not in text


HOSTILE = '<img src=x onerror=alert(1)>&"\'<a href="https://evil.example">pay here</a>'


@pytest.mark.parametrize(("code", "facts"), [letter[:2] for letter in LETTERS])
def test_what_people_type_is_text_in_html_and_as_typed_in_plain_text(
    code: str, facts: dict[str, Any]
) -> None:
    typed = {name: HOSTILE if isinstance(value, str) else value for name, value in facts.items()}
    acme = build_organization(HOSTILE)

    _, text, html = composed(acme, code, typed)

    assert "<img" not in html
    assert "&lt;img src=x onerror=alert(1)&gt;&amp;&quot;&#x27;&lt;a href=" in html
    assert html.count("<a ") == 1
    assert HOSTILE in text
    assert "&lt;" not in text
