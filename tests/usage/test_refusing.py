"""Usage that the plan does not know is refused by name and listed for staff, one row a meter."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Act, Organization
from accounts.refusals import Invalid
from tests.builders import MARCH_1, a_call, apply, build_organization, build_plan, build_user
from usage.charging import Result, charge
from usage.models import RefusedReport
from usage.refusing import MOST_METERS, dismiss

pytestmark = pytest.mark.django_db
NOON = MARCH_1 + dt.timedelta(hours=3)
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def acme() -> Organization:
    build_plan()
    return build_organization(plan="starter", credits=1000)


def a_meter(acme: Organization, event_id: str, meter: str = "tokens", **facts: Any) -> Any:
    return {
        "organization": acme.external_id,
        "id": event_id,
        "agent": "main",
        "kind": "meter",
        "meter": meter,
        "quantity": "5",
        "at": NOON.isoformat(),
        **facts,
    }


def report(*events: Any, now: dt.datetime = NOON) -> list[Result]:
    return charge(events, now=now)


def test_it_is_refused_by_name_and_listed_with_the_plan_and_what_was_reported(
    acme: Organization,
) -> None:
    [result] = report(a_meter(acme, "t-1"))

    assert (result.status, result.code) == ("refused", "meter_not_in_plan")
    row = RefusedReport.objects.get()
    assert (row.organization, row.meter, row.code) == (acme, "tokens", "meter_not_in_plan")
    assert (row.event_id, row.times, row.first_at, row.last_at) == ("t-1", 1, NOON, NOON)
    assert row.facts["quantity"] == "5"
    assert row.message == "The plan has no rate for tokens."
    assert row.version is not None
    assert row.version.plan.code == "starter"
    assert row.ended_at is None


def test_however_often_it_is_reported_it_is_one_row_that_counts(acme: Organization) -> None:
    report(*(a_meter(acme, f"t-{number}") for number in range(500)))
    report(a_meter(acme, "t-1"), a_meter(acme, "last"), now=NOON + MINUTE)

    row = RefusedReport.objects.get()
    assert (row.times, row.event_id) == (502, "last")
    assert (row.first_at, row.last_at) == (NOON, NOON + MINUTE)


def test_a_flood_of_made_up_meters_is_a_bounded_number_of_rows(acme: Organization) -> None:
    for batch in range(3):
        report(*(a_meter(acme, f"{batch}-{n}", f"meter_{batch}_{n}") for n in range(200)))
    report(a_meter(acme, "again", "meter_0_0"))

    rows = RefusedReport.objects.all()
    assert rows.count() == MOST_METERS + 1
    assert rows.get(meter="").times == 600 - MOST_METERS
    assert rows.get(meter="meter_0_0").times == 2


def test_each_organization_has_its_own_rows(acme: Organization) -> None:
    other = build_organization("Other", plan="starter")

    report(a_meter(acme, "1"), a_meter(other, "1"), a_meter(acme, "2", "storage_gb"))

    listed = RefusedReport.objects.order_by("organization", "meter")
    assert [(row.organization.name, row.meter) for row in listed] == [
        ("Acme", "storage_gb"),
        ("Acme", "tokens"),
        ("Other", "tokens"),
    ]


def test_without_any_plan_it_is_listed_too() -> None:
    none = build_organization("None")

    report(a_call(none))

    row = RefusedReport.objects.get()
    assert (row.code, row.meter, row.version) == ("no_subscription", "call_minutes", None)


def test_what_is_wrong_with_the_report_itself_is_not_listed(acme: Organization) -> None:
    report(a_call(acme, "known"))
    results = report(
        a_call(acme, agent="nobody"), a_call(acme, "known", seconds=90), {}, a_call(acme, seconds=0)
    )

    assert [result.code for result in results] == ["invalid", "id_conflict", "invalid", "invalid"]
    assert not RefusedReport.objects.exists()


def test_it_is_gone_when_the_next_report_of_that_meter_is_charged(acme: Organization) -> None:
    report(a_meter(acme, "t-1"), a_meter(acme, "s-1", "storage_gb"))
    build_plan(rates={"tokens": "0.5"})
    apply(acme, "starter", now=NOON + MINUTE)

    later = (NOON + 2 * MINUTE).isoformat()
    report(a_meter(acme, "t-2", at=later), now=NOON + 2 * MINUTE)

    ended = dict(RefusedReport.objects.values_list("meter", "ended_at"))
    assert ended == {"tokens": NOON + 2 * MINUTE, "storage_gb": None}


def test_a_call_that_did_not_connect_ends_nothing(acme: Organization) -> None:
    build_plan(rates={"call_minutes": {"outbound": "8"}})
    apply(acme, "starter", now=NOON)
    at = NOON.isoformat()
    report(a_call(acme, "web", started_at=at))
    report(a_call(acme, "missed", channel="outbound", seconds=0, connected=False, started_at=at))

    assert RefusedReport.objects.get().ended_at is None


def test_refused_again_after_its_end_it_is_listed_anew(acme: Organization) -> None:
    report(*(a_meter(acme, f"t-{number}") for number in range(3)))
    dismiss(RefusedReport.objects.get(), reason="A mistake of theirs", now=NOON)

    report(a_meter(acme, "t-9"), now=NOON + MINUTE)

    row = RefusedReport.objects.get()
    assert (row.times, row.first_at, row.ended_at, row.reason) == (1, NOON + MINUTE, None, "")


def test_staff_dismiss_it_once_with_a_reason(acme: Organization) -> None:
    report(a_meter(acme, "t-1"))
    row, staff = RefusedReport.objects.get(), build_user()

    with pytest.raises(Invalid):
        dismiss(row, reason=" ", actor=staff, now=NOON)
    dismiss(row, reason="Told them", actor=staff, now=NOON)
    with pytest.raises(Invalid):
        dismiss(row, reason="Me too", actor=staff, now=NOON)

    row.refresh_from_db()
    assert (row.ended_at, row.dismissed_by, row.reason) == (NOON, staff, "Told them")
    assert Act.objects.get(verb="dismiss_refused").reason == "Told them"


def test_where_nothing_is_refused_a_charge_is_one_statement_and_a_batch_two(
    acme: Organization, django_assert_num_queries: Any
) -> None:
    report(a_meter(acme, "t-1"))
    report(a_call(acme))

    with django_assert_num_queries(1):
        report(a_call(acme))
    with django_assert_num_queries(4):  # savepoint, load, record, release
        report(a_call(acme), a_call(acme))
    with django_assert_num_queries(6):  # and what is listed already, and the list
        report(a_call(acme), *(a_meter(acme, f"u-{number}", f"m{number}") for number in range(9)))


def test_the_database_keeps_one_row_for_a_meter_and_none_that_never_was(
    acme: Organization,
) -> None:
    report(a_meter(acme, "t-1"))
    row = RefusedReport.objects.get()

    for changes in ({"pk": None}, {"times": 0}):
        for name, value in changes.items():
            setattr(row, name, value)
        with pytest.raises(IntegrityError), transaction.atomic():
            row.save(force_insert=row.pk is None)
        row.pk = RefusedReport.objects.get().pk
