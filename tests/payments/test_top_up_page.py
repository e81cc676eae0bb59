"""Topping up: the owner sees what an amount buys before anything is paid, and pays once."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import Organization
from payments.models import Payment
from tests.builders import build_organization, build_plan
from tests.fakes.stripe_world import StripeWorld
from tests.pages import browser_of, see, words
from tests.payments.paying import TOP_UP, a_key, balance, sell, send_top_up
from wallet.models import CreditPrice

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme(stripe: StripeWorld) -> Organization:
    build_plan("starter")
    acme = build_organization("Acme", plan="starter")
    sell()
    return acme


def test_the_wallet_offers_amounts_from_the_minimum_upward(acme: Organization) -> None:
    said = see(browser_of(acme), "/billing/wallet/")

    assert "$10.00 1,000.00 credits $20.00 2,000.00 credits" in said
    assert "$50.00 5,000.00 credits $100.00 10,000.00 credits" in said
    assert "At least $10.00 ." in said
    assert "$1.00 buys 100.00 credits." in said


def test_credits_and_total_are_seen_before_paying(acme: Organization) -> None:
    said = see(browser_of(acme), f"{TOP_UP}?amount=50")

    assert "You buy 5,000.00 credits" in said
    assert "To pay $50.00" in said
    assert "Continue to payment" in said
    assert "VAT" not in said
    assert not Payment.objects.exists()


def test_a_tax_has_its_own_line_and_is_in_the_total(acme: Organization, settings: Any) -> None:
    settings.TAX_NAME, settings.TAX_PERCENT = "VAT", "19"

    said = see(browser_of(acme), f"{TOP_UP}?amount=50.00")

    assert "Price $50.00 VAT 19 % $9.50 To pay $59.50" in said


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("9.99", "The smallest top-up is $10.00."),
        ("0", "The amount must be above zero."),
        ("-5", "The amount must be above zero."),
        ("ten", "“ten” is not an amount. Write it like 25.00."),
        ("12,50", "“12,50” is not an amount."),
        ("10.005", "USD has 2 decimals"),
        ("1000000000000", "cannot be paid at once"),
        ("1e99", "is not an amount"),
        ("NaN", "is not an amount"),
        ("", "This field is required."),
        ("9" * 40, "at most 30 characters"),
    ],
)
def test_an_amount_that_cannot_be_is_refused_and_stays_typed(
    acme: Organization, typed: str, why: str
) -> None:
    client = browser_of(acme)

    for response in (client.get(TOP_UP, {"amount": typed}), send_top_up(client, typed)):
        assert response.status_code == 200
        assert why in words(response)
        assert "Continue to payment" not in words(response)
        assert not typed or f'value="{typed}"' in response.content.decode()
    assert not Payment.objects.exists()


def test_a_form_that_is_sent_twice_opens_one_checkout(acme: Organization) -> None:
    client, key = browser_of(acme), a_key()

    first, again = send_top_up(client, key=key), send_top_up(client, key=key)

    payment = Payment.objects.get()
    assert first["Location"] == again["Location"]
    assert first["Location"].startswith("http://fake-stripe.invalid/c/pay/cs_")
    assert first["Referrer-Policy"] == "no-referrer"
    assert (payment.status, str(payment.amount)) == ("checkout", "50.00")
    assert balance() == "0.00"


def test_a_paid_form_that_is_sent_again_leads_to_what_became_of_it(
    acme: Organization, stripe: StripeWorld
) -> None:
    client, key = browser_of(acme), a_key()
    send_top_up(client, key=key)
    stripe.fake.complete_checkout(str(Payment.objects.get().session_id))

    again = client.post(TOP_UP, {"amount": "50.00", "key": key}, follow=True)

    assert "Paid. 5,000.00 credits are in the wallet." in words(again)
    assert Payment.objects.count() == stripe.fake.book()["charges"] == 1


def test_a_form_cannot_be_used_for_another_amount(acme: Organization) -> None:
    client, key = browser_of(acme), a_key()
    send_top_up(client, "50.00", key)

    response = send_top_up(client, "60.00", key)

    assert "used for another amount already" in words(response)
    assert str(Payment.objects.get().amount) == "50.00"


def test_stripe_is_down_and_the_page_says_so_and_keeps_what_was_typed(
    acme: Organization, stripe: StripeWorld
) -> None:
    client, key = browser_of(acme), a_key()
    stripe.fake.fail_next("refused", times=99)

    response = send_top_up(client, "50.00", key)

    assert response.status_code == 503
    assert "does not answer just now" in words(response)
    assert "Nothing was charged." in words(response)
    assert f'name="key" value="{key}"' in response.content.decode()
    assert 'name="amount" value="50.00"' in response.content.decode()
    assert balance() == "0.00"
    stripe.fake.heal()
    assert send_top_up(client, "50.00", key).status_code == 303
    assert Payment.objects.count() == 1


def test_less_than_stripe_takes_is_refused_in_its_words(acme: Organization) -> None:
    sell(minimum=0)

    response = send_top_up(browser_of(acme), "0.10")

    assert response.status_code == 200
    assert "must" in words(response)


def test_where_credits_are_not_sold_the_page_says_whom_to_ask(acme: Organization) -> None:
    CreditPrice.objects.filter(currency="USD").delete()
    client = browser_of(acme)

    for address in ("/billing/wallet/", TOP_UP, f"{TOP_UP}?amount=50"):
        assert "Credits are not sold in USD here." in see(client, address)


def test_the_form_may_lead_to_stripe_and_nowhere_else(acme: Organization, settings: Any) -> None:
    settings.STRIPE_API_BASE = "https://api.stripe.com"

    policy = browser_of(acme).get(TOP_UP)["Content-Security-Policy"]

    assert "form-action 'self' https://*.stripe.com;" in policy + ";"
    assert "default-src 'self';" in policy + ";"
