"""The lists of the console: as many statements for 200 rows as for 10; filters, search, home."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pgtrigger
import pytest
import time_machine
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Act, Agent, Letter, Membership, Organization
from accounts.suspending import suspend
from billing_portal.operating.glances import glance, with_glances
from billing_portal.operating.worklists import WORKLISTS, with_badge
from invoices.models import Document, Invoice, InvoiceLine
from payments.collecting import record_bank_payment
from payments.models import Card, Consent, Dispute, Payment, Refund
from plans.models import Counter, Period, Rental, Subscription
from plans.renting import rent
from plans.standing import Badge, standing
from tests.billing_portal.staff import address, build_staff, logged_in, text_of
from tests.builders import MARCH_1, a_call, apply, build_organization, build_plan, build_user
from usage.charging import charge
from usage.models import UsageEvent
from usage.overview import overview
from wallet.adjusting import adjust_credits
from wallet.credits import Credits
from wallet.models import CreditGrant, LedgerEntry, Wallet

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)
ORGANIZATIONS = "/admin/accounts/organization/"
LISTS = (
    ORGANIZATIONS,
    "/admin/",
    "/admin/accounts/user/",
    "/admin/accounts/membership/",
    "/admin/accounts/agent/",
    "/admin/accounts/letter/",
    "/admin/accounts/act/",
    "/admin/wallet/ledgerentry/",
    "/admin/wallet/creditgrant/",
    "/admin/invoices/invoice/",
    "/admin/invoices/document/",
    "/admin/payments/payment/",
    "/admin/payments/refund/",
    "/admin/payments/dispute/",
    "/admin/payments/card/",
    "/admin/payments/consent/",
    "/admin/plans/plan/",
    "/admin/plans/period/",
    "/admin/plans/rental/",
    "/admin/usage/usageevent/",
    *(f"{ORGANIZATIONS}?worklist={worklist.code}" for worklist in WORKLISTS),
    f"{ORGANIZATIONS}?badge=active",
    f"{ORGANIZATIONS}?q=Acme",
)
# In the order in which they point at each other, with how each is found.
COPIED: tuple[tuple[type[Model], str], ...] = (
    (Organization, "pk"),
    *((model, "organization") for model in (Wallet, Agent, Membership, Letter, Act)),
    *((model, "organization") for model in (Invoice, Period)),
    (Counter, "period__organization"),
    *((model, "organization") for model in (Subscription, Rental, CreditGrant, LedgerEntry)),
    (UsageEvent, "organization"),
    *((model, "invoice__organization") for model in (InvoiceLine, Document)),
    (Payment, "organization"),
    *((model, "payment__organization") for model in (Refund, Dispute)),
    *((model, "organization") for model in (Card, Consent)),
)
UNIQUE: dict[type[Model], list[str]] = {
    Organization: ["external_id"],
    Invoice: ["number"],
    Document: ["number"],
    Dispute: ["stripe_id"],
    Card: ["stripe_id"],
}


@pytest.fixture
def superuser() -> Iterator[Client]:
    with time_machine.travel(MARCH_1 + DAY, tick=False):
        yield logged_in(build_staff(superuser=True))


def make_one() -> Organization:
    """Make an organization that leaves a row in every list."""
    acme = build_organization("Acme", plan="starter", now=MARCH_1)
    rent(acme, item="phone_number", reference="+1", now=MARCH_1)
    charge([a_call(acme)], now=MARCH_1 + DAY / 24)
    adjust_credits(
        acme,
        credits=Credits(Decimal(5)),
        reason="test",
        key="bonus",
        expires_at=MARCH_1 + 9 * DAY,
        now=MARCH_1,
    )
    _money(acme, record_bank_payment(acme, reference="SEPA", now=MARCH_1))
    apply(acme, "starter", now=MARCH_1 + DAY / 2)
    return acme


def _money(acme: Organization, payment: Payment) -> None:
    """Leave rows as refunds, disputes and cards leave them; nobody is asked for them."""
    of = {"payment": payment, "amount_minor": 100}
    user = build_user()
    Refund.objects.create(**of, key="a", status="pending", actor=user, created_at=MARCH_1)
    Dispute.objects.create(**of, stripe_id="du_1", opened_at=MARCH_1)
    card = {"stripe_id": "pm_1", "last4": "4242", "exp_month": 1, "exp_year": 2030}
    Card.objects.create(organization=acme, brand="visa", created_at=MARCH_1, **card)
    Consent.objects.create(organization=acme, actor=user, enabled=True, at=MARCH_1)


@pgtrigger.ignore("invoices.InvoiceLine:no_line_after_issue")
def copy_whole(pattern: Organization, name: str) -> None:
    """Copy an organization with all its rows, each pointing at the others' copies."""
    copied: dict[tuple[Any, Any], Any] = {}
    for model, of in COPIED:
        for row in model._default_manager.filter(**{of: pattern.pk}).order_by("pk"):
            values = {}
            for field in row._meta.concrete_fields:
                value = getattr(row, field.attname)
                if field.is_relation:
                    value = copied.get((field.related_model, value), value)
                if field.is_relation or not field.primary_key:
                    values[field.attname] = value
            values |= dict.fromkeys(UNIQUE.get(model, ()), f"{name}-{row.pk}")
            if "token" in values:
                values["token"] = uuid.uuid4()
            copied[model, row.pk] = model._default_manager.create(**values).pk


