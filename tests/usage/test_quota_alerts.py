"""Owners are mailed at 80 % and 100 % of quotas and allowances, once each, where the site does."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.letters import deliver_due
from accounts.models import Letter, Organization
from plans.models import Site
from tests.builders import MARCH_1, a_call, apply, build_organization, build_plan
from usage.charging import charge

pytestmark = pytest.mark.django_db

NOON = MARCH_1 + dt.timedelta(hours=3)


def on_plan(**terms: Any) -> Organization:
    build_plan(**{"allowances": {"call_minutes": "10"}, "quotas": {"outbound_calls": 5}, **terms})
    acme = build_organization(plan="starter", credits=1000)
    Site.objects.update(quota_letters=True)
    return acme


def call(acme: Organization, minutes: int = 1, **facts: Any) -> None:
    [result] = charge([a_call(acme, seconds=60 * minutes, **facts)], now=NOON)
    assert result.status == "charged"


def letters() -> list[tuple[str, str, str]]:
    found = Letter.objects.filter(code__startswith="quota_").order_by("id")
    return [(one.code, one.context["meter"], one.context["used"]) for one in found]


def test_each_mark_of_an_allowance_is_mailed_when_it_is_passed() -> None:
    acme = on_plan()

    for _ in range(12):
        call(acme)

    assert letters() == [("quota_80", "call_minutes", "8"), ("quota_100", "call_minutes", "10")]


def test_of_two_marks_passed_at_once_the_higher_is_mailed() -> None:
    acme = on_plan()

    call(acme, 7)
    call(acme, 9)

    assert letters() == [("quota_100", "call_minutes", "10")]


def test_all_reports_of_a_request_count_together() -> None:
    acme = on_plan()

    charge([a_call(acme) for _ in range(9)], now=NOON)

    assert letters() == [("quota_80", "call_minutes", "9")]


def test_a_quota_of_calls_has_its_marks_too() -> None:
    acme = on_plan(allowances={})

    for _ in range(6):
        call(acme, channel="outbound")

    assert letters() == [("quota_80", "outbound_calls", "4"), ("quota_100", "outbound_calls", "5")]


def test_another_period_has_its_marks_again_and_a_late_report_for_the_last_one_none() -> None:
    acme = on_plan()
    call(acme, 8)
    apply(acme, "starter", now=NOON)

    call(acme, 2, started_at=MARCH_1.isoformat())
    call(acme, 8, started_at=NOON.isoformat())

    assert [code for code, *_ in letters()] == ["quota_80", "quota_80"]


def test_sessions_have_letters_of_their_own() -> None:
    acme = on_plan(quotas={"sessions": 1}, rates={"sessions": "1"})
    session = {"kind": "session", "ended_at": NOON.isoformat(), "answered": True}
    report = {**a_call(acme), **session}
    for name in ("channel", "seconds"):
        del report[name]

    charge([report], now=NOON)

    assert letters() == []
    assert Letter.objects.filter(code="session_limit_100").exists()


def test_a_site_that_does_not_ask_for_them_mails_none() -> None:
    acme = on_plan()
    Site.objects.update(quota_letters=False)

    call(acme, 20)

    assert letters() == []


def test_a_charge_that_passes_no_mark_costs_no_statement_more() -> None:
    acme, plain = on_plan(), build_organization("Plain", credits=100)
    build_plan("plain", quotas={}, allowances={})
    apply(plain, "plain", now=MARCH_1)

    def statements(organization: Organization) -> int:
        with CaptureQueriesContext(connection) as asked:
            call(organization)
        return len(asked)

    for organization in (acme, plain):
        statements(organization)
    assert statements(acme) == statements(plain)


def test_the_letter_is_a_reminder_that_can_be_declined() -> None:
    acme = on_plan()
    call(acme, 10)

    deliver_due(now=NOON, find_document=lambda _: ("INV.pdf", b"%PDF", "application/pdf"))

    sent = next(one for one in mail.outbox if one.extra_headers["X-Letter"] == "quota_100")
    assert sent.subject == "Your call minutes are used up"
    assert "All 10 call minutes that this period includes are used." in str(sent.body)
    assert "List-Unsubscribe" in sent.extra_headers
