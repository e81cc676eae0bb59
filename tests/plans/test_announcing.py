"""The platform is told of every turn of a subscription, once, in its order, as it stood then."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from accounts.models import Callback, Organization
from accounts.webhook_endpoints import register
from invoices.models import Invoice
from payments.collecting import record_bank_payment
from payments.models import Payment
from plans.canceling import cancel, undo_cancel
from plans.subscribing import schedule_change
from plans.trials import extend_trial
from tests.builders import MARCH_1, apply, build_organization, build_plan
from tests.plans.life import Life, build_monthly, unpaid_renewal
from usage.charging import charge

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def _listener() -> None:
    """Let the platform hear of everything; what it hears is read where it is owed."""
    register("http://127.0.0.1/hooks", events=[], now=MARCH_1)


def messages(organization: Organization) -> list[dict[str, Any]]:
    """Answer what is owed about an organization, oldest first."""
    owed = Callback.objects.filter(organization=organization).order_by("id")
    return [json.loads(body) for body in owed.values_list("body", flat=True)]


def told(organization: Organization) -> list[str]:
    """Answer the subscription's events, each with the badge it came with."""
    return [
        f"{said['type'].removeprefix('subscription.')} {said['data']['badge']}"
        for said in messages(organization)
        if said["type"].startswith("subscription.")
    ]


def others(organization: Organization) -> list[str]:
    """Answer the events that are about something else."""
    types = [said["type"] for said in messages(organization)]
    return [event for event in types if not event.startswith("subscription.")]


def test_a_trial_that_starts_and_ends_by_the_clock_is_told_of_once_each() -> None:
    build_plan("trial", "trial")
    life = Life()
    acme = build_organization(plan="trial")

    life.at("2026-03-30", "23:00")
    assert told(acme) == ["started trial"]
    life.at("2026-03-31")
    life.at("2026-04-02")

    assert told(acme) == ["started trial", "ended expired"]
    assert messages(acme)[-1] == {
        "type": "subscription.ended",
        "timestamp": "2026-03-31T00:05:00Z",
        "data": {
            "organization": acme.external_id,
            "badge": "expired",
            "banner": None,
            "plan": "trial",
            "period": {"first_day": "2026-03-01", "last_day": "2026-03-30", "days_left": 0},
        },
    }


def test_a_plan_applied_before_the_sweep_noticed_the_end_comes_after_the_end() -> None:
    build_plan("trial", "trial")
    build_plan("starter")
    acme = build_organization(plan="trial")

    apply(acme, "starter", now=MARCH_1 + 40 * DAY)

    assert told(acme) == ["started trial", "ended expired", "started active"]
    assert others(acme) == ["invoice.issued"]


def test_a_plan_in_the_place_of_a_running_one_is_a_change() -> None:
    build_plan("trial", "trial")
    build_plan("starter")
    acme = build_organization(plan="trial")

    apply(acme, "starter", now=MARCH_1 + 3 * DAY)

    assert told(acme) == ["started trial", "changed active"]


def test_a_renewal_is_a_change_with_its_invoice_and_payment() -> None:
    build_monthly()
    life = Life()
    acme = life.subscriber()

    life.at("2026-04-01")

    assert told(acme) == ["started active", "changed active"]
    assert others(acme) == ["invoice.issued", "invoice.paid"]
    changed = messages(acme)[1]["data"]
    assert changed["period"] == {
        "first_day": "2026-04-01",
        "last_day": "2026-04-30",
        "days_left": 30,
    }


def test_an_invoice_is_told_of_with_its_figures() -> None:
    build_plan("starter")
    acme = build_organization(plan="starter")
    record_bank_payment(acme, reference="SEPA-1", now=MARCH_1 + DAY)

    issued, paid = [said for said in messages(acme) if said["type"].startswith("invoice.")]

    assert issued["data"] == {
        "organization": acme.external_id,
        "number": "INV-000001",
        "status": "open",
        "currency": "USD",
        "total": "99.00",
        "issued_on": "2026-03-01",
        "due_on": Invoice.objects.get().due_on.isoformat(),  # type: ignore[union-attr]
        "first_day": "2026-03-01",
        "last_day": "2026-03-30",
    }
    assert paid["data"] == {**issued["data"], "status": "paid"}
    assert paid["timestamp"] == "2026-03-02T09:00:00Z"


def test_a_failed_renewal_is_an_issue_and_its_payment_a_change_back() -> None:
    life, acme = unpaid_renewal()
    assert told(acme)[1:] == ["changed active", "payment_issue payment_issue"]
    assert others(acme) == ["invoice.issued", "payment.failed"]

    record_bank_payment(acme, reference="SEPA-1", now=life.now)
    life.sweep()

    assert told(acme)[3:] == ["changed active"]
    assert others(acme)[2:] == ["invoice.paid"]
    assert messages(acme)[-1]["data"]["banner"] is None


