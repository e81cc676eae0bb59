"""Change plan: what is on offer, what a choice does, and the choice itself, once."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.test import Client

from accounts.models import Organization
from payments.models import Payment
from plans.models import DemoRequest, Period, Plan, ScheduledChange
from plans.resources import report_resources
from plans.standing import standing
from tests.builders import MARCH_1, apply, build_organization, build_plan
from tests.fakes.stripe_world import StripeWorld
from tests.pages import browser_of, see, statements, words
from tests.payments.conftest import LATE
from tests.payments.paying import a_key
from tests.plans.shopping import (
    CHANGE,
    UPCOMING,
    USAGE,
    build_plans,
    pay_checkout,
    send_choice,
    subscribed,
)

pytestmark = pytest.mark.django_db
MARCH_11 = LATE + dt.timedelta(days=10)


@pytest.fixture
def acme(stripe: StripeWorld) -> Organization:
    build_plans()
    return build_organization("Acme")


@pytest.fixture
def client(acme: Organization) -> Client:
    return browser_of(acme)


def plan_of(organization: Organization) -> str:
    shown = standing(organization, now=LATE)
    return shown.version.name if shown.version else ""


def test_plans_are_shown_with_prices_and_what_each_includes(client: Client) -> None:
    said = see(client, CHANGE)

    assert "Team $30.00 for 30 days 100 sessions 5 agents Subscribe to Team" in said
    assert "Growth $90.00 for 30 days 1,000 sessions 50 agents" in said
    assert "Enterprise On request" in said
    assert "Book a demo" in said
    assert "Current plan" not in said


def test_subscribing_shows_price_and_period_before_anything_is_paid(client: Client) -> None:
    said = see(client, f"{CHANGE}team/")

    assert "Subscribe to Team" in said
    assert "Period 1 Mar 2026 \N{EN DASH} 30 Mar 2026" in said
    assert "To pay $30.00" in said
    assert "in a new tab" in said
    assert not Payment.objects.exists()


def test_a_tax_has_its_own_line(client: Client, settings: object) -> None:
    settings.TAX_NAME, settings.TAX_PERCENT = "VAT", "19"  # type: ignore[attr-defined]

    assert "VAT 19 % $5.70 To pay $35.70" in see(client, f"{CHANGE}team/")


def test_the_plan_begins_when_stripe_says_paid_and_not_before(
    acme: Organization, client: Client, stripe: StripeWorld
) -> None:
    to_stripe = send_choice(client, "team")
    payment = Payment.objects.get()
    assert to_stripe["Location"].startswith("http://fake-stripe.invalid/c/pay/cs_")
    assert "Not paid yet." in see(client, f"/billing/payments/{payment.token}/")
    assert not Period.objects.exists()

    pay_checkout(stripe)
    back = client.get(f"/billing/payments/{payment.token}/?paid=1", follow=True)

    assert "Paid. Your plan has begun" in words(back)
    assert "Download the receipt (PDF)" in words(back)
    assert "Active subscription Team 30 days left" in see(client, USAGE)
    assert "Next billing date 31 Mar 2026" in see(client, USAGE)


def test_a_form_that_is_sent_twice_opens_one_checkout_and_later_leads_to_the_payment(
    client: Client, stripe: StripeWorld
) -> None:
    key = a_key()
    first, again = (send_choice(client, "team", key=key) for _ in range(2))
    assert first["Location"] == again["Location"]

    client.get(f"/billing/payments/{pay_checkout(stripe).token}/?paid=1")
    later = client.post(f"{CHANGE}team/", {"key": key, "digest": "0" * 32, "when": "now"})

    assert later["Location"] == f"/billing/payments/{key}/"
    assert Period.objects.count() == Payment.objects.count() == 1
    assert "Paid. Your plan has begun" in see(client, later["Location"])


def test_the_current_plan_is_marked(client: Client, stripe: StripeWorld) -> None:
    subscribed(client, stripe)

    said = see(client, CHANGE)

    assert "Team Current plan $30.00" in said
    assert "Start afresh with Team" in said
    assert "Subscribe to Growth" in said


def test_a_change_now_says_what_is_lost_credited_and_charged_to_which_card(
    acme: Organization, client: Client, stripe: StripeWorld
) -> None:
    subscribed(client, stripe, "growth")
    report_resources(acme, counts={"agents": 8}, now=LATE)

    with time_machine.travel(MARCH_11, tick=False):
        said = see(client, f"{CHANGE}team/?when=now")

    assert "Apply subscription updates" in said
    assert "Plan Growth Team Price per period $90.00 $30.00" in said
    assert "Agents: you have 8 , Team allows 5 . Nothing is deleted" in said
    assert (
        "19 days of the running period that have not begun; $30.00 of them is credited below."
        in said
    )
    assert "Unused days of the running period -$30.00 To pay $0.00" in said
    assert "Another $27.00 of them is lost: it is not paid out." in said
    assert "There is nothing to pay. The plan begins at once." in said


def test_a_change_now_is_charged_to_the_default_card_and_begins(
    acme: Organization, client: Client, stripe: StripeWorld
) -> None:
    subscribed(client, stripe)
    card = stripe.card_for(acme)
    assert f"{card} is charged at once" in see(client, f"{CHANGE}growth/?when=now")

    done = send_choice(client, "growth", when="now")

    assert done["Location"] == USAGE
    assert "Growth runs from today." in see(client, USAGE)
    assert plan_of(acme) == "Growth"
    assert stripe.fake.book()["charges"] == 2


def test_a_declined_change_leaves_everything_as_it_was(
    acme: Organization, client: Client, stripe: StripeWorld
) -> None:
    subscribed(client, stripe)
    stripe.card_for(acme, "declined")

    after = send_choice(client, "growth", when="now")

    said = see(client, after["Location"])
    assert "The payment failed, and nothing was charged. Your card was declined." in said
    assert "Everything else stays as it was." in said
    assert "Choose again" in said
    assert plan_of(acme) == "Team"
    assert acme.invoices.count() == 1


@pytest.mark.parametrize(
    ("asked", "starts_on"),
    [
        ({"when": "period_end"}, dt.date(2026, 3, 31)),
        ({"when": "date", "date": "2026-03-20"}, dt.date(2026, 3, 20)),
        ({"when": "date", "date": "2026-05-02"}, dt.date(2026, 5, 2)),
    ],
)
def test_a_later_change_is_previewed_scheduled_and_shown_as_upcoming(
    acme: Organization,
    client: Client,
    stripe: StripeWorld,
    asked: dict[str, str],
    starts_on: dt.date,
) -> None:
    subscribed(client, stripe)
    day = f"{starts_on:%-d} {starts_on:%b %Y}"

    said = words(client.get(f"{CHANGE}growth/", asked))
    done = send_choice(client, "growth", **asked)

    assert f"From {day}" in said
    assert "As it stands today $90.00" in said
    assert done["Location"] == USAGE
    shown = see(client, USAGE)
    changes = f"It changes to Growth on {starts_on:%-d} {starts_on:%B %Y}."
    assert (changes in shown) is (starts_on < dt.date(2026, 4, 1))
    assert f"Upcoming subscription Growth Starts on {day} Cancel" in shown
    assert f"Growth Starts on {day}" in see(client, CHANGE)
    assert ScheduledChange.objects.get().starts_on == starts_on
    assert plan_of(acme) == "Team"


def test_the_date_of_today_means_now(client: Client, stripe: StripeWorld) -> None:
    subscribed(client, stripe)

    said = see(client, f"{CHANGE}growth/?when=date&date=2026-03-01")

    assert "To pay now" in said


@pytest.mark.parametrize(
    ("date", "why"),
    [
        ("2026-02-28", "Choose a day that is still to come."),
        ("2046-02-28", "A change is at most 10 years ahead."),
        ("", "Pick the date."),
        ("tomorrow", "Enter a valid date."),
    ],
)
def test_a_date_that_cannot_be_is_refused_in_words(
    client: Client, stripe: StripeWorld, date: str, why: str
) -> None:
    subscribed(client, stripe)
    asked = {"when": "date", "date": date}

    for response in (
        client.get(f"{CHANGE}growth/", asked),
        client.post(f"{CHANGE}growth/", {"key": a_key(), "digest": "", **asked}),
    ):
        assert why in words(response)
        assert "Update subscription" not in words(response)
    assert not ScheduledChange.objects.exists()


def test_what_is_confirmed_is_what_was_shown(
    acme: Organization, client: Client, stripe: StripeWorld
) -> None:
    subscribed(client, stripe)
    stripe.card_for(acme)

    for asked in ({"when": "now"}, {"when": "period_end"}):
        response = client.post(
            f"{CHANGE}growth/", {"key": a_key(), "digest": "of another preview", **asked}
        )
        assert "Something changed since this preview was made" in words(response)
    assert plan_of(acme) == "Team"
    assert not ScheduledChange.objects.exists()


def test_the_upcoming_plan_is_cancelled_after_a_question(
    client: Client, stripe: StripeWorld
) -> None:
    subscribed(client, stripe)
    send_choice(client, "growth", when="period_end")

    assert "Growth was to start on 31 March 2026." in see(client, UPCOMING)
    assert ScheduledChange.objects.exists()
    said = words(client.post(UPCOMING, follow=True))

    assert "The scheduled plan is cancelled." in said
    assert "Upcoming" not in said
    assert "No plan change is scheduled." in words(client.post(UPCOMING, follow=True))
    assert client.get(UPCOMING)["Location"] == USAGE


def test_a_demo_is_booked_once(acme: Organization, client: Client) -> None:
    for _ in range(2):
        said = words(client.post(f"{CHANGE}enterprise/demo/", follow=True))

    assert "Enterprise On request 5 agents Request received" in said
    assert DemoRequest.objects.get().plan.code == "enterprise"
    assert "This plan is not available." in words(client.post(f"{CHANGE}team/demo/", follow=True))


@pytest.mark.parametrize("plan", ["enterprise", "nonsense", "hidden"])
def test_what_is_not_to_be_chosen_is_refused_in_words(client: Client, plan: str) -> None:
    build_plan("hidden")

    for response in (
        client.get(f"{CHANGE}{plan}/", follow=True),
        client.post(f"{CHANGE}{plan}/", {"key": a_key(), "when": "now"}, follow=True),
    ):
        assert response.redirect_chain == [(CHANGE, 302)]
        assert "Choose one of the plans that are offered, or ask us." in words(response)
    assert not Payment.objects.exists()


def test_where_staff_decide_there_are_no_buttons_and_posts_are_refused(acme: Organization) -> None:
    Plan.objects.all().update(version=None)
    build_plan("starter")
    client = browser_of(acme)
    apply(acme, "starter", now=MARCH_1)

    page = client.get(CHANGE).content.decode().partition("<main")[2]

    assert "We apply and renew plans for you." in page
    assert "<button" not in page
    assert "billing@example.com" in page
    refused = client.post(f"{CHANGE}starter/", {"key": a_key(), "when": "now"}, follow=True)
    assert "This plan is not available." in words(refused)
    demo = client.post(f"{CHANGE}starter/demo/", follow=True)
    assert "This plan is not available." in words(demo)
    assert acme.periods.count() == 1


def test_stripe_is_down_and_the_page_says_so(client: Client, stripe: StripeWorld) -> None:
    stripe.fake.fail_next("refused", times=99)

    response = send_choice(client, "team")

    assert response.status_code == 503
    assert "does not answer just now" in words(response)
    assert "Nothing was charged." in words(response)


def test_a_plan_in_no_price_of_ours_is_not_sold(stripe: StripeWorld) -> None:
    build_plans()
    client = browser_of(build_organization("Euro", currency="EUR"))

    said = see(client, CHANGE)

    assert "Not sold in EUR." in said
    assert "Subscribe" not in said


def test_more_plans_cost_no_more_statements(client: Client) -> None:
    with statements() as few:
        client.get(CHANGE)
    for number in range(10):
        build_plan(f"more-{number}")
    with statements() as many:
        client.get(CHANGE)

    assert len(many) == len(few) <= 14
