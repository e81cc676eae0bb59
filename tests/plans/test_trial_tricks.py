"""The free trial is available once per organization, ever: every trick to have it again fails."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.api_keys import make_key
from accounts.models import Membership, Organization
from plans.amending import amend
from plans.applying import PlanRequest, apply_plan
from plans.canceling import cancel
from plans.choosing_plan import choosable
from plans.models import Period
from plans.refusals import TrialUsed
from plans.trials import start_trial
from tests.builders import MARCH_1, build_plan, build_site, build_user
from tests.pages import looking, words
from tests.plans.life import DAY, Life, build_monthly
from wallet.balances import balances

pytestmark = pytest.mark.django_db
ORGANIZATIONS = "/api/v1/organizations/"
ASKED = {
    "external_id": "acme",
    "name": "Acme",
    "time_zone": "UTC",
    "currency": "USD",
    "owner": {"email": "ada@acme.example", "name": "Ada"},
}


@pytest.fixture
def platform() -> Client:
    _, key = make_key("platform", scopes=("read", "usage", "provision"), now=MARCH_1)
    return Client(headers={"authorization": f"Api-Key {key}"})


@pytest.fixture
def acme(platform: Client) -> Organization:
    """An organization whose trial has begun, by the platform."""
    build_site()
    build_plan("trial", "trial")
    build_monthly()
    assert platform.post(ORGANIZATIONS, ASKED, content_type="application/json").status_code == 201
    return Organization.objects.get()


def has_had_one_trial(organization: Organization) -> bool:
    """Answer whether nothing came of a trick: one trial, and its credits once."""
    signups = organization.ledger_entries.filter(kind="signup")
    trials = organization.periods.filter(source=Period.Source.TRIAL)
    return (signups.count(), trials.count()) == (1, 1)


@pytest.mark.parametrize("plan", [None, "trial"])
def test_asking_the_platforms_api_again_starts_nothing(
    platform: Client, acme: Organization, plan: str | None
) -> None:
    asked = ASKED | ({"plan": plan} if plan else {})

    again = platform.post(ORGANIZATIONS, asked, content_type="application/json")

    assert again.status_code == (409 if plan else 200)
    assert has_had_one_trial(acme)


def test_a_new_member_is_shown_no_trial_and_can_choose_none(acme: Organization) -> None:
    for role in (Membership.Role.OWNER, Membership.Role.BILLING):
        client = looking(build_user(role, acme))

        refused = client.post("/billing/change-plan/trial/", {"when": "now"}, follow=True)

        assert "The free trial was used already" in words(refused)
        # Somebody with a log-in founds no second organization by signing up either.
        assert client.post("/signup/", {"organization": "Acme"}).status_code == 302
    assert has_had_one_trial(acme)
    assert Organization.objects.count() == 1


def test_after_a_paid_plan_was_cancelled_and_has_ended_it_does_not_come_back() -> None:
    build_plan("trial", "trial")
    build_monthly()
    life = Life()
    acme = life.subscriber()
    start = PlanRequest(plan="trial")
    apply_plan(acme, start, reason="a trial in between", now=life.now + DAY)
    apply_plan(acme, PlanRequest(plan="starter"), reason="bought", now=life.now + 2 * DAY)
    life.pass_time(hours=72)
    cancel(acme, now=life.now)
    life.at("2026-06-01")

    with pytest.raises(TrialUsed):
        choosable(acme, "trial")
    with pytest.raises(TrialUsed):
        apply_plan(acme, start, reason="please", now=life.now)
    with pytest.raises(TrialUsed):
        start_trial(acme, now=life.now)


def test_another_name_is_no_other_organization(platform: Client, acme: Organization) -> None:
    amend(acme, {"name": "Acme Reborn"}, now=MARCH_1 + DAY)

    renamed = platform.post(
        ORGANIZATIONS, ASKED | {"name": "Acme Reborn"}, content_type="application/json"
    )

    assert renamed.status_code in (200, 409)
    with pytest.raises(TrialUsed):
        start_trial(acme, now=MARCH_1 + DAY)
    assert balances(acme, now=MARCH_1 + DAY).wallet == 500
    assert has_had_one_trial(acme)
