"""The overview, the bell that every page wears, and the brand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.template.loader import render_to_string
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Organization
from accounts.suspending import suspend
from billing_portal.brand_style import (
    BLACK,
    ENOUGH_CONTRAST,
    NIGHT,
    PAPER,
    WHITE,
    contrast,
    read,
    readable,
    style_of,
)
from plans.reminding import remind_due
from tests.builders import MARCH_1, a_call, build_organization, build_plan
from tests.pages import BILLING_PAGES, browser_of, see, statements, words
from usage.charging import charge
from wallet.adjusting import adjust_credits
from wallet.credits import Credits

pytestmark = pytest.mark.django_db
NOON = MARCH_1 + dt.timedelta(hours=3)


@pytest.fixture(autouse=True)
def acme() -> Iterator[Organization]:
    build_plan("starter")
    with time_machine.travel(NOON, tick=False):
        yield build_organization("Acme", plan="starter", credits=100)


def spend(organization: Organization, credits: int) -> None:
    adjust_credits(
        organization, credits=Credits(Decimal(-credits)), reason="spent", key="spend", now=NOON
    )


def bell_of(organization: Organization, address: str = "/billing/") -> tuple[str, str]:
    """The colour of the bell on a page, and what is behind it."""
    page = browser_of(organization).get(address).content.decode()
    colour = page.partition("menu-button bell-")[2].partition('"')[0]
    panel = page.partition('id="balance-menu" popover>')[2].partition("</div>")[0]
    return colour, words(type("Page", (), {"content": f"<main>{panel}".encode()}))


def test_the_overview_tells_plan_balance_usage_and_what_happened_last(acme: Organization) -> None:
    charge([a_call(acme, channel="outbound")], now=NOON)

    said = see(browser_of(acme), "/billing/")

    assert said.startswith("Acme Plan Active subscription Starter 30 days left")
    assert "Balance Open the wallet 92.00 credits Balance is fine." in said
    assert "Calls this period 1 / 1,000" in said
    assert "INV-000001 1 Mar 2026 1 Mar 2026 Open $99.00" in said
    assert "Outbound call" in said
    assert "To upgrade or renew, email billing@example.com" in said


def test_an_organization_of_which_nothing_is_known_yet_is_told_what_will_be_here() -> None:
    said = see(browser_of(build_organization("New")), "/billing/")

    assert "No plan has been applied yet." in said
    assert "There are no invoices yet." in said
    assert "Nothing has moved yet." in said


def test_the_bell_is_quiet_while_there_is_something(acme: Organization) -> None:
    assert bell_of(acme) == (
        "none",
        "Balance is fine. Wallet balance 100.00 Plan credits 0.00 Open the wallet",
    )


def test_the_bell_is_amber_at_zero_and_the_page_says_when_work_pauses(acme: Organization) -> None:
    spend(acme, 100)

    assert bell_of(acme)[0] == "amber"
    said = see(browser_of(acme), "/billing/wallet/")
    assert "Balance is used up; work goes on for now." in said
    assert "Work pauses when the balance reaches -50.00 credits." in said


def test_the_bell_is_red_where_work_pauses_and_says_how_much_lifts_it(acme: Organization) -> None:
    spend(acme, 170)

    colour, behind = bell_of(acme)

    assert colour == "red"
    assert "Work is paused until credits are added." in behind
    assert "That takes more than 20.00 credits." in behind


def test_at_the_very_edge_any_amount_will_do(acme: Organization) -> None:
    spend(acme, 150)

    assert "Any amount will do." in bell_of(acme)[1]


def test_a_plan_that_pauses_below_zero_resumes_only_above_it() -> None:
    build_plan("negative", overdraft="0", pause_when="negative")
    organization = build_organization("Negative", plan="negative", credits=10)
    client = browser_of(organization)

    spend(organization, 10)
    assert "pauses when the balance goes below 0.00 credits" in see(client, "/billing/")
    charge([a_call(organization)], now=NOON)

    assert bell_of(organization)[0] == "red"
    assert "That takes more than 4.00 credits." in see(client, "/billing/")


def test_amber_with_plan_credits_left_says_that_those_are_used_first() -> None:
    build_plan("included", overdraft="0", included_credits="100")
    organization = build_organization("Included", plan="included")

    assert bell_of(organization)[0] == "amber"
    assert "work pauses when that is used up" in see(browser_of(organization), "/billing/")


@pytest.mark.parametrize("address", BILLING_PAGES)
def test_every_page_wears_the_bell_for_a_constant_number_of_statements(
    acme: Organization, address: str
) -> None:
    with statements() as quiet:
        assert bell_of(acme, address)[0] == "none"
    spend(acme, 170)
    with statements() as loud:
        assert bell_of(acme, address)[0] == "red"

    assert len(loud) == len(quiet)


def test_a_suspended_organization_reads_that_it_is_and_not_why(acme: Organization) -> None:
    suspend(acme, reason="a secret reason", now=NOON)

    for address in BILLING_PAGES:
        said = see(browser_of(acme), address)
        assert "Acme is suspended, and all its work is stopped." in said
        assert "secret" not in said


def test_a_trial_that_ends_soon_says_how_many_days_are_left() -> None:
    build_plan("trial", "trial")
    organization = build_organization("New", plan="trial")
    soon = MARCH_1 + dt.timedelta(days=25)
    remind_due(now=soon)

    with time_machine.travel(soon, tick=False):
        said = see(browser_of(organization), "/billing/")

    assert "Your trial has 5 days left." in said
    assert "Trial ending soon" in said


def test_the_overview_costs_no_more_after_two_hundred_calls_than_after_ten(
    acme: Organization,
) -> None:
    client = browser_of(acme)
    charge([a_call(acme) for _ in range(10)], now=NOON)
    with statements() as few:
        client.get("/billing/")
    charge([a_call(acme) for _ in range(190)], now=NOON)
    with statements() as many:
        client.get("/billing/")

    assert len(many) == len(few) <= 12
    assert not any("usage_usageevent" in statement for statement in many)


def test_text_of_the_platform_is_shown_and_never_run(acme: Organization) -> None:
    Organization.objects.filter(pk=acme.pk).update(name="<script>alert('x')</script>")

    page = browser_of(acme).get("/billing/").content.decode()

    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_the_page_for_our_own_faults_needs_nothing_that_may_be_broken() -> None:
    assert "This is our fault" in render_to_string("500.html")


def test_the_brands_colour_is_a_style_sheet_that_may_be_kept(settings: Any) -> None:
    response = Client().get("/brand.css")

    assert response["Content-Type"] == "text/css"
    assert "max-age=3600" in response["Cache-Control"]
    assert f"--brand:{settings.BRAND['colour']};" in response.content.decode()


@pytest.mark.parametrize("colour", ["red", "#fff", "#1d4ed8;}body{display:none", "", "#gggggg"])
def test_what_is_no_colour_never_reaches_the_style_sheet(colour: str) -> None:
    assert style_of(colour) == style_of("#1d4ed8")


@given(st.integers(0, 0xFFFFFF))
def test_every_brand_can_be_read_on_our_grounds_and_written_upon(colour: int) -> None:
    brand = read(f"#{colour:06x}")

    assert contrast(readable(brand, on=PAPER, towards=BLACK), PAPER) >= ENOUGH_CONTRAST
    assert contrast(readable(brand, on=NIGHT, towards=WHITE), NIGHT) >= ENOUGH_CONTRAST
    assert max(contrast(WHITE, brand), contrast(BLACK, brand)) >= 4.5
