"""Organizations over the API: made once, read, changed within bounds."""

from __future__ import annotations

import json
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress

from accounts.models import Act, Membership, Organization, User
from invoices.models import Invoice
from tests.api_calls import Platform, refused
from tests.builders import MARCH_1, apply, build_organization, build_plan, build_site
from wallet.models import CreditPrice

pytestmark = pytest.mark.django_db
ACME = {
    "external_id": "acme",
    "name": "Acme",
    "time_zone": "Asia/Kolkata",
    "currency": "USD",
    "owner": {"email": "asha@acme.example", "name": "Asha"},
}


@pytest.fixture(autouse=True)
def _in_march() -> Any:
    build_site()
    build_plan("trial", kind="trial")
    build_plan("starter")
    with time_machine.travel(MARCH_1, tick=False):
        yield


def test_the_platform_provisions_an_organization_on_the_trial() -> None:
    platform = Platform()
    made = platform.post("/organizations/", ACME)
    assert made.status_code == 201
    assert made.json() == {
        "external_id": "acme",
        "name": "Acme",
        "time_zone": "Asia/Kolkata",
        "currency": "USD",
        "country": "",
        "email": "",
        "billing_name": "",
        "billing_address": "",
        "tax_id": "",
        "suspended": False,
        "created_at": "2026-03-01T09:00:00Z",
    }
    billing = platform.get("/organizations/acme/billing/").json()
    assert (billing["badge"], billing["plan"], billing["wallet"]) == ("trial", "trial", "500")
    membership = Membership.objects.get(organization__external_id="acme")
    assert (membership.user.email, membership.role) == ("asha@acme.example", "owner")
    assert not membership.user.has_usable_password()


def test_the_same_request_again_answers_the_same_and_makes_nothing() -> None:
    platform = Platform()
    first = platform.post("/organizations/", ACME)
    platform.patch("/organizations/acme/", {"name": "Acme India"})
    again = platform.post("/organizations/", ACME)
    assert again.status_code == 200
    assert again.json() == {**first.json(), "name": "Acme India"}
    assert Organization.objects.count() == User.objects.count() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Other"},
        {"currency": "EUR"},
        {"time_zone": "UTC"},
        {"plan": "starter"},
        {"owner": {"email": "other@acme.example", "name": ""}},
    ],
)
def test_the_same_id_with_other_content_is_a_conflict(change: dict[str, Any]) -> None:
    platform = Platform()
    platform.post("/organizations/", ACME)
    refused(platform.post("/organizations/", ACME | change), 409, "id_conflict", "external_id")
    assert User.objects.count() == 1


def test_an_organization_that_staff_made_is_answered_as_it_is() -> None:
    build_organization("By staff", external_id="acme")
    answer = Platform().post("/organizations/", ACME)
    assert (answer.status_code, answer.json()["name"]) == (200, "By staff")


def test_a_given_plan_replaces_the_trial_and_is_invoiced() -> None:
    assert Platform().post("/organizations/", ACME | {"plan": "starter"}).status_code == 201
    invoice = Invoice.objects.get()
    assert (invoice.status, str(invoice.total)) == ("open", "99.00")


def test_a_plan_that_is_none_leaves_nothing_behind() -> None:
    answer = Platform().post("/organizations/", ACME | {"plan": "gold"})
    refused(answer, 422, "plan_not_available", "plan")
    assert not Organization.objects.exists()
    assert not User.objects.exists()


def test_an_owner_with_a_proven_log_in_keeps_it() -> None:
    asha = User.objects.create_user("Asha@acme.example", "look-around-1", name="Asha R.")
    EmailAddress.objects.create(user=asha, email=asha.email, verified=True, primary=True)
    Platform().post("/organizations/", ACME)
    assert User.objects.get().name == "Asha R."
    assert User.objects.get().check_password("look-around-1")


def test_an_organizations_own_key_provisions_nothing() -> None:
    own = Platform(build_organization(external_id="own"))
    refused(own.post("/organizations/", ACME), 403, "permission_denied")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"external_id": ""}, "external_id"),
        ({"external_id": "a/b"}, "external_id"),
        ({"external_id": ".."}, "external_id"),
        ({"external_id": "x" * 201}, "external_id"),
        ({"external_id": 7}, "external_id"),
        ({"external_id": "a\x00b"}, "external_id"),
        ({"external_id": "a\ud800"}, "external_id"),
        ({"name": "n" * 10_000}, "name"),
        ({"name": "Acme\r\nBcc: all@example.com"}, "name"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"time_zone": "localtime"}, "time_zone"),
        ({"time_zone": "CET"}, "time_zone"),
        ({"time_zone": "../../etc/passwd"}, "time_zone"),
        ({"currency": "dollars"}, "currency"),
        ({"country": "XX"}, "country"),
        ({"owner": {"email": "nobody", "name": ""}}, "owner.email"),
        ({"owner": "asha@acme.example"}, "owner"),
        ({"owner": {"email": "a@b.example", "name": "", "is_staff": True}}, "owner.is_staff"),
        ({"plan": 7}, "plan"),
        ({"balance": "1000"}, "balance"),
        ({"suspended_at": None}, "suspended_at"),
        ({"created_at": "2020-01-01T00:00:00Z"}, "created_at"),
    ],
)
def test_what_cannot_be_is_refused_by_its_field(change: dict[str, Any], field: str) -> None:
    refused(Platform().post("/organizations/", ACME | change), 400, "invalid", field)
    assert not Organization.objects.exists()


