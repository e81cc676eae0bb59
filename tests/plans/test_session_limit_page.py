"""The session limit: set and reset by the owner, warned of, and nowhere it does not belong."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import Organization
from plans.models import Counter, Period
from tests.builders import build_organization, build_plan
from tests.fakes.stripe_world import StripeWorld
from tests.pages import browser_of, see, words
from tests.plans.shopping import LIMIT, USAGE, build_plans, subscribed

pytestmark = pytest.mark.django_db
CARD = "It counts for all agents"


@pytest.fixture
def acme(stripe: StripeWorld) -> Organization:
    build_plans()
    return build_organization("Acme")


@pytest.fixture
def client(acme: Organization, stripe: StripeWorld) -> Client:
    client = browser_of(acme)
    subscribed(client, stripe)
    return client


def use(sessions: int) -> None:
    period = Period.objects.get()
    Counter.objects.create(
        organization=period.organization, period=period, meter="sessions", used=sessions
    )


def set_to(client: Client, sessions: str) -> str:
    return words(client.post(LIMIT, {"sessions": sessions}, follow=True))


def test_by_default_the_plans_own_limit_applies(client: Client) -> None:
    said = see(client, USAGE)

    assert "Session limit The plan's own Sessions this period 0 / 100" in said
    assert "At most the 100 that the plan includes." in said
    assert "Reset limit" not in said


def test_a_limit_is_set_and_reset(client: Client) -> None:
    said = set_to(client, "40")
    assert "The session limit is 40 sessions now." in said
    assert "Set by you Sessions this period 0 / 40" in said

    said = words(client.post(LIMIT, {"reset": "1", "sessions": "40"}, follow=True))

    assert "The session limit is the plan's again." in said
    assert Period.objects.get().session_limit is None


@pytest.mark.parametrize("typed", ["0", "-1", "", "many", "1.5", "9" * 30, "101"])
def test_what_cannot_be_a_limit_is_refused_in_words(client: Client, typed: str) -> None:
    said = set_to(client, typed)

    assert "at least 1" in said or "the limit is at most that" in said
    assert Period.objects.get().session_limit is None


@pytest.mark.parametrize(
    ("used", "almost", "reached"), [(79, False, False), (80, True, False), (100, False, True)]
)
def test_the_card_warns_as_usage_grows(
    client: Client, used: int, almost: bool, reached: bool
) -> None:
    use(used)

    said = see(client, USAGE)

    assert ("Session limit almost reached." in said) is almost
    assert ("Session limit has been reached." in said) is reached


def test_the_own_limit_is_what_is_warned_of(client: Client) -> None:
    use(32)

    assert "Session limit almost reached." in set_to(client, "40")
    assert "Raise or reset the limit to go on" in set_to(client, "32")


def test_there_is_none_on_a_trial_nor_where_no_session_counts(stripe: StripeWorld) -> None:
    build_plan("trial", "trial", quotas={"sessions": 50})
    build_plan("starter")

    for plan in ("trial", "starter"):
        client = browser_of(build_organization(plan, plan=plan))
        assert CARD not in see(client, USAGE)
    trial = browser_of(Organization.objects.get(name="trial"))
    assert "available on a running paid plan only" in set_to(trial, "10")