def statements(client: Client) -> dict[str, int]:
    counts = {}
    for path in LISTS:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert client.get(path).status_code == 200, path
        counts[path] = len(captured)
    return counts


def test_two_hundred_rows_cost_no_more_statements_than_ten(superuser: Client) -> None:
    build_plan()
    acme = make_one()
    for number in range(1, 10):
        copy_whole(acme, str(number))
    statements(superuser)
    few = statements(superuser)

    for number in range(10, 200):
        copy_whole(acme, str(number))

    assert statements(superuser) == few


def test_the_page_of_an_organization_costs_the_same_with_much_history(superuser: Client) -> None:
    build_plan()
    acme = build_organization(plan="starter")
    rent(acme, item="phone_number", reference="1", now=MARCH_1)

    def count() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert superuser.get(address(acme)).status_code == 200
        return len(captured)

    charge([a_call(acme)], now=MARCH_1 + DAY / 24)
    record_bank_payment(acme, reference="SEPA", now=MARCH_1)
    count()
    before = count()
    for place in range(20):
        apply(acme, "starter", now=MARCH_1 + DAY / 2 + place * DAY / 1000)
        record_bank_payment(acme, reference=f"SEPA {place}", now=MARCH_1)
        charge([a_call(acme)], now=MARCH_1 + DAY)

    assert count() == before


def in_every_state() -> None:
    """Make organizations of every badge and worklist, around one instant."""
    build_plan("trial", "trial")
    build_plan()
    now = MARCH_1
    build_organization("No plan")
    build_organization("Trial", plan="trial", now=now - 3 * DAY)
    ending = build_organization("Trial ending", plan="trial", now=now - 26 * DAY)
    ending.periods.update(reminded_at=now - 3 * DAY)
    build_organization("Trial over", plan="trial", now=now - 40 * DAY)
    used_up = build_organization("Trial used up", plan="trial", now=now - 3 * DAY)
    used_up.periods.update(used_up_at=now - DAY)
    build_organization("Starter", plan="starter", now=now - 3 * DAY, credits=5)
    build_organization("Starter ending", plan="starter", now=now - 24 * DAY)
    build_organization("Starter over", plan="starter", now=now - 40 * DAY)
    poor = build_organization("Poor", plan="starter", now=now - 3 * DAY)
    charge([a_call(poor, seconds=3600, started_at=(now - DAY).isoformat())], now=now)
    stopped = build_organization("Stopped", plan="starter", now=now - 3 * DAY)
    suspend(stopped, reason="Spam", now=now)


