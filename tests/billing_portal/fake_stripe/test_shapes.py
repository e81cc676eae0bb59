"""The fake speaks as stripe-python's types say that Stripe does; and the checker sees faults."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

import pytest

from billing_portal.devstack.fake_stripe import FakeStripe, parameters
from billing_portal.devstack.fake_stripe.calls import Route
from billing_portal.devstack.fake_stripe.desk import ROUTES
from billing_portal.devstack.fake_stripe.parameters import Choice, Many
from tests.billing_portal.fake_stripe.conftest import Shop
from tests.fakes.stripe_transport import KEY, checked, client_of
from tests.fakes.stripe_types import WrongShape, check_object, check_request, name_of

# Where any text will do for the fake and Stripe has a list of words.
WORDS = {
    "allowed_updates": "email",
    "enabled_events": "charge.succeeded",
    "api_version": "2026-08-26.dahlia",
    "locale": "en",
    "type": "eu_vat",
}
KINDS = {
    "account", "balance_transaction", "billing_portal.configuration", "billing_portal.session",
    "charge", "checkout.session", "customer", "dispute", "event", "payment_intent",
    "payment_method", "refund", "setup_intent", "tax_id", "webhook_endpoint",
}  # fmt: skip


def everything(shop: Shop) -> None:
    """Live a life in which every sort of object gets into every state."""
    v1, fake = shop.v1, shop.fake
    v1.accounts.retrieve_current()
    v1.webhook_endpoints.create({"url": "https://shop.test/", "enabled_events": ["*"]})
    v1.customers.tax_ids.create(shop.customer, {"type": "eu_vat", "value": "DE123456789"})
    v1.billing_portal.configurations.create({"features": {"invoice_history": {"enabled": True}}})
    v1.billing_portal.sessions.create({"customer": shop.customer, "return_url": "https://x.test/"})
    for answer in ("ok", "needs_action", "refused", "dispute", "refund_fails", "lost_answer"):
        fake.complete_checkout(shop.setup().id, answer)
        session = shop.checkout(client_reference_id="7", metadata={"a": "b"})
        fake.complete_checkout(session.id, answer, authenticate=answer != "needs_action")
    fake.expire(shop.setup().id)
    v1.payment_intents.cancel(shop.hold().id, {"cancellation_reason": "abandoned"})
    v1.payment_intents.capture(shop.hold().id)
    shop.hold()
    paid = shop.charge(7000, currency="jpy")
    v1.refunds.create({"payment_intent": paid.id, "amount": 100, "reason": "duplicate"})
    won, lost = fake.dispute(shop.charge().id), fake.dispute(shop.charge().id)
    fake.decide_dispute(won["id"], won=True)
    fake.decide_dispute(lost["id"], won=False)
    saved = v1.setup_intents.create({"customer": shop.customer, "payment_method_types": ["card"]})
    v1.setup_intents.confirm(saved.id, {"payment_method": "pm_card_amex"})
    v1.setup_intents.cancel(v1.setup_intents.create({}).id)
    fake.advance(days=8)
    v1.payment_methods.detach(shop.card)
    v1.customers.delete(shop.customer)


def test_every_object_and_event_of_a_whole_life_has_stripes_shape(shop: Shop) -> None:
    everything(shop)

    things = [json.loads(row["body"]) for row in shop.fake.store.run("SELECT body FROM objects")]

    assert {thing["object"] for thing in things} | {"account"} == KINDS
    for thing in things:
        check_object(thing)


EXPANDED = {
    "charges": ["data.balance_transaction", "data.customer", "data.payment_intent.payment_method"],
    "disputes": ["data.charge.balance_transaction"],
    "payment_intents": ["data.latest_charge.balance_transaction", "data.customer"],
    "refunds": ["data.charge", "data.payment_intent.latest_charge", "data.balance_transaction"],
    "setup_intents": ["data.payment_method"],
    "checkout.sessions": ["data.payment_intent.latest_charge", "data.setup_intent"],
    "balance_transactions": ["data.source"],
}  # fmt: skip


@pytest.mark.parametrize("resource", EXPANDED)
def test_what_is_expanded_still_has_stripes_shape(shop: Shop, resource: str) -> None:
    everything(shop)
    asked = shop.v1
    for part in resource.split("."):
        asked = getattr(asked, part)

    page = asked.list({"limit": 100, "expand": EXPANDED[resource]})

    assert len(page.data) > 1


def sample(shape: Any, name: str, word: str = "") -> Any:
    """Make up a value that the fake would take."""
    if isinstance(shape, Many):
        return [sample(shape.inner, name, word)]
    if isinstance(shape, Choice):
        return word or shape.words[0]
    if isinstance(shape, Mapping):
        return {part.rstrip("!"): sample(inner, part.rstrip("!")) for part, inner in shape.items()}
    values = {
        parameters.whole: 1,
        parameters.flag: True,
        parameters.metadata: {"a": "b"},
        parameters.instants: {"gte": 1},
    }
    return values.get(shape, WORDS.get(name, "x"))


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_parameter_that_the_fake_takes_is_one_of_stripes(route: Route) -> None:
    name = name_of(route.method, route.path)
    if name == "accounts.retrieve":
        assert route.spec == {}
        return
    whole = {
        part.rstrip("!"): sample(shape, part.rstrip("!")) for part, shape in route.spec.items()
    }
    check_request(name, whole)
    for part, shape in route.spec.items():
        for word in shape.words if isinstance(shape, Choice) else ():
            check_request(name, {**whole, part.rstrip("!"): word})


@pytest.mark.parametrize(
    ("params", "problem"),
    [
        ({"amount": "100", "currency": "usd"}, "amount is '100', not int"),
        ({"amount": True, "currency": "usd"}, "amount is True, not int"),
        ({"amount": 100}, "currency is missing"),
        ({"amount": 100, "currency": "usd", "colour": "red"}, "colour is unknown"),
        (
            {"amount": 1, "currency": "usd", "capture_method": "later"},
            "capture_method is 'later', none of 'automatic', 'automatic_async', 'manual'",
        ),
        (
            {"amount": 1, "currency": "usd", "automatic_payment_methods": {}},
            "automatic_payment_methods.enabled is missing",
        ),
        (
            {"amount": 1, "currency": "usd", "metadata": {"a": 1}},
            "metadata.a is 1, not str",
        ),
    ],
)
def test_a_request_that_is_wrong_is_found(params: dict[str, Any], problem: str) -> None:
    with pytest.raises(WrongShape) as caught:
        check_request("payment_intents.create", params)

    assert problem in caught.value.problems


def break_amount(thing: dict[str, Any]) -> str:
    thing["amount"] = str(thing["amount"])
    return "amount is '5000', not int"


def break_status(thing: dict[str, Any]) -> str:
    thing["status"] = "payed"
    return "status is 'payed', none of"


def drop_currency(thing: dict[str, Any]) -> str:
    del thing["currency"]
    return "currency is missing"


def add_colour(thing: dict[str, Any]) -> str:
    thing["colour"] = "red"
    return "colour is unknown"


def break_deep(thing: dict[str, Any]) -> str:
    thing["latest_charge"]["payment_method_details"]["card"]["exp_year"] = "2030"
    return "latest_charge.payment_method_details.card.exp_year is '2030', not int"


@pytest.mark.parametrize(
    "fault", [break_amount, break_status, drop_currency, add_colour, break_deep]
)
def test_an_object_that_is_wrong_is_found(shop: Shop, fault: Any) -> None:
    paid = shop.charge(expand=["latest_charge"])
    thing = json.loads(str(paid))
    check_object(thing, "payment_intent")
    broken = copy.deepcopy(thing)
    problem = fault(broken)

    with pytest.raises(WrongShape, match=problem.replace(".", r"\.")):
        check_object(broken, "payment_intent")


def test_what_passes_is_checked_on_the_way(fake: FakeStripe) -> None:
    def wrong(*asked: Any) -> tuple[int, Mapping[str, str], bytes]:
        return 200, {}, b'{"object": "customer", "id": 7}'

    with pytest.raises(WrongShape, match="id is 7"):
        checked(wrong)("post", "/v1/customers", "email=a", {"Authorization": f"Bearer {KEY}"})
    with pytest.raises(WrongShape, match="colour is unknown"):
        checked(wrong)("post", "/v1/customers", "colour=red", {})


def test_a_parameter_that_stripe_has_and_the_fake_does_not_is_refused_by_name(shop: Shop) -> None:
    with pytest.raises(Exception, match="Received unknown parameter: transfer_group"):
        shop.charge(transfer_group="x")


def test_nothing_is_ever_live(shop: Shop) -> None:
    everything(shop)

    things = [json.loads(row["body"]) for row in shop.fake.store.run("SELECT body FROM objects")]

    assert {thing["livemode"] for thing in things if "livemode" in thing} == {False}


def test_a_fake_that_remembers_goes_on_where_it_stopped(tmp_path: Any) -> None:
    first = FakeStripe(tmp_path / "book.sqlite")
    customer = client_of(first).v1.customers.create({"name": "Acme"}).id
    first.advance(days=3)
    first.close()

    second = FakeStripe(tmp_path / "book.sqlite")

    assert client_of(second).v1.customers.retrieve(customer).name == "Acme"
    assert second.store.now() > client_of(second).v1.customers.retrieve(customer).created + 86_400
    second.close()
