"""Apply subscription updates: now, at the end of the period, on a day; and taking it back."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.test import Client

from accounts.models import Organization
from plans.models import ScheduledChange
from plans.resources import report_resources
from plans.standing import standing
from tests.fakes.stripe_world import StripeWorld
from tests.pages import see, words
from tests.payments.conftest import LATE
from tests.payments.paying import a_key
from tests.plans.shopping import (
    CHANGE,
    MARCH_11,
    UPCOMING,
    USAGE,
    send_choice,
    subscribed,
)
from tests.plans.shopping import acme as acme
from tests.plans.shopping import client as client

pytestmark = pytest.mark.django_db


def plan_of(organization: Organization) -> str:
    shown = standing(organization, now=LATE)
    return shown.version.name if shown.version else ""


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
