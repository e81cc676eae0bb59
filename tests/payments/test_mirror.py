"""dj-stripe's tables follow Stripe, beside ours and never in their way."""

from __future__ import annotations

import json
from typing import Any

import pytest
import stripe
from django.apps import apps
from djstripe import models as djstripe

from accounts.models import Organization
from payments.mirror import mirror_due
from payments.models import StripeEvent
from tests.payments.stripe_stage import Stage

pytestmark = pytest.mark.django_db
REAL_KEY = "sk_test_" + "Real" * 8


@pytest.fixture
def stage(stage: Stage, settings: Any) -> Stage:
    settings.STRIPE_SECRET_KEY = REAL_KEY
    settings.STRIPE_TEST_SECRET_KEY = REAL_KEY
    settings.STRIPE_TRANSPORT = stage.fake.transport
    return stage


def a_busy_day(stage: Stage, acme: Organization) -> None:
    """Let something happen to every kind of thing that is mirrored."""
    stage.fake.card("ok", customer=stage.customer(acme))
    stage.hear()
    payment = stage.paid_top_up(acme)
    stage.hear()
    payment.refresh_from_db()
    stage.gateway.refund(str(payment.intent_id), amount_minor=1000, refund="", key="r")
    stage.fake.dispute(str(payment.intent_id))
    stage.gateway.set_default_card(stage.customer(acme), acme.cards.get().stripe_id)
    stage.hear()


def mirrored(stage: Stage) -> int:
    return mirror_due(now=stage.now)


def test_everything_that_was_told_is_in_the_mirror_as_it_is_now(
    stage: Stage, acme: Organization
) -> None:
    a_busy_day(stage, acme)

    assert mirrored(stage) == StripeEvent.objects.filter(status="handled").count()

    counts = {
        model.__name__: model.objects.count()
        for model in (
            djstripe.Customer,
            djstripe.PaymentMethod,
            djstripe.PaymentIntent,
            djstripe.Session,
            djstripe.Dispute,
        )
    }
    assert counts["Customer"] == counts["Session"] == counts["Dispute"] == 1
    # A card's verification hold is an intent too, and its voiding a refund.
    assert (counts["PaymentIntent"], counts["PaymentMethod"]) == (2, 2)
    assert djstripe.Refund.objects.count() == 2
    assert djstripe.Charge.objects.filter(stripe_data__amount_refunded=1000).exists()
    assert djstripe.Event.objects.count() == StripeEvent.objects.count()


def test_what_is_mirrored_is_not_asked_for_again(stage: Stage, acme: Organization) -> None:
    a_busy_day(stage, acme)
    mirrored(stage)

    assert mirrored(stage) == 0


def test_the_real_key_is_in_no_table(stage: Stage, acme: Organization) -> None:
    a_busy_day(stage, acme)
    mirrored(stage)

    for model in apps.get_app_config("djstripe").get_models():
        rows = json.dumps(list(model._default_manager.values()), default=str)
        assert REAL_KEY not in rows, model


def test_silence_leaves_the_rest_for_the_next_time(stage: Stage, acme: Organization) -> None:
    a_busy_day(stage, acme)
    stage.fake.fail_next("hang_up", times=1)
    assert mirrored(stage) == 0
    stage.fake.heal()

    assert mirrored(stage) == StripeEvent.objects.filter(status="handled").count()


def test_an_object_that_dj_stripe_cannot_read_stops_nothing(
    stage: Stage, acme: Organization
) -> None:
    a_busy_day(stage, acme)
    StripeEvent.objects.filter(object_kind="dispute").update(object_id="du_gone")

    assert mirrored(stage) == StripeEvent.objects.filter(status="handled").count()


def test_a_site_without_stripe_mirrors_nothing(stage: Stage, settings: Any) -> None:
    settings.STRIPE_SECRET_KEY = ""

    assert mirrored(stage) == 0


def test_every_question_of_the_library_goes_our_way() -> None:
    assert type(stripe.default_http_client).__name__ == "OurWay"
