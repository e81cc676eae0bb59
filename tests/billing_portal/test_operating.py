"""Staff act on the console: form, preview, confirmation; refused in words, never done twice."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.models import Act, Organization
from invoices.models import Invoice
from payments.models import Payment
from plans.models import Period, Subscription
from tests.billing_portal.staff import address, build_staff, hidden, logged_in, operator, text_of
from tests.builders import MARCH_1, apply, build_organization, build_plan
from wallet.balances import balances
from wallet.models import CreditGrant, LedgerEntry

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)
ACTS = ("apply", "renew", "extend", "adjust", "pay", "suspend", "unsuspend", "details")


def look(client: Client, organization: Organization, act: str, **asked: Any) -> Any:
    """Fill in the form of an act and look at its preview."""
    given = {"token": str(uuid.uuid4()), "reason": "Because", "stage": "preview", **asked}
    return client.post(address(organization, act), given)


def confirm(
    client: Client, organization: Organization, act: str, preview: Any, **asked: Any
) -> Any:
    """Confirm what a preview shows."""
    given = {"reason": "Because", **asked, "stage": "confirm"}
    given |= {"token": hidden(preview, "token"), "digest": hidden(preview, "digest")}
    return client.post(address(organization, act), given)


def do(client: Client, organization: Organization, act: str, **asked: Any) -> Any:
    """Fill in, look, confirm."""
    return confirm(client, organization, act, look(client, organization, act, **asked), **asked)


@pytest.fixture
def acme() -> Organization:
    build_plan("trial", "trial")
    build_plan()
    return build_organization(time_zone="America/New_York", plan="trial")


@time_machine.travel(MARCH_1 + 10 * DAY, tick=False)
def test_a_preview_shows_before_and_after_and_changes_nothing(acme: Organization) -> None:
    preview = look(operator(), acme, "apply", plan="starter", days="45", charge="invoice")

    words = text_of(preview)
    assert "Trial v1" in words
    assert "Starter v1" in words
    assert "11 Mar 2026 - 24 Apr 2026 (America/New_York)" in words
    assert "19 days of the running period" in words
    assert "Total $99.00" in words
    assert Period.objects.count() == 1


@time_machine.travel(MARCH_1 + 10 * DAY, tick=False)
def test_what_was_confirmed_is_done_and_signed_with_its_reason(acme: Organization) -> None:
    client = operator()

    done = do(client, acme, "apply", plan="starter", days="45", charge="invoice", reason="Signed")

    assert done.url == address(acme)
    period = Subscription.objects.get().period
    assert (period.version.name, period.last_day) == ("Starter", dt.date(2026, 4, 24))
    act = Act.objects.first()
    assert act is not None
    assert act.actor is not None
    assert (act.verb, act.reason, act.actor.is_staff) == ("apply_plan", "Signed", True)
    assert "Acme is on Starter until 24 Apr 2026." in text_of(client.get(done.url))


@time_machine.travel(MARCH_1, tick=False)
def test_a_confirmation_that_is_sent_twice_is_done_once(acme: Organization) -> None:
    client, asked = operator(), {"plan": "starter", "charge": "invoice"}
    preview = look(client, acme, "apply", **asked)

    confirm(client, acme, "apply", preview, **asked)
    again = confirm(client, acme, "apply", preview, **asked)

    assert again.url == address(acme)
    assert "nothing happened twice" in text_of(client.get(again.url))
    assert Period.objects.count() == 2
    assert Invoice.objects.count() == 1


@time_machine.travel(MARCH_1, tick=False)
def test_what_moved_meanwhile_is_shown_anew_and_not_done(acme: Organization) -> None:
    client, asked = operator(), {"plan": "starter", "charge": "invoice"}
    preview = look(client, acme, "apply", **asked)
    apply(acme, "starter", now=MARCH_1 + dt.timedelta(minutes=1))

    with time_machine.travel(MARCH_1 + dt.timedelta(minutes=2), tick=False):
        outdated = confirm(client, acme, "apply", preview, **asked)
        assert "Something changed since this preview was made" in text_of(outdated)
        assert hidden(outdated, "digest") != hidden(preview, "digest")
        confirm(client, acme, "apply", outdated, **asked)

    assert Period.objects.count() == 3


@time_machine.travel(MARCH_1 + 10 * DAY, tick=False)
@pytest.mark.parametrize(
    ("act", "asked", "words"),
    [
        ("apply", {"plan": "starter", "days": "0"}, "at least 1 day"),
        ("apply", {"plan": "starter", "last_day": "2026-03-01"}, "The last day is in the past."),
        ("apply", {"plan": "starter", "days": "5", "last_day": "2026-04-01"}, "not both"),
        ("apply", {"plan": "enterprise"}, "Select a valid choice"),
        ("apply", {"plan": "starter", "reason": " "}, "This field is required."),
        ("renew", {}, "The free trial was used already"),
        ("extend", {"days": "0"}, "at least 1 day"),
        ("extend", {"days": "9" * 30}, "at most 10 years"),
        ("adjust", {"credits": "0"}, "Zero credits change nothing."),
        ("adjust", {"credits": "1,5"}, "is not an amount of credits"),
        ("adjust", {"credits": "1.0000001"}, "Credits have 6 decimals"),
        ("adjust", {"credits": "-5", "expires_on": "2026-04-01"}, "A bonus gives credits"),
        ("adjust", {"credits": "5", "expires_on": "2026-03-01"}, "A bonus ends today or later"),
        ("adjust", {"credits": "5", "expires_on": "9999-12-31"}, "within ten years"),
        ("pay", {"reference": "X", "amount": "1.00"}, "There is no open invoice to pay."),
        ("pay", {"reference": "X", "amount": "1.001"}, "USD has 2 decimals"),
        ("details", {"name": "Acme", "time_zone": "Moon/Base"}, "Select a valid choice"),
    ],
)
def test_a_refusal_is_in_words_and_keeps_what_was_typed(
    acme: Organization, act: str, asked: dict[str, str], words: str
) -> None:
    refused = look(operator(), acme, act, **asked)

    page = refused.content.decode()
    assert words in text_of(refused)
    assert "digest" not in page
    assert all(f'value="{typed}"' in page for name, typed in asked.items() if name == "days")
    assert Act.objects.filter(verb__in=["apply_plan", "adjust", "extend_trial"]).count() == 0


@time_machine.travel(MARCH_1 + 40 * DAY, tick=False)
def test_a_trial_that_is_over_is_extended_from_today(acme: Organization) -> None:
    do(operator(), acme, "extend", days="7")

    period = Subscription.objects.get().period
    assert period.last_day == dt.date(2026, 4, 16)
    assert period.days_left(MARCH_1 + 40 * DAY) == 7


@time_machine.travel(MARCH_1, tick=False)
def test_credits_go_to_the_wallet_once_and_with_a_last_day_they_are_a_bonus(
    acme: Organization,
) -> None:
    client = operator()
    preview = look(client, acme, "adjust", credits="12.5")
    confirm(client, acme, "adjust", preview, credits="12.5")
    confirm(client, acme, "adjust", preview, credits="12.5")
    do(client, acme, "adjust", credits="100", expires_on="2026-03-31")

    has = balances(acme, now=MARCH_1)
    assert (has.wallet, has.bonus) == (Decimal("512.5"), Decimal(100))
    assert LedgerEntry.objects.filter(kind="adjustment").count() == 1
    # The bonus lives through the last day where the organization is.
    assert CreditGrant.objects.get().expires_at == dt.datetime(2026, 4, 1, 4, tzinfo=dt.UTC)


@time_machine.travel(MARCH_1, tick=False)
def test_a_bank_payment_settles_the_oldest_invoice_and_its_reference_counts_once(
    acme: Organization,
) -> None:
    apply(acme, "starter", now=MARCH_1 - DAY / 24)
    apply(acme, "starter", now=MARCH_1)
    client, paid = operator(), {"reference": "SEPA 1", "amount": "99.00"}

    form = client.get(address(acme, "pay"))
    do(client, acme, "pay", **paid)
    again = look(client, acme, "pay", **paid)

    assert hidden(form, "amount") == "99.00"
    assert [i.status for i in Invoice.objects.order_by("number")] == ["paid", "open"]
    assert "This reference was recorded before" in text_of(again)
    assert Payment.objects.count() == 1


@time_machine.travel(MARCH_1, tick=False)
def test_an_organization_is_suspended_and_let_go_again(acme: Organization) -> None:
    client = operator()

    do(client, acme, "suspend", reason="Spam")
    page = text_of(client.get(address(acme)))
    assert "Suspended on 1 Mar 2026 04:00: Spam" in page
    assert "organization_suspended" in page

    do(client, acme, "unsuspend", reason="They explained")
    assert not Organization.objects.get().is_suspended
    reasons = Act.objects.filter(verb__in=["suspend", "unsuspend"]).values_list("reason", flat=True)
    assert list(reasons) == ["They explained", "Spam"]


@time_machine.travel(MARCH_1, tick=False)
def test_details_are_changed_by_an_act_that_says_what_was(acme: Organization) -> None:
    asked = {"name": "Acme Inc", "time_zone": "Asia/Tokyo", "currency": "USD", "country": "JP"}

    preview = look(operator(), acme, "details", **asked)
    done = do(operator(), acme, "details", **asked)

    assert "Time zone America/New_York Asia/Tokyo" in text_of(preview)
    assert done.url == address(acme)
    acme.refresh_from_db()
    assert (acme.name, acme.time_zone, acme.country) == ("Acme Inc", "Asia/Tokyo", "JP")
    act = Act.objects.get(verb="amend")
    assert act.before["time_zone"] == "America/New_York"


@pytest.mark.parametrize("act", ACTS)
def test_who_may_only_look_may_not_act(acme: Organization, act: str) -> None:
    client = logged_in(build_staff("view_organization", "change_organization"))

    assert client.get(address(acme)).status_code == 200
    assert client.get(address(acme, act)).status_code == 403
    assert client.post(address(acme, act), {"stage": "confirm"}).status_code == 403
    assert "You may look, not act." in text_of(client.get(address(acme)))


@pytest.mark.parametrize("act", ACTS)
def test_an_act_on_nobody_is_not_found(acme: Organization, act: str) -> None:
    assert operator().get(f"/admin/accounts/organization/999/{act}/").status_code == 404


def test_who_may_not_see_organizations_sees_none(acme: Organization) -> None:
    client = logged_in(build_staff())

    assert client.get(address(acme)).status_code == 403
    assert "Trials ending" not in text_of(client.get("/admin/"))
