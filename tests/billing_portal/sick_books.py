"""Books in which everything has happened once, and faults planted in them below the ORM."""

from __future__ import annotations

import datetime as dt
import hashlib
from decimal import Decimal

from django.db import connection

from accounts.models import Letter, Organization
from billing_portal.devstack.fake_stripe import FakeStripe
from invoices.models import Document
from payments.cards import add_card
from payments.collecting import record_bank_payment
from payments.customers import customer_of
from payments.disputing import take_in_dispute
from payments.refunding import take_in_refund
from plans.renting import rent
from tests.builders import MARCH_1, a_call, apply, build_organization, build_plan
from tests.payments.money_back import gateway_to, refund, told_refunds, top_up
from usage.charging import charge
from wallet.adjusting import adjust_credits
from wallet.credits import Credits

DAY = dt.timedelta(days=1)
NOW = MARCH_1 + 3 * DAY


def healthy_books() -> None:
    """Let two organizations live for three days: trial, plans, invoices, payment, usage, rental."""
    build_plan("trial", kind="trial")
    build_plan()
    build_plan(included_credits="20", allowances={"call_minutes": "5"})
    acme = build_organization("Acme", plan="trial", external_id="acme")
    other = build_organization("Other", plan="starter", external_id="other", credits=100)
    _use(acme, "on-trial", at=MARCH_1)
    apply(acme, "starter", now=MARCH_1 + DAY)
    record_bank_payment(acme, reference="SEPA-1", now=MARCH_1 + DAY)
    _bonus(acme)
    _bonus(other)
    _use(acme, "on-starter", at=MARCH_1 + DAY)
    _use(other, "elsewhere", at=MARCH_1 + DAY, channel="outbound")
    apply(acme, "starter", now=MARCH_1 + 2 * DAY)
    rent(acme, item="phone_number", reference="+1", now=NOW)
    _money(other)
    Letter.objects.update(status=Letter.Status.SENT, sent_at=NOW)
    pdf = b"%PDF"
    Document.objects.exclude(number="INV-000003").update(
        pdf=pdf, sha256=hashlib.sha256(pdf).hexdigest(), status="rendered", rendered_at=NOW
    )


def _money(organization: Organization) -> None:
    """Let money come by card and go back in every way: refunded, sent back, won, lost, disputed."""
    fake = FakeStripe(seed=1)
    gateway = gateway_to(fake)
    came_again = top_up(organization, fake, 1000, key="again", card="refund_fails", now=NOW)
    refund(came_again, fake, now=NOW)
    fake.advance(seconds=10)
    take_in_refund(told_refunds(fake, came_again)[0], now=NOW)
    bought = [top_up(organization, fake, 5000, key=f"{n}", now=NOW) for n in range(4)]
    refund(bought[0], fake, 2000, now=NOW)
    for payment, won in ((bought[1], True), (bought[2], False), (bought[3], None)):
        opened = gateway.dispute(fake.dispute(str(payment.intent_id))["id"])
        take_in_dispute(opened, now=NOW)
        if won is not None:
            fake.decide_dispute(opened.id, won=won)
            take_in_dispute(gateway.dispute(opened.id), now=NOW)
    customer = customer_of(organization, gateway=gateway, now=NOW)
    for _ in range(2):
        card = fake.card("ok", customer=customer)["id"]
        add_card(organization, card=card, gateway=gateway, now=NOW)


def _bonus(organization: Organization) -> None:
    adjust_credits(
        organization,
        credits=Credits(Decimal(30)),
        reason="goodwill",
        key="bonus",
        expires_at=NOW + 30 * DAY,
        now=MARCH_1 + DAY,
    )


def _use(
    organization: Organization, event_id: str, *, at: dt.datetime, channel: str = "web"
) -> None:
    """Report a missed call and one of ten minutes; on Starter 5 are included in the plan."""
    facts = {"started_at": at.isoformat(), "channel": channel}
    call = a_call(organization, event_id, seconds=600, **facts)
    missed = a_call(organization, f"{event_id}:missed", connected=False, seconds=0, **facts)
    results = charge([call, missed], now=at + dt.timedelta(minutes=11))
    assert [result.status for result in results] == ["charged", "charged"]


def plant(sql: str) -> None:
    """Change the books as nobody can: without triggers and foreign keys."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(sql)
        assert cursor.rowcount, f"nothing was planted by {sql}"
        cursor.execute("SET LOCAL session_replication_role = origin")


def unguard(table: str, constraint: str) -> None:
    """Drop a constraint until the test is over."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}")
