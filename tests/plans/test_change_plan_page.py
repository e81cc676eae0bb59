"""Change plan: what is on offer, what a choice does, and the choice itself, once."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import Organization
from payments.models import Payment
from plans.models import DemoRequest, Period, Plan
from tests.builders import MARCH_1, apply, build_organization, build_plan
from tests.fakes.stripe_world import StripeWorld
from tests.pages import browser_of, see, statements, words
from tests.payments.paying import a_key
from tests.plans.shopping import (
    CHANGE,
    USAGE,
    build_plans,
    pay_checkout,
    send_choice,
    subscribed,
)
from tests.plans.shopping import acme as acme
from tests.plans.shopping import client as client

pytestmark = pytest.mark.django_db


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


def test_who_is_on_the_trial_reads_that_it_ends(acme: Organization) -> None:
    build_plan("trial", "trial", period="14 days")
    said = see(browser_of(build_organization("New", plan="trial")), f"{CHANGE}team/")

    assert "Plan Trial Team" in said
    assert "13 days of the running period that have not begun." in said
    assert "The trial ends when the plan begins, and cannot be started again." in said


def test_a_tax_has_its_own_line(client: Client, settings: object) -> None:
    settings.TAX_NAME, settings.TAX_PERCENT = "VAT", "19"  # type: ignore[attr-defined]  # typed loosely

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
