"""Staff read every letter before it is mailed; reminders can be declined, notices cannot."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from accounts.letters import REMINDERS, TO_STAFF, compose
from accounts.models import Letter
from billing_portal.letters_page import LETTERS, show
from billing_portal.scenarios.vocabulary import LETTERS as KNOWN
from tests.billing_portal.staff import build_staff, logged_in, text_of
from tests.builders import MARCH_1, build_organization, build_plan

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)
PAGE = "/admin/letters/"


def test_the_page_lists_every_letter_that_there_is() -> None:
    page = logged_in(build_staff("view_letter")).get(PAGE)

    # Stories tell of what customers read.
    assert set(LETTERS) - TO_STAFF == set(KNOWN)
    assert all(code in text_of(page) for code in LETTERS)


@pytest.mark.parametrize("code", LETTERS)
def test_each_letter_is_shown_whole_with_what_is_true_of_the_organization(code: str) -> None:
    build_plan()
    acme = build_organization("Acme & <Sons>", plan="starter", time_zone="Pacific/Auckland")

    shown = show(acme, code, now=MARCH_1 + DAY)

    assert shown.subject
    assert "Acme & <Sons>" in shown.text
    assert "Acme &amp; &lt;Sons&gt;" in shown.html
    for written in (shown.subject, shown.text):
        assert "None" not in written
        assert "  " not in written.replace("\n", "").replace("--", "")
        assert " ," not in written
        assert " ." not in written


@time_machine.travel(MARCH_1 + DAY, tick=False)
def test_a_letter_speaks_of_the_organizations_own_plan_invoice_and_currency() -> None:
    build_plan()
    build_organization("Euro", plan="starter", currency="EUR", external_id="euro")
    client = logged_in(build_staff("view_letter"))

    page = client.get(PAGE, {"letter": "plan_applied", "organization": "euro"})

    words = text_of(page)
    assert "Starter is active until 30 March 2026" in words
    assert "€89.00" in words
    assert "INV-000001" in words
    # The HTML is an attribute, and runs nothing.
    assert '<iframe sandbox srcdoc="&lt;!DOCTYPE html&gt;' in page.content.decode()


def test_an_organization_that_is_not_there_is_told_in_words() -> None:
    client = logged_in(build_staff("view_letter"))

    page = client.get(PAGE, {"letter": "plan_applied", "organization": "nobody"})

    assert "No organization has this external id." in text_of(page)
    assert client.get(PAGE, {"letter": "../../settings"}).status_code == 200


def test_reminders_can_be_declined_and_notices_about_money_cannot() -> None:
    acme = build_organization("Acme", external_id="a\nBcc: b@example.com")

    declinable = {
        code
        for code in LETTERS
        if "List-Unsubscribe" in compose(Letter(organization=acme, code=code)).extra_headers
    }

    assert declinable == REMINDERS
    assert not declinable & {"invoice_issued", "payment_received", "payment_failed", "plan_applied"}
    reminder = compose(Letter(organization=acme, code="low_balance"))
    assert reminder.extra_headers["List-Unsubscribe"].startswith("<mailto:")
    assert "Bcc" not in reminder.message()


def test_who_may_not_see_letters_sees_none() -> None:
    assert logged_in(build_staff("view_organization")).get(PAGE).status_code == 403
