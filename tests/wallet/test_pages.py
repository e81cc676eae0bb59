"""The wallet page: what is there, when it ends, and every movement of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

import pytest
import time_machine

from accounts.models import Organization
from tests.builders import MARCH_1, a_call, build_organization, build_plan
from tests.pages import browser_of, see, statements, words
from usage.charging import charge
from wallet.adjusting import adjust_credits
from wallet.credits import Credits
from wallet.ledger import Posting, post

pytestmark = pytest.mark.django_db
NOON = MARCH_1 + dt.timedelta(hours=3)


@pytest.fixture(autouse=True)
def acme() -> Iterator[Organization]:
    build_plan("starter", included_credits="200")
    with time_machine.travel(NOON, tick=False):
        yield build_organization("Acme", plan="starter", time_zone="Asia/Kolkata", credits=100)


def gifts(acme: Organization, count: int) -> None:
    post(
        [Posting(acme.pk, "bonus", Decimal(1), f"gift-{n}", "A gift") for n in range(count)],
        now=NOON,
    )


def test_plan_credits_and_the_wallet_are_kept_apart(acme: Organization) -> None:
    said = see(browser_of(acme), "/billing/wallet/")

    assert "200.00 credits, used first" in said
    assert "100.00 credits, kept until used" in said
    assert "It may go down to -50.00 credits before work pauses." in said


def test_every_live_grant_says_when_it_ends_in_the_organizations_zone(acme: Organization) -> None:
    ends = dt.datetime(2026, 3, 20, 18, 30, tzinfo=dt.UTC)
    adjust_credits(
        acme, credits=Credits(Decimal(25)), reason="Sorry", key="b", expires_at=ends, now=NOON
    )

    said = see(browser_of(acme), "/billing/wallet/")

    assert "Bonus, expire 21 Mar 2026, 00:00 25.00 of 25.00" in said
    assert "Plan credits, expire 31 Mar 2026, 00:00 200.00 of 200.00" in said


def test_a_movement_is_told_with_its_pot_its_sign_and_the_balance_after_it(
    acme: Organization,
) -> None:
    charge([a_call(acme, "call-1", seconds=60 * 55)], now=NOON)

    rows = see(browser_of(acme), "/billing/wallet/").partition("Balance of the pot")[2]

    # 55 minutes at 4 credits are 220: the plan credits first, the rest from the wallet.
    assert "Web call 1 Mar 2026, 17:30 · Wallet Wallet -20.00" in rows
    assert "Plan credits -200.00 0.00 0.00" in rows
    assert "Adjustment" in rows
    assert "+100.00" in rows


def test_a_charge_leads_to_its_explanation_whatever_its_id(acme: Organization) -> None:
    strange = "a/b c?#%\n“é”"
    charge([a_call(acme, strange)], now=NOON)
    client = browser_of(acme)
    page = client.get("/billing/wallet/").content.decode()
    address = page.partition('<a href="/billing/usage/a/')[2].partition('"')[0]

    response = client.get(f"/billing/usage/a/{address}")

    assert response.status_code == 200
    assert "It lasted 1 min 0 s: 1 minute." in words(response)


def test_the_history_can_be_cut_to_one_kind(acme: Organization) -> None:
    charge([a_call(acme)], now=NOON)
    client = browser_of(acme)

    only_usage = see(client, "/billing/wallet/?kind=usage").partition("Balance of the pot")[2]

    assert "Web call" in only_usage
    assert "Adjustment" not in only_usage
    assert "There is nothing of this type." in see(client, "/billing/wallet/?kind=refund")
    assert "Adjustment" in see(client, "/billing/wallet/?kind=nonsense").partition("Balance of")[2]


def test_a_long_history_is_read_page_by_page_and_keeps_its_filter(acme: Organization) -> None:
    gifts(acme, 120)
    client = browser_of(acme)

    first = client.get("/billing/wallet/?kind=bonus").content.decode()
    older = first.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0]
    second = client.get(f"/billing/wallet/{older.replace('&amp;', '&')}")

    assert first.count("A gift") == 50
    assert words(second).count("A gift") == 50
    assert "kind=bonus" in older
    assert 'rel="prev"' in second.content.decode()


def test_an_empty_wallet_says_what_will_be_here() -> None:
    client = browser_of(build_organization("Empty"))

    said = see(client, "/billing/wallet/")

    assert "Nothing has moved yet." in said
    assert "There are none. Plan credits and bonuses appear here" in said


def test_another_organizations_movements_are_not_here(acme: Organization) -> None:
    charge([a_call(acme)], now=NOON)
    other = build_organization("Other", credits=1)

    assert "Web call" not in see(browser_of(other), "/billing/wallet/")


def test_two_hundred_movements_cost_as_many_statements_as_ten(acme: Organization) -> None:
    client = browser_of(acme)
    gifts(acme, 10)
    with statements() as few:
        client.get("/billing/wallet/")
    gifts(acme, 200)
    with statements() as many:
        client.get("/billing/wallet/")

    # Four of them are for top-up and auto-recharge, which are drawn here too.
    assert len(many) == len(few) <= 16
