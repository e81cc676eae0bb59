"""Staff apply and renew plans: what the preview shows is what happens, or nothing does."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Act, Letter, Organization
from accounts.refusals import Invalid
from invoices.models import Invoice
from payments.collecting import record_bank_payment
from plans.applying import PlanRequest, apply_plan, propose
from plans.models import Counter, Period, Plan, Subscription
from plans.refusals import (
    ItemNotInPlan,
    NoSubscription,
    PlanNotAvailable,
    PreviewOutdated,
    TrialUsed,
)
from plans.renting import give_back_several, rent_several
from plans.resources import report_resources
from plans.standing import Badge, standing
from tests.builders import (
    MARCH_1,
    a_call,
    apply,
    build_organization,
    build_plan,
)
from usage.charging import charge
from wallet.balances import balances

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def days(organization: Organization) -> tuple[str, str]:
    period = Subscription.objects.get(organization=organization).period
    return f"{period.first_day:%m-%d}", f"{period.last_day:%m-%d}"


def lines(invoice: Invoice) -> list[tuple[str, str]]:
    return [(line.code, str(line.amount)) for line in invoice.lines.order_by("position")]


def test_a_plan_applied_runs_thirty_days_with_an_open_invoice_a_letter_and_an_act() -> None:
    build_plan()
    acme = build_organization()

    apply(acme, "starter", now=MARCH_1)

    stands = standing(acme, now=MARCH_1)
    assert days(acme) == ("03-01", "03-30")
    assert (stands.badge, stands.days_left) == (Badge.ACTIVE, 30)
    invoice = Invoice.objects.get()
    assert (invoice.number, invoice.status, str(invoice.total)) == ("INV-000001", "open", "99.00")
    assert Letter.objects.get().document_number == "INV-000001"
    assert Act.objects.filter(verb="apply_plan", reason="test").count() == 1


def test_what_is_previewed_is_what_is_done() -> None:
    build_plan(included_credits="100")
    acme = build_organization(plan="starter")
    charge([a_call(acme, channel="outbound")], now=MARCH_1 + DAY)
    report_resources(acme, counts={"agents": 12}, now=MARCH_1)
    request = PlanRequest(plan="starter", days=45)

    change = propose(acme, request, now=MARCH_1 + 2 * DAY)
    period = apply_plan(acme, request, reason="agreed", digest=change.digest, now=MARCH_1 + 2 * DAY)

    assert (change.window.first_day, change.window.last_day) == (period.first_day, period.last_day)
    assert change.plan_credits_expired == 92
    assert change.plan_credits_granted == 100
    assert [(lost.meter, lost.used) for lost in change.counters_lost] == [("outbound_calls", 1)]
    assert [(over.resource, over.used, over.limit) for over in change.over_limits] == [
        ("agents", 12, 10)
    ]
    assert balances(acme, now=MARCH_1 + 2 * DAY).plan_credits == 100
    assert not Counter.objects.filter(period=period).exists()


@pytest.mark.parametrize("moved", ["plan", "catalogue", "resources", "day", "rental"])
def test_a_preview_that_is_outdated_is_refused_and_nothing_is_done(moved: str) -> None:
    build_plan()
    acme = build_organization(plan="starter")
    request, now = PlanRequest(plan="starter"), MARCH_1 + DAY
    digest = propose(acme, request, now=now).digest
    if moved == "plan":
        apply(acme, "starter", now=now)
    elif moved == "catalogue":
        build_plan(price={"USD": "109.00"})
    elif moved == "resources":
        report_resources(acme, counts={"agents": 11}, now=now)
    elif moved == "day":
        now += DAY
    else:
        rent_several(acme, item="phone_number", quantity=1, now=now)
    before = Period.objects.count()

    with pytest.raises(PreviewOutdated):
        apply_plan(acme, request, reason="agreed", digest=digest, now=now)

    assert Period.objects.count() == before


def test_a_custom_window_ends_on_its_last_day_and_sets_the_anchor_after_it() -> None:
    build_plan(period="1 month")
    acme = build_organization()

    apply(acme, "starter", now=MARCH_1, last_day=dt.date(2026, 4, 14))

    assert days(acme) == ("03-01", "04-14")
    assert Subscription.objects.get().anchor_day == 15


@pytest.mark.parametrize(
    "window",
    [
        {"days": 0},
        {"days": -3},
        {"days": 10**9},
        {"last_day": dt.date(2026, 2, 28)},
        {"last_day": dt.date(9999, 12, 31)},
        {"days": 3, "last_day": dt.date(2026, 3, 5)},
    ],
)
def test_a_window_that_cannot_be_is_refused_with_its_field(window: dict[str, Any]) -> None:
    build_plan()
    acme = build_organization()

    with pytest.raises(Invalid) as refusal:
        apply(acme, "starter", now=MARCH_1, **window)

    assert set(refusal.value.fields) <= {"days", "last_day"}
    assert not Period.objects.exists()


def test_a_plan_without_a_reason_is_refused() -> None:
    build_plan()
    acme = build_organization()

    with pytest.raises(Invalid) as refusal:
        apply_plan(acme, PlanRequest(plan="starter"), reason="  ", now=MARCH_1)

    assert "reason" in refusal.value.fields


def test_unknown_retired_and_unpriced_plans_are_not_available() -> None:
    build_plan()
    build_plan("old")
    Plan.objects.filter(code="old").update(retired_at=MARCH_1)
    build_plan("dollars", price={"USD": "1.00"})
    acme = build_organization(currency="EUR")

    for code in ("nonsense", "old", "dollars"):
        with pytest.raises(PlanNotAvailable):
            apply(acme, code, now=MARCH_1)


def test_renewing_takes_the_newest_version_and_without_a_plan_is_refused() -> None:
    build_plan()
    acme, fresh = build_organization(plan="starter"), build_organization()
    newer = build_plan(price={"USD": "120.00"})

    period = apply_plan(acme, PlanRequest(), reason="renewal", now=MARCH_1 + 31 * DAY)

    assert period.version == newer.version
    with pytest.raises(NoSubscription):
        apply_plan(fresh, PlanRequest(), reason="renewal", now=MARCH_1)


def test_a_trial_is_given_once_whoever_starts_it() -> None:
    build_plan("trial", "trial")
    build_plan()
    acme = build_organization(plan="trial")
    apply(acme, "starter", now=MARCH_1 + DAY)

    with pytest.raises(TrialUsed):
        apply(acme, "trial", now=MARCH_1 + 2 * DAY)

    assert balances(acme, now=MARCH_1).wallet == 500
    build_plan("second", "trial")
    with pytest.raises(TrialUsed):
        apply(acme, "second", now=MARCH_1 + 2 * DAY)


def test_a_plan_that_costs_nothing_has_no_invoice() -> None:
    build_plan(price={})
    acme = build_organization()

    apply(acme, "starter", now=MARCH_1)

    assert not Invoice.objects.exists()


def test_without_invoice_means_none() -> None:
    build_plan()
    acme = build_organization()

    apply(acme, "starter", now=MARCH_1, invoiced=False)

    assert not Invoice.objects.exists()
    assert Letter.objects.get().document_number == ""


def test_rentals_are_charged_whole_and_those_begun_meanwhile_by_the_day() -> None:
    build_plan()
    acme = build_organization(plan="starter")
    rent_several(acme, item="phone_number", quantity=2, now=MARCH_1 + 20 * DAY)

    apply(acme, "starter", now=MARCH_1 + 30 * DAY)
    apply(acme, "starter", now=MARCH_1 + 60 * DAY)

    _, second, third = Invoice.objects.order_by("id")
    assert lines(second) == [
        ("plan", "99.00"),
        ("rental:phone_number", "4.00"),
        ("rental_prorata:phone_number", "1.33"),
    ]
    assert lines(third) == [("plan", "99.00"), ("rental:phone_number", "4.00")]


def test_a_rental_counts_to_the_day_before_an_earlier_change() -> None:
    build_plan()
    acme = build_organization(plan="starter")
    rent_several(acme, item="phone_number", quantity=1, now=MARCH_1 + 10 * DAY)

    apply(acme, "starter", now=MARCH_1 + 13 * DAY)

    assert lines(Invoice.objects.latest("id"))[-1] == ("rental_prorata:phone_number", "0.20")


def test_what_is_returned_is_free_at_once_and_no_more_than_is_held_goes_back() -> None:
    build_plan()
    acme = build_organization(plan="starter")
    rent_several(acme, item="phone_number", quantity=1, now=MARCH_1)

    with pytest.raises(Invalid):
        give_back_several(acme, item="phone_number", quantity=2, now=MARCH_1)
    give_back_several(acme, item="phone_number", quantity=1, now=MARCH_1)

    with pytest.raises(ItemNotInPlan):
        rent_several(acme, item="yacht", quantity=1, now=MARCH_1)


def test_unused_days_of_a_paid_period_are_credited_where_staff_say_so() -> None:
    build_plan(price={"USD": "300.00"}, quotas={"outbound_calls": 10})
    acme = build_organization(plan="starter")
    record_bank_payment(acme, reference="B-1", now=MARCH_1)
    charge([a_call(acme, channel="outbound") for _ in range(2)], now=MARCH_1 + DAY)

    apply(acme, "starter", now=MARCH_1 + 2 * DAY, credit_unused=True)
    apply(acme, "starter", now=MARCH_1 + 3 * DAY, credit_unused=True)

    _, second, third = Invoice.objects.order_by("id")
    # 27 of 30 days are not begun, but of the quota only 8 of 10 calls are unused.
    assert lines(second) == [("plan", "300.00"), ("unused_days", "-240.00")]
    assert lines(third) == [("plan", "300.00")]  # the second was never paid


def test_unused_days_are_never_more_than_the_new_plan_costs() -> None:
    build_plan(price={"USD": "300.00"})
    build_plan("small", price={"USD": "50.00"})
    acme = build_organization(plan="starter")
    record_bank_payment(acme, reference="B-1", now=MARCH_1)

    apply(acme, "small", now=MARCH_1 + DAY, credit_unused=True)

    assert Invoice.objects.count() == 1  # nothing is left to pay, so there is no invoice
    assert standing(acme, now=MARCH_1 + DAY).badge == Badge.ACTIVE


def test_plan_credits_expire_with_their_period_and_leave_an_entry() -> None:
    build_plan(included_credits="100")
    acme = build_organization(plan="starter")

    apply(acme, "starter", now=MARCH_1 + DAY)

    kinds = acme.ledger_entries.order_by("id").values_list("kind", "credits")
    assert list(kinds) == [
        ("plan_credits", Decimal(100)),
        ("expiry", Decimal(-100)),
        ("plan_credits", Decimal(100)),
    ]


def test_rent_begun_meanwhile_waits_for_the_next_invoice_where_staff_issue_none() -> None:
    build_plan()
    acme = build_organization(plan="starter")
    rent_several(acme, item="phone_number", quantity=1, now=MARCH_1 + 10 * DAY)

    apply(acme, "starter", now=MARCH_1 + 13 * DAY, invoiced=False)
    apply(acme, "starter", now=MARCH_1 + 20 * DAY)

    assert lines(Invoice.objects.latest("id"))[-1] == ("rental_prorata:phone_number", "0.20")
