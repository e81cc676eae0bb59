"""How the API is asked: keys, unknown parameters, lists, expansion, metadata."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import stripe

from billing_portal.devstack import fake_stripe
from billing_portal.devstack.fake_stripe import FakeStripe
from tests.billing_portal.fake_stripe.conftest import Shop
from tests.fakes.stripe_transport import client_of

FOLDER = Path(fake_stripe.__file__).parent
FOREIGN = ("stripe", "djstripe", "django")


def test_the_fake_knows_neither_stripe_nor_django() -> None:
    imported = [
        (path.name, name.split(".")[0])
        for path in FOLDER.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        for name in _names(node)
        if name.split(".")[0] in FOREIGN
        or (name.startswith("billing_portal") and "fake_stripe" not in name)
    ]

    assert imported == []


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []


@pytest.mark.parametrize("key", ["sk_live_" + "0" * 24, "rk_live_" + "0" * 24, "pk_test_123456"])
def test_a_key_that_is_not_for_tests_is_refused(fake: FakeStripe, key: str) -> None:
    with pytest.raises(stripe.AuthenticationError):
        client_of(fake, key=key).v1.customers.create({})

    assert fake.store.all("customer") == []


def test_a_restricted_test_key_will_do(fake: FakeStripe) -> None:
    assert client_of(fake, key="rk_test_" + "0" * 24).v1.customers.create({}).id


@pytest.mark.parametrize(
    ("params", "code", "param"),
    [
        ({"colour": "red"}, "parameter_unknown", "colour"),
        ({"address": {"street": "x"}}, "parameter_unknown", "address[street]"),
        ({"preferred_locales": "en"}, None, "preferred_locales"),
        ({"tax_exempt": "perhaps"}, None, "tax_exempt"),
        ({"metadata": {"k" * 41: "v"}}, None, f"metadata[{'k' * 41}]"),
        ({"metadata": {"k": "v" * 501}}, None, "metadata[k]"),
    ],
)
def test_what_stripe_does_not_take_is_refused_by_name(
    shop: Shop, params: dict[str, object], code: str | None, param: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        shop.v1.customers.create(params)

    assert (caught.value.code, caught.value.param) == (code, param)


def test_what_does_not_exist_is_missing(shop: Shop) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        shop.v1.customers.retrieve("cus_nobody")

    assert (caught.value.http_status, caught.value.code) == (404, "resource_missing")


def test_metadata_are_merged_unset_and_cleared(shop: Shop) -> None:
    def change(metadata: object) -> dict[str, str]:
        found = shop.v1.customers.update(shop.customer, {"metadata": metadata})
        return dict(found.metadata.items())

    assert change({"a": "1", "b": "2"}) == {"a": "1", "b": "2"}
    assert change({"b": "3", "c": "4"}) == {"a": "1", "b": "3", "c": "4"}
    assert change({"a": ""}) == {"b": "3", "c": "4"}
    assert change("") == {}


def test_lists_are_paged_by_cursors_both_ways(shop: Shop) -> None:
    made = [shop.charge(1000 + place).id for place in range(7)]
    newest_first = made[::-1]

    first = shop.v1.payment_intents.list({"limit": 3, "customer": shop.customer})
    walked = [one.id for one in first.auto_paging_iter()]
    back = shop.v1.payment_intents.list({"limit": 3, "ending_before": newest_first[5]})

    assert ([one.id for one in first.data], first.has_more) == (newest_first[:3], True)
    assert walked == newest_first
    assert [one.id for one in back.data] == newest_first[2:5]
    assert shop.v1.payment_intents.list({"customer": shop.customer, "limit": 7}).has_more is False


def test_lists_know_customers_and_times(shop: Shop) -> None:
    shop.charge()
    shop.fake.advance(hours=1)
    late = shop.charge()
    stranger = shop.v1.customers.create({}).id

    since = {"created": {"gte": late.created}, "customer": shop.customer}

    assert [one.id for one in shop.v1.payment_intents.list(since).data] == [late.id]
    assert shop.v1.payment_intents.list({"customer": stranger}).data == []


def test_what_cannot_be_expanded_is_refused(shop: Shop) -> None:
    for path in ("metadata", "latest_charge.payment_method", "customer.metadata.x", "nothing"):
        with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
            shop.charge(expand=[path])


def test_a_default_card_must_be_the_customers_and_goes_when_detached(shop: Shop) -> None:
    foreign = shop.fake.card()["id"]
    wrong = {"invoice_settings": {"default_payment_method": foreign}}
    with pytest.raises(stripe.InvalidRequestError, match="must be attached"):
        shop.v1.customers.update(shop.customer, wrong)
    right = {"invoice_settings": {"default_payment_method": shop.card}}
    shop.v1.customers.update(shop.customer, right)

    shop.v1.payment_methods.detach(shop.card)

    settings = shop.v1.customers.retrieve(shop.customer).invoice_settings
    assert settings.default_payment_method is None


def test_a_card_is_changed_and_known_by_its_number(shop: Shop) -> None:
    changed = shop.v1.payment_methods.update(
        shop.card, {"card": {"exp_month": 1, "exp_year": 2031}, "metadata": {"a": "b"}}
    )
    given = {"number": "4242424242424242", "exp_month": 5, "exp_year": 2032, "cvc": "123"}
    same = shop.v1.payment_methods.create({"type": "card", "card": given})

    assert (changed.card.exp_month, changed.card.exp_year) == (1, 2031)
    assert same.card.fingerprint == changed.card.fingerprint
    wrong = {**given, "number": "4111111111111111"}
    with pytest.raises(stripe.InvalidRequestError, match="test cards"):
        shop.v1.payment_methods.create({"type": "card", "card": wrong})


def test_the_portals_page_follows_its_configuration(shop: Shop) -> None:
    features = {"payment_method_update": {"enabled": False}, "invoice_history": {"enabled": True}}
    made = shop.v1.billing_portal.configurations.create({"features": features})

    session = shop.v1.billing_portal.sessions.create(
        {"customer": shop.customer, "configuration": made.id, "return_url": "https://x.test/"}
    )

    assert session.configuration == made.id
    listed = shop.v1.billing_portal.configurations.list({"limit": 5}).data
    assert [one.is_default for one in listed] == [True, False]


def test_a_reset_forgets_all_but_where_webhooks_go(shop: Shop) -> None:
    shop.fake.listen("https://shop.test/", "whsec_x")
    shop.charge()

    shop.fake.reset()

    assert shop.fake.book()["charges"] == 0
    assert len(shop.fake.store.all("webhook_endpoint")) == 1
    assert client_of(shop.fake).v1.customers.create({}).id
    assert shop.fake.deliver(lambda *_: 200) == 1
