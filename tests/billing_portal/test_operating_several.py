"""Staff renew several at once, make organizations, edit the catalogue, call the doctor."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.test import Client

from accounts.models import Act, Organization, User
from accounts.suspending import suspend
from billing_portal.operating.bulk_renewing import MOST_AT_ONCE
from plans.catalogue import dump_catalogue, load_catalogue
from plans.models import Period, Plan, Subscription
from plans.resources import report_resources
from plans.standing import Badge, standing
from tests.billing_portal.staff import build_staff, hidden, logged_in, operator, text_of
from tests.builders import MARCH_1, apply, build_organization, build_plan, build_site
from wallet.balances import balances
from wallet.models import Wallet

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)
ORGANIZATIONS = "/admin/accounts/organization/"
CATALOGUE = "/admin/plans/plan/catalogue/"
OVER = MARCH_1 + 40 * DAY


@pytest.fixture
def three() -> list[Organization]:
    """Two whose plan is over, and one that never had any."""
    build_plan()
    over = [build_organization(name, plan="starter") for name in ("Alpha", "Beta")]
    return [*over, build_organization("Gamma")]


def dry_run(client: Client, organizations: list[Organization]) -> Any:
    chosen = {"action": "renew_selected", "_selected_action": [o.pk for o in organizations]}
    return client.post(ORGANIZATIONS, chosen, follow=True)


def renew(client: Client, dry: Any, chosen: list[Organization], **asked: Any) -> Any:
    given = {"reason": "Spring", "stage": "confirm", "chosen": [o.pk for o in chosen], **asked}
    given["organizations"] = hidden(dry, "organizations")
    for row in dry.context["rows"]:
        if row.change:
            given[f"digest-{row.organization.pk}"] = row.change.digest
    return client.post(f"{ORGANIZATIONS}renew/", given)


@time_machine.travel(OVER, tick=False)
def test_a_dry_run_says_what_each_would_get_or_why_not(three: list[Organization]) -> None:
    suspend(three[0], reason="Spam", now=OVER)
    report_resources(three[1], counts={"agents": 12}, now=OVER)

    dry = dry_run(operator(), three)

    words = text_of(dry)
    assert "10 Apr 2026 - 9 May 2026" in words
    assert "$99.00 suspended" in words
    assert "agents: 12 of 10" in words
    assert "Gamma This organization has no plan yet." in words
    assert [row.chosen for row in dry.context["rows"]] == [True, True, False]
    assert Period.objects.count() == 2


@time_machine.travel(OVER, tick=False)
def test_each_of_several_is_renewed_by_itself(three: list[Organization]) -> None:
    client = operator()
    dry = dry_run(client, three)
    apply(three[1], "starter", now=OVER)

    done = renew(client, dry, three)

    words = text_of(done)
    assert "1 of 3 renewed" in words
    assert "Alpha renewed Starter until 9 May 2026" in words
    assert "Beta not renewed Something changed since this preview was made" in words
    assert "Gamma not renewed" in words
    assert standing(three[0], now=OVER).badge == Badge.ACTIVE
    assert Act.objects.get(verb="renew").reason == "Spring"


@time_machine.travel(OVER, tick=False)
def test_a_renewal_of_several_that_is_sent_twice_renews_each_once(
    three: list[Organization],
) -> None:
    client = operator()
    dry = dry_run(client, three[:2])

    renew(client, dry, three[:2])
    again = renew(client, dry, three[:2])

    assert "0 of 2 renewed" in text_of(again)
    assert Act.objects.filter(verb="renew").count() == 2


@time_machine.travel(OVER, tick=False)
def test_the_same_run_again_leaves_out_who_was_renewed_today(three: list[Organization]) -> None:
    client = operator()
    renew(client, dry_run(client, three[:2]), three[:1])

    again = dry_run(client, three[:2])

    assert "renewed today already" in text_of(again)
    assert [row.chosen for row in again.context["rows"]] == [False, True]


@time_machine.travel(OVER, tick=False)
def test_renewing_several_asks_for_a_reason_and_can_go_without_invoices(
    three: list[Organization],
) -> None:
    client = operator()
    dry = dry_run(client, three[:1])

    refused = renew(client, dry, three[:1], reason=" ")
    assert "This field is required." in text_of(refused)
    assert Act.objects.filter(verb="renew").count() == 0

    plain = client.post(
        f"{ORGANIZATIONS}renew/",
        {"organizations": three[0].pk, "reason": "x", "charge": "none", "stage": "preview"},
    )
    renew(client, plain, three[:1], charge="none")
    assert three[0].invoices.count() == 1


def test_who_may_only_look_renews_nobody(three: list[Organization]) -> None:
    client = logged_in(build_staff("view_organization"))

    assert client.get(f"{ORGANIZATIONS}renew/?organizations=1").status_code == 403
    assert client.post(f"{ORGANIZATIONS}renew/", {"stage": "confirm"}).status_code == 403
    assert "renew_selected" not in client.get(ORGANIZATIONS).content.decode()


@pytest.mark.parametrize("asked", ["", "x,-1,1e3", "9" * 40, "\uff11"])
def test_a_run_over_nobody_is_an_empty_page(asked: str) -> None:
    page = operator().get(f"{ORGANIZATIONS}renew/", {"organizations": asked})

    assert "Choose organizations in the list first." in text_of(page)


def test_a_run_has_an_end() -> None:
    build_site()
    named = (Organization(name="x", currency="USD", created_at=MARCH_1) for _ in range(210))
    made = Organization.objects.bulk_create(named)
    Wallet.objects.bulk_create(Wallet(organization=organization) for organization in made)

    refused = dry_run(operator(), made[: MOST_AT_ONCE + 1])

    assert "Renew at most 200 organizations at once." in text_of(refused)


FOUND = {"name": "Acme", "external_id": "acme-1", "time_zone": "Asia/Kolkata", "currency": "USD"}


@time_machine.travel(MARCH_1, tick=False)
@pytest.mark.parametrize(
    ("start", "badge", "wallet"),
    [("", "none", 0), ("trial:new", "trial", 500), ("starter", "active", 0)],
)
def test_staff_make_an_organization(start: str, badge: str, wallet: int) -> None:
    build_plan("trial", "trial")
    build_plan()
    build_site()

    owner = {"owner_email": "boss@acme.example"}
    made: Any = operator().post(f"{ORGANIZATIONS}add/", {**FOUND, "start": start, **owner})

    acme = Organization.objects.get()
    assert made.url == f"{ORGANIZATIONS}{acme.pk}/change/"
    assert standing(acme, now=MARCH_1).badge == badge
    assert balances(acme, now=MARCH_1).wallet == wallet
    assert acme.memberships.get().user == User.objects.get(email="boss@acme.example")
    created = Act.objects.get(verb="create")
    assert created.actor is not None


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"name": ""}, "This field is required."),
        ({"name": "x" * 201}, "at most 200 characters"),
        ({"currency": "JPY"}, "Select a valid choice"),
        ({"time_zone": "Moon/Base"}, "Select a valid choice"),
        ({"owner_email": "boss"}, "Enter a valid email address."),
        ({"external_id": "known"}, "Other has this id."),
        ({"start": "gold"}, "Select a valid choice"),
    ],
)
def test_an_organization_that_cannot_be_is_refused_beside_the_field(
    asked: dict[str, str], words: str
) -> None:
    build_organization("Other", external_id="known")

    refused = operator().post(f"{ORGANIZATIONS}add/", {**FOUND, **asked})

    assert words in text_of(refused)
    assert Organization.objects.count() == 1


def test_without_a_catalogue_the_form_is_there_and_says_what_is_missing() -> None:
    assert operator().get(f"{ORGANIZATIONS}add/").status_code == 200


@pytest.fixture
def editor() -> Client:
    text = Path("plans/catalogues/intrlume.yaml").read_text()
    load_catalogue(text, now=MARCH_1)
    return logged_in(build_staff("view_plan", "change_plan"))


def test_the_catalogue_is_edited_as_text_after_a_look_at_what_would_change(editor: Client) -> None:
    text = dump_catalogue().replace("USD: '99.00'", "USD: '109.00'")
    asked = {"text": text, "reason": "New prices"}

    preview = editor.post(CATALOGUE, {**asked, "stage": "preview"})
    assert "plan starter: version 2" in text_of(preview)
    assert Plan.objects.get(code="starter").versions.count() == 1

    digest = hidden(preview, "digest")
    done: Any = editor.post(CATALOGUE, {**asked, "stage": "confirm", "digest": digest})

    assert done.url == "/admin/plans/plan/"
    version = Plan.objects.get(code="starter").version
    assert version is not None
    assert str(version.terms.price_in("USD")) == "109.00"
    assert "New prices" in LogEntry.objects.get().change_message


def test_a_catalogue_that_was_changed_meanwhile_is_shown_anew(editor: Client) -> None:
    text = dump_catalogue().replace("USD: '99.00'", "USD: '109.00'")
    asked = {"text": text, "reason": "x", "stage": "confirm", "digest": "old"}

    outdated = editor.post(CATALOGUE, asked)

    assert "changed meanwhile" in text_of(outdated)
    assert Plan.objects.get(code="starter").versions.count() == 1


def test_a_bad_catalogue_is_refused_with_the_line(editor: Client) -> None:
    text = dump_catalogue().replace("grace_days", "graze_days")

    refused = editor.post(CATALOGUE, {"text": text, "reason": "x", "stage": "preview"})

    assert "graze_days" in text_of(refused)
    assert "catalogue:4" in text_of(refused)


def test_who_may_not_edit_plans_sees_no_catalogue(editor: Client) -> None:
    client = logged_in(build_staff("view_plan"))

    assert client.get(CATALOGUE).status_code == 403
    assert "Edit the catalogue" not in text_of(client.get("/admin/plans/plan/"))


def test_the_doctor_comes_when_called_and_names_what_is_broken() -> None:
    build_plan()
    acme = build_organization(plan="starter", now=MARCH_1)
    client = logged_in(build_staff("view_organization"))

    before = text_of(client.get("/admin/doctor/"))
    assert "every wallet's balance is the sum of its entries" in before
    assert "hold at" not in before

    Wallet.objects.update(balance=7)
    found = text_of(client.post("/admin/doctor/"))
    assert "broken" in found
    assert str(acme.pk) in found
    assert Subscription.objects.count() == 1
    assert logged_in(build_staff()).post("/admin/doctor/").status_code == 403
