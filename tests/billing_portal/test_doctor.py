"""The doctor finds every fault that is planted below the ORM, and nothing in healthy books."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import StringIO

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from structlog.testing import capture_logs

from accounts.invariants import MOST_SHOWN
from accounts.models import Agent
from billing_portal.doctor import all_invariants, examine
from billing_portal.tenancy import tenant_links
from payments.models import Payment
from plans.models import Period, Rental
from tests.billing_portal.callback_faults import PLANTED as PLANTED_IN_CALLBACKS
from tests.billing_portal.faults_planted import ACME, PLANTED, Planted
from tests.billing_portal.payment_faults import PLANTED as PLANTED_IN_PAYMENTS
from tests.billing_portal.renewal_faults import PLANTED as PLANTED_IN_RENEWALS
from tests.billing_portal.sick_books import DAY, NOW, healthy_books, plant, unguard
from tests.billing_portal.usage_faults import PLANTED as PLANTED_IN_USAGE
from usage.models import UsageEvent

pytestmark = pytest.mark.django_db
FAULTS = (
    *PLANTED,
    *PLANTED_IN_PAYMENTS,
    *PLANTED_IN_RENEWALS,
    *PLANTED_IN_USAGE,
    *PLANTED_IN_CALLBACKS,
)


@pytest.fixture
def _books() -> None:
    healthy_books()


@pytest.fixture
def _later() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def found() -> dict[str, list[str]]:
    """Answer the places that the doctor finds, by invariant."""
    return {
        finding.code: sorted(row.where for row in finding.broken)
        for finding in examine(now=NOW)
        if not finding.ok
    }


@pytest.mark.usefixtures("_books")
def test_healthy_books_break_nothing() -> None:
    assert found() == {}


def test_an_empty_database_breaks_nothing() -> None:
    assert found() == {}


@pytest.mark.usefixtures("_books")
@pytest.mark.parametrize("planted", FAULTS, ids=lambda planted: f"{planted.code} {planted.fault}")
def test_a_planted_fault_is_found_and_nothing_else(planted: Planted) -> None:
    for table, constraint in planted.unguarded:
        unguard(table, constraint)

    plant(planted.sql)

    with connection.cursor() as cursor:
        cursor.execute(planted.places)
        places = sorted(place for (place,) in cursor.fetchall())
    assert places
    assert found() == {planted.code: places}


def test_every_invariant_has_a_fault_that_breaks_it() -> None:
    codes = [invariant.code for invariant in all_invariants()]

    assert sorted(codes) == sorted(set(codes))
    assert set(codes) == {planted.code for planted in FAULTS}


@pytest.mark.usefixtures("_books")
def test_an_organization_without_a_wallet_is_found() -> None:
    plant("INSERT INTO accounts_organization SELECT (jsonb_populate_record(o, jsonb_build_object("
          "'id', 999999, 'external_id', 'bare'))).* FROM accounts_organization o"
          f" WHERE id = {ACME}")  # fmt: skip

    assert found() == {"I1": ["organization 999999"]}


@pytest.mark.usefixtures("_books")
def test_what_is_due_is_broken_only_once_it_is_overdue() -> None:
    late = {finding.code for finding in examine(now=NOW + 40 * DAY) if not finding.ok}

    assert late == {"I16b", "I16c", "I16d"}


@pytest.mark.usefixtures("_books")
def test_of_many_broken_rows_the_first_are_shown() -> None:
    plant("INSERT INTO wallet_ledgerentry (organization_id, kind, credits, balance_after, key,"
          f" description, at) SELECT {ACME}, 'usage', -1, 0, 'usage:ghost-' || n || ':1', '', now()"
          " FROM generate_series(1, 100) n")  # fmt: skip

    rows = next(finding.broken for finding in examine(now=NOW) if finding.code == "I4")

    assert len(rows) == MOST_SHOWN


def test_every_key_from_one_organization_s_row_to_another_s_is_compared() -> None:
    links = {(model, column) for model, column, _ in tenant_links()}

    assert {
        (UsageEvent, "agent_id"),
        (UsageEvent, "period_id"),
        (Rental, "prorata_period_id"),
        (Period, "invoice_id"),
        (Payment, "card_id"),
    } <= links
    assert not [model for model, _ in links if model is Agent]


@pytest.mark.usefixtures("_books", "_later")
def test_the_command_prints_one_line_per_invariant() -> None:
    out = StringIO()

    call_command("doctor", stdout=out)

    lines = out.getvalue().splitlines()
    assert len(lines) == len(all_invariants())
    assert lines[0] == "ok I1 every wallet's balance is the sum of its entries"
    assert all(line.startswith("ok I") for line in lines)


@pytest.mark.usefixtures("_books", "_later")
def test_the_command_names_what_is_broken_and_fails() -> None:
    plant(f"UPDATE wallet_wallet SET balance = 7 WHERE organization_id = {ACME}")
    out = StringIO()

    with pytest.raises(SystemExit) as exit_, capture_logs() as logs:
        call_command("doctor", stdout=out)

    broken = [line for line in out.getvalue().splitlines() if not line.startswith("ok ")]
    assert exit_.value.code == 1
    assert len(broken) == 1
    assert broken[0].startswith("BROKEN I1 every wallet's balance is the sum of its entries: ")
    assert "balance 7.000000, entries " in broken[0]
    assert [(log["event"], log["code"]) for log in logs] == [("invariant_broken", "I1")]


@pytest.mark.usefixtures("_books", "_later")
def test_the_command_answers_programs_in_json() -> None:
    plant("UPDATE plans_period SET look_at = '2026-01-01Z' WHERE number = 1")
    out = StringIO()

    with pytest.raises(SystemExit):
        call_command("doctor", "--json", stdout=out)

    findings = {finding["code"]: finding for finding in json.loads(out.getvalue())}
    assert findings["I1"]["ok"]
    assert findings["I1"]["broken"] == []
    assert not findings["I16d"]["ok"]
    assert {row["what"][:7] for row in findings["I16d"]["broken"]} == {"was due"}