@pytest.mark.parametrize("field", ["external_id", "name", "time_zone", "currency", "owner"])
def test_what_is_missing_is_named(field: str) -> None:
    body = {name: value for name, value in ACME.items() if name != field}
    refused(Platform().post("/organizations/", body), 400, "invalid", field)


def test_a_currency_in_which_nothing_is_sold_is_refused() -> None:
    answer = Platform().post("/organizations/", ACME | {"currency": "CHF"})
    refused(answer, 422, "invalid", "currency")


def test_names_of_any_script_are_kept_as_they_are() -> None:
    for place, name in enumerate(["株式会社ルミナ", "שלום בע״מ", "Ωmega & Söhne <b>"]):
        body = ACME | {"external_id": f"org-{place}", "name": name}
        assert Platform().post("/organizations/", body).json()["name"] == name


def test_details_change_for_the_future_and_are_written_down() -> None:
    organization = build_organization(external_id="acme", plan="starter")
    frozen = Invoice.objects.get().buyer
    changes = {
        "name": "Acme 2",
        "time_zone": "Asia/Tokyo",
        "email": "money@acme.example",
        "country": "jp",
        "billing_name": "アクメ",
        "billing_address": "1-1\nTokyo",
        "tax_id": "T1234567890123",
    }
    before = Platform().get("/organizations/acme/billing/").json()["period"]
    answer = Platform().patch("/organizations/acme/", changes)
    assert answer.status_code == 200
    assert answer.json().items() >= (changes | {"country": "JP"}).items()
    assert Platform().get("/organizations/acme/billing/").json()["period"] == before
    assert Invoice.objects.get().buyer == frozen
    act = Act.objects.filter(organization=organization, verb="amend").get()
    assert (act.before["name"], act.after["name"]) == ("Acme", "Acme 2")


def test_a_change_to_the_same_leaves_no_trace() -> None:
    organization = build_organization(external_id="acme")
    assert Platform().patch("/organizations/acme/", {"name": "Acme"}).status_code == 200
    assert not Act.objects.filter(organization=organization, verb="amend").exists()


def test_the_currency_changes_until_money_was_asked_for() -> None:
    organization = build_organization(external_id="acme")
    platform = Platform()
    assert platform.patch("/organizations/acme/", {"currency": "EUR"}).json()["currency"] == "EUR"
    apply(organization, "starter", now=MARCH_1)
    answer = platform.patch("/organizations/acme/", {"currency": "USD", "name": "Other"})
    refused(answer, 422, "invalid", "currency")
    assert platform.get("/organizations/acme/").json()["name"] == "Acme"


def test_a_currency_must_be_one_that_the_plan_is_sold_in() -> None:
    CreditPrice.objects.create(currency="CHF", price="0.01")
    build_plan("dollars", price={"USD": "10.00"})
    organization = build_organization(external_id="acme")
    apply(organization, "dollars", now=MARCH_1, invoiced=False)
    answer = Platform().patch("/organizations/acme/", {"currency": "CHF"})
    refused(answer, 422, "invalid", "currency")
    refused(
        Platform().patch("/organizations/acme/", {"currency": "JPY"}), 422, "invalid", "currency"
    )


@pytest.mark.parametrize(
    "field",
    ["id", "external_id", "wallet", "balance", "suspended", "suspended_at", "created_at",
     "organization", "is_staff", "status"],
)  # fmt: skip
def test_nothing_else_can_be_changed(field: str) -> None:
    build_organization(external_id="acme", credits=7)
    before = Organization.objects.values().get()
    refused(Platform().patch("/organizations/acme/", {field: "1"}), 400, "invalid", field)
    assert Organization.objects.values().get() == before


def test_others_things_look_like_nothing() -> None:
    build_organization(external_id="other")
    own = Platform(build_organization("Own", external_id="own"))
    theirs, nobodys = own.get("/organizations/other/"), own.get("/organizations/nobody/")
    refused(theirs, 404, "not_found")
    assert theirs.content == nobodys.content
    assert own.get("/organizations/own/").status_code == 200


def test_an_id_may_be_anything_that_an_address_can_name() -> None:
    for external_id in ("a b", "ü+ñ%", "株", "{x}", "a?b#c", "~"):
        made = Platform().post("/organizations/", ACME | {"external_id": external_id})
        assert made.status_code == 201, external_id
        quoted = json.dumps(external_id)
        from_there = Organization.objects.get(external_id=json.loads(quoted))
        assert from_there.external_id == external_id