def test_a_failed_payment_is_told_of_each_time_it_fails_and_the_issue_once() -> None:
    life, acme = unpaid_renewal()

    life.at("2026-04-02")
    life.at("2026-04-04")

    assert others(acme).count("payment.failed") == 3
    assert told(acme).count("payment_issue payment_issue") == 1
    failed = next(said for said in messages(acme) if said["type"] == "payment.failed")
    payment = Payment.objects.order_by("id")[0]
    assert failed["data"] == {
        "organization": acme.external_id,
        "id": payment.pk,
        "status": "failed",
        "method": "card",
        "amount": "99.00",
        "currency": "USD",
        "invoice": "INV-000001",
        "failure": payment.failure,
    }


def test_when_the_grace_is_over_it_ends_and_starts_again_on_the_day_of_payment() -> None:
    life, acme = unpaid_renewal()
    life.at("2026-04-08")
    assert told(acme)[3:] == ["ended expired"]
    [ended] = [said for said in messages(acme) if said["type"] == "subscription.ended"]
    assert ended["data"]["banner"] == "payment_pending"

    life.at("2026-04-10", "09:00")
    record_bank_payment(acme, reference="SEPA-1", now=life.now)
    life.sweep()

    assert told(acme)[4:] == ["started active"]


def test_a_cancellation_its_undoing_and_the_end_come_in_their_order() -> None:
    build_monthly()
    life = Life()
    acme = life.subscriber()

    cancel(acme, now=life.at("2026-03-10"))
    cancel(acme, now=life.now)
    undo_cancel(acme, now=life.at("2026-03-11"))
    cancel(acme, now=life.at("2026-03-12"))
    life.at("2026-04-01")

    assert told(acme)[1:] == [
        "canceled canceled",
        "changed active",
        "canceled canceled",
        "ended canceled",
    ]


def test_cancelled_during_the_grace_it_ends_at_once() -> None:
    life, acme = unpaid_renewal()

    cancel(acme, now=life.at("2026-04-03", "12:00"))
    life.at("2026-04-09")

    assert told(acme)[-2:] == ["canceled canceled", "ended canceled"]


def test_a_change_that_is_scheduled_takes_a_cancellation_back_and_comes_on_its_day() -> None:
    build_monthly()
    build_monthly("growth")
    life = Life()
    acme = life.subscriber()
    cancel(acme, now=life.at("2026-03-10"))

    schedule_change(acme, plan="growth", starts_on=dt.date(2026, 3, 20), now=life.now)
    life.at("2026-03-20")

    assert told(acme)[2:] == ["changed active", "changed active"]
    assert [said["data"]["plan"] for said in messages(acme) if "plan" in said["data"]] == [
        "starter",
        "starter",
        "starter",
        "growth",
    ]


@pytest.mark.parametrize(("day", "last"), [(10, "changed trial"), (40, "started trial")])
def test_an_extended_trial_runs_on_or_starts_again(day: int, last: str) -> None:
    build_plan("trial", "trial")
    acme = build_organization(plan="trial")
    now = MARCH_1 + day * DAY

    extend_trial(acme, days=5, reason="asked for", now=now)

    ended = ["ended expired"] if day == 40 else []
    assert told(acme) == ["started trial", *ended, last]


def test_a_trial_whose_sessions_are_used_up_ends_and_a_limit_that_is_reached_is_told() -> None:
    sessions: dict[str, Any] = {"quotas": {"sessions": 2}, "rates": {"sessions": "1"}}
    build_plan("trial", "trial", **sessions)
    build_plan("starter", **sessions)
    life = Life()
    trial = build_organization(plan="trial")
    paying = build_organization("Paying", plan="starter")
    for organization in (trial, paying):
        for number in range(3):
            charge([a_session(organization, number)], now=MARCH_1 + DAY)
    life.at("2026-03-02", "10:00")

    assert told(trial) == ["started trial", "ended expired"]
    reached = [said for said in messages(paying) if said["type"] == "session_limit.reached"]
    assert [said["data"] for said in reached] == [
        {"organization": paying.external_id, "used": 2, "limit": 2}
    ]


def a_session(organization: Organization, number: int) -> dict[str, Any]:
    return {
        "organization": organization.external_id,
        "id": f"session-{number}",
        "agent": "main",
        "kind": "session",
        "started_at": MARCH_1.isoformat(),
        "ended_at": (MARCH_1 + dt.timedelta(hours=1)).isoformat(),
        "answered": True,
    }
