"""Every movement of credits tells what it came from, and leads there."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Act, Organization
from billing_portal.devstack.fake_stripe import FakeStripe
from payments.disputing import take_in_dispute
from payments.models import Dispute, Payment, Refund
from plans.models import Period
from tests.builders import MARCH_1, a_call, build_organization, build_plan
from tests.payments.money_back import gateway_to, refund, top_up
from usage.charging import charge
from usage.models import UsageEvent
from usage.origins import Origin, event_of, origin_of
from wallet.adjusting import adjust_credits
from wallet.credits import Credits
from wallet.granting import expire_due
from wallet.ledger import Posting, post
from wallet.models import CreditGrant, LedgerEntry

pytestmark = pytest.mark.django_db
NOON = MARCH_1 + dt.timedelta(hours=3)
DAY = dt.timedelta(days=1)


@pytest.fixture
def acme() -> Organization:
    build_plan("trial", "trial")
    build_plan(included_credits="20")
    return build_organization(plan="starter", time_zone="Asia/Kolkata")


def told(kind: str, **which: Any) -> Origin:
    return origin_of(LedgerEntry.objects.filter(kind=kind, **which).latest("id"))


def adjust(acme: Organization, credits: int, key: str = "k", **how: Any) -> None:
    adjust_credits(
        acme, credits=Credits(Decimal(credits)), reason="Goodwill", key=key, now=NOON, **how
    )


def test_sign_up_credits_came_with_the_trial() -> None:
    build_plan("trial", "trial")
    organization = build_organization(plan="trial")

    origin = told("signup", organization=organization)

    assert origin.sentences == [
        "They came with Trial v1, which began on 1 Mar 2026.",
        "They never expire.",
    ]
    assert origin.rows == [Period.objects.get()]


def test_plan_credits_are_those_of_a_period_and_end_with_it(acme: Organization) -> None:
    origin = told("plan_credits")

    assert origin.sentences == [
        "They are included in Starter v1 for 1 Mar 2026 to 30 Mar 2026.",
        "They end on 31 Mar 2026, 00:00.",
    ]
    assert origin.rows[0] == acme.periods.get()
    assert origin.rows[-1] == CreditGrant.objects.get()


def test_a_bonus_says_why_and_when_it_ends(acme: Organization) -> None:
    adjust(acme, 5, expires_at=NOON + 10 * DAY)

    origin = told("bonus")

    assert origin.sentences == [
        "Our staff gave them for this reason: “Goodwill”.",
        "They end on 11 Mar 2026, 17:30.",
    ]
    assert origin.rows[0] == Act.objects.get(verb="adjust")


@pytest.mark.parametrize(("credits", "done"), [(7, "added"), (-7, "took")])
def test_an_adjustment_says_why(acme: Organization, credits: int, done: str) -> None:
    adjust(acme, credits)

    origin = told("adjustment")

    assert origin.sentences == [f"Our staff {done} them for this reason: “Goodwill”."]
    assert origin.rows == [Act.objects.get(verb="adjust")]


def test_of_two_adjustments_at_one_instant_each_finds_its_own_act(acme: Organization) -> None:
    for reason in ("First", "Second"):
        adjust_credits(acme, credits=Credits(Decimal(1)), reason=reason, key=reason, now=NOON)

    acts = [origin_of(entry).rows[0] for entry in LedgerEntry.objects.filter(kind="adjustment")]

    assert [act.reason for act in acts if isinstance(act, Act)] == ["Second", "First"]


def test_what_expired_says_what_was_left_of_what(acme: Organization) -> None:
    charge([a_call(acme)], now=NOON)
    expire_due(now=NOON + 40 * DAY)

    origin = told("expiry")

    assert origin.sentences == [
        "16 of 20 credits were left when they ended on 31 Mar 2026, 00:00.",
        "They were granted on 1 Mar 2026.",
    ]
    assert origin.rows == [CreditGrant.objects.get()]


def test_a_top_up_and_its_refund_lead_to_the_payment(acme: Organization) -> None:
    fake = FakeStripe(seed=1)
    payment = top_up(acme, fake, 5000, key="one", now=NOON)
    refund(payment, fake, 2000, now=NOON)

    bought, gone = told("top_up"), told("refund")

    assert bought.sentences[0].startswith("Top-up: $50.00 was paid")
    assert bought.sentences[0].endswith("on 1 Mar 2026, for 5000 credits.")
    assert bought.rows[0] == Payment.objects.get()
    assert gone.sentences[0].startswith("$20.00 of a payment of $50.00 went back for this reason")
    assert gone.sentences[1] == "The credits that it had bought went with the money."
    assert gone.rows[:2] == [Refund.objects.get(), Payment.objects.get()]


def test_a_dispute_leads_to_itself_and_so_do_the_credits_that_came_again(
    acme: Organization,
) -> None:
    fake = FakeStripe(seed=1)
    gateway = gateway_to(fake)
    payment = top_up(acme, fake, 5000, key="one", now=NOON)
    opened = gateway.dispute(fake.dispute(str(payment.intent_id))["id"])
    take_in_dispute(opened, now=NOON)
    fake.decide_dispute(opened.id, won=True)
    take_in_dispute(gateway.dispute(opened.id), now=NOON)

    taken, given = (
        origin_of(entry) for entry in LedgerEntry.objects.filter(kind="refund").order_by("id")
    )

    assert taken.rows[0] == given.rows[0] == Dispute.objects.get()
    assert "contested $50.00" in taken.sentences[0]
    assert given.sentences[1] == "The money came again, and so did the credits."


def test_an_entry_of_usage_came_from_its_event_whatever_the_event_is_called(
    acme: Organization,
) -> None:
    charge([a_call(acme, "a:1", seconds=600), a_call(acme, "a")], now=NOON)

    entries = LedgerEntry.objects.filter(kind="usage").order_by("id")

    events = [event_of(entry) for entry in entries]
    assert [event and event.event_id for event in events] == ["a:1", "a:1", "a"]
    assert UsageEvent.objects.count() == 2


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("usage", "usage:ghost:1"),
        ("signup", "signup"),
        ("top_up", "top_up:nonsense"),
        ("top_up", "top_up:00000000-0000-4000-8000-000000000000"),
        ("refund", "refund:nonsense"),
        ("refund", "dispute:dp_nobody"),
        ("adjustment", "by hand"),
        ("plan_credits", "grant:period:999999"),
        ("expiry", "expiry:7"),
    ],
)
def test_what_nothing_is_kept_of_is_told_so(acme: Organization, kind: str, key: str) -> None:
    post([Posting(acme.pk, kind, Decimal(1), key, "A gift")], now=NOON)

    origin = told(kind, key=key)

    assert origin.sentences == ["“A gift” is all that is kept of it."]
    assert origin.rows == []
