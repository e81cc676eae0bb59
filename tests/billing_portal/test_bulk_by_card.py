"""Several organizations are renewed by card: each is charged, or refused, by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.models import Organization
from billing_portal.operating.bulk_renewing import MOST_BY_CARD
from payments.models import Payment
from plans.standing import Badge, standing
from tests.billing_portal.staff import hidden, operator, text_of
from tests.billing_portal.test_operating_several import OVER, dry_run, renew
from tests.builders import build_organization, build_plan
from tests.fakes.stripe_world import StripeWorld

pytestmark = pytest.mark.django_db
RENEW = "/admin/accounts/organization/renew/"


@pytest.fixture
def stripe(settings: Any) -> Iterator[StripeWorld]:
    world = StripeWorld(OVER)
    settings.STRIPE_TRANSPORT = world.fake.transport
    with time_machine.travel(OVER, tick=False):
        yield world


@pytest.fixture
def three(stripe: StripeWorld) -> list[Organization]:
    """One whose card pays, one whose card declines, one without a card; their plans are over."""
    build_plan()
    pays, declines, none = [
        build_organization(name, plan="starter") for name in ("Pays", "Declines", "Without")
    ]
    stripe.card_for(pays)
    stripe.card_for(declines, "declined")
    return [pays, declines, none]


def look_by_card(client: Client, organizations: list[Organization]) -> Any:
    dry = dry_run(client, organizations)
    asked = {name: hidden(dry, name) for name in ("organizations", "token")}
    asked |= {"reason": "x", "charge": "card"}
    return client.post(RENEW, {**asked, "stage": "preview"})


def test_the_dry_run_names_each_card_and_who_has_none(three: list[Organization]) -> None:
    words = text_of(look_by_card(operator(), three))

    assert words.count("$99.00 to Visa ending in") == 2
    assert "Without There is no card" in words
    assert Payment.objects.count() == 0


def test_one_that_is_declined_leaves_the_others_alone(three: list[Organization]) -> None:
    client = operator()
    dry = look_by_card(client, three)

    words = text_of(confirm(client, dry, three))

    assert "1 of 3 renewed" in words
    assert "Pays renewed $99.00 charged to Visa ending in" in words
    assert "was declined" in words
    badges = [standing(one, now=OVER).badge for one in three]
    assert badges == [Badge.ACTIVE, Badge.EXPIRED, Badge.EXPIRED]


def test_the_same_run_sent_twice_charges_each_card_once(three: list[Organization]) -> None:
    client = operator()
    dry = look_by_card(client, three[:1])

    confirm(client, dry, three[:1])
    confirm(client, dry, three[:1])

    assert [payment.status for payment in Payment.objects.all()] == ["paid"]


def test_another_card_than_was_shown_is_not_charged(
    three: list[Organization], stripe: StripeWorld
) -> None:
    client = operator()
    dry = dry_run(client, three[:1])

    # Shown by invoice, sent by card.
    words = text_of(renew(client, dry, three[:1], charge="card"))

    assert "0 of 1 renewed" in words
    assert "Something changed since this preview was made" in words
    assert Payment.objects.count() == 0


def test_by_card_a_run_is_shorter_for_the_page_waits_for_every_card(
    three: list[Organization],
) -> None:
    client = operator()
    asked = {"organizations": str(three[0].pk), "reason": "x", "charge": "card"}
    too_many = [three[0].pk, *range(10**6, 10**6 + MOST_BY_CARD)]

    refused = client.post(RENEW, {**asked, "stage": "confirm", "chosen": too_many})

    assert f"By card renew at most {MOST_BY_CARD} at once." in text_of(refused)
    assert Payment.objects.count() == 0


def test_while_stripe_is_silent_the_others_are_not_asked(
    three: list[Organization], stripe: StripeWorld
) -> None:
    first = build_organization("First", plan="starter")
    stripe.card_for(first, "lost_answer")
    client = operator()
    both = [first, three[0]]
    dry = look_by_card(client, both)

    words = text_of(confirm(client, dry, both))

    assert "as soon as it is paid" in words
    assert "did not answer for the one before" in words
    assert Payment.objects.filter(status="pending").count() == 1


def confirm(client: Client, dry: Any, chosen: list[Organization]) -> Any:
    """Confirm what a dry run by card shows."""
    given = {"reason": "Spring", "stage": "confirm", "charge": "card"}
    given |= {name: hidden(dry, name) for name in ("organizations", "token")}
    for row in dry.context["rows"]:
        if row.change:
            given[f"digest-{row.organization.pk}"] = row.digest
    pks = [organization.pk for organization in chosen]
    return client.post(RENEW, {**given, "chosen": pks})
