"""Stripe is never waited for while rows may be locked: the gateway itself refuses."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from payments.gateway import at_stripe
from tests.fakes.stripe_world import StripeWorld
from tests.pages import statements

pytestmark = pytest.mark.django_db


def test_within_a_transaction_stripe_is_not_asked() -> None:
    world = StripeWorld()

    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        world.gateway.make_customer("acme", name="Acme", email="", key="one")

    assert world.fake.moved() == []
    assert (
        world.gateway.cards_of(world.gateway.make_customer("b", name="B", email="", key="b")) == []
    )


def test_nor_over_the_real_network(settings: Any) -> None:
    settings.STRIPE_TRANSPORT = None
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"

    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        at_stripe().intent("pi_1")


def test_looking_whether_one_is_open_costs_no_statement() -> None:
    world = StripeWorld()

    with statements() as asked:
        world.gateway.make_customer("acme", name="Acme", email="", key="one")

    assert len(asked) == 0