def names(client: Client, query: str) -> set[str]:
    page = client.get(f"{ORGANIZATIONS}?{query}")
    return {row.name for row in page.context["cl"].result_list}


def test_what_the_list_says_is_what_the_page_says() -> None:
    in_every_state()

    for organization in with_glances(Organization.objects.all(), now=MARCH_1):
        seen, whole = glance(organization, now=MARCH_1), overview(organization, now=MARCH_1)
        assert seen.standing == whole.standing
        assert (seen.balance, seen.bell) == (whole.balances.wallet, whole.bell)


@pytest.mark.parametrize("badge", Badge)
def test_a_badge_filters_those_that_show_it(badge: Badge) -> None:
    in_every_state()

    everybody = Organization.objects.all()
    shown = {o.name for o in everybody if standing(o, now=MARCH_1).badge == badge}
    assert {o.name for o in with_badge(everybody, badge, now=MARCH_1)} == shown


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("worklist=ending", {"Starter ending"}),
        ("worklist=trials", {"Trial ending"}),
        ("worklist=blocked", {"Poor"}),
        ("worklist=suspended", {"Stopped"}),
        ("worklist=overdue", {"Starter ending", "Starter over"}),
        ("worklist=nonsense", {"everybody"}),
        ("plan=%00&badge=%00&currency=%00&q=%00", {"everybody"}),
        ("badge=none", {"No plan"}),
        ("plan=trial&badge=trial", {"Trial"}),
        ("currency=EUR", set()),
        ("q=used+up", {"Trial used up"}),
        ("q=INV-000003", {"Starter over"}),
    ],
)
def test_staff_find_who_waits_for_them(query: str, expected: set[str]) -> None:
    in_every_state()
    with time_machine.travel(MARCH_1, tick=False):
        found = names(logged_in(build_staff("view_organization")), query)

    assert found == expected or (expected == {"everybody"} and len(found) == 10)


def test_staff_find_an_organization_by_a_members_email_and_by_the_platforms_id() -> None:
    acme = build_organization("Acme", external_id="platform-77")
    build_organization("Other")
    client = logged_in(build_staff("view_organization"))
    owner = acme.memberships.get().user

    assert names(client, f"q={owner.email}") == {"Acme"}
    assert names(client, "q=platform-77") == {"Acme"}


@pytest.mark.parametrize(
    ("local", "late"), [("2026-03-15 23:59", set()), ("2026-03-16 00:00", {"Acme"})]
)
def test_an_invoice_is_overdue_when_its_last_day_is_over_where_the_organization_is(
    local: str, late: set[str]
) -> None:
    build_plan()
    acme = build_organization(time_zone="America/New_York", plan="starter")
    assert acme.invoices.get().due_on == dt.date(2026, 3, 15)
    now = dt.datetime.fromisoformat(local).replace(tzinfo=acme.zone)

    with time_machine.travel(now, tick=False):
        assert names(logged_in(build_staff("view_organization")), "worklist=overdue") == late


def test_home_counts_what_waits_and_leads_there(superuser: Client) -> None:
    build_plan()
    acme = build_organization(plan="starter", now=MARCH_1 - 25 * DAY)
    Letter.objects.filter(organization=acme).update(status="parked")

    home = superuser.get("/admin/")

    cards = {card.title: (card.count, card.url) for card in home.context["cards"]}
    assert cards["Ending within 7 days"] == (1, f"{ORGANIZATIONS}?worklist=ending")
    assert cards["Parked letters"] == (1, "/admin/accounts/letter/?status__exact=parked")
    assert cards["Suspended"][0] == 0
    assert "Acme" in text_of(home)
    for _, url in cards.values():
        assert superuser.get(url).status_code == 200
