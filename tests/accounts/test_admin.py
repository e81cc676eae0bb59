"""Admin of people, keys, letters and acts: who comes in, what is shown once, what nobody types."""

from __future__ import annotations

import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.apps import apps
from django.contrib import admin
from django.test import Client

from accounts.admin_base import HouseAdmin, LookedAt
from accounts.api_keys import find_key, make_key
from accounts.letters import owe_letter
from accounts.models import Act, ApiKey, Letter, Organization, User
from invoices.models import Document, Invoice, InvoiceLine
from payments.models import Payment
from plans.models import Period, Plan, PlanVersion, Rental, Site
from tests.billing_portal.staff import build_staff, logged_in, text_of
from tests.builders import MARCH_1, build_organization, build_user
from usage.models import UsageEvent
from wallet.models import CreditGrant, CreditPrice, LedgerEntry

pytestmark = pytest.mark.django_db
KEYS = "/admin/accounts/apikey/"
NEVER_TYPED = (
    *(Act, Letter, LedgerEntry, CreditGrant, CreditPrice, Invoice, Document, Payment),
    *(Plan, PlanVersion, Period, Rental, Site, UsageEvent, Organization),
)


def test_strangers_log_in_where_everybody_does() -> None:
    there = Client().get("/admin/plans/plan/", follow=True)

    assert there.redirect_chain[-1][0].startswith("/accounts/login/?next=")


def test_who_is_no_staff_stays_outside() -> None:
    client = logged_in(build_user())

    assert client.get("/admin/", follow=True).status_code == 403


def test_staff_come_in_and_land_where_they_wanted() -> None:
    client = logged_in(build_staff(superuser=True))

    assert client.get("/admin/").status_code == 200
    assert client.get("/admin/login/?next=/admin/doctor/").url == "/admin/doctor/"  # type: ignore[attr-defined]
    assert client.get("/admin/login/?next=https://evil.example/").url == "/admin/"  # type: ignore[attr-defined]


def test_staff_without_a_second_factor_are_sent_to_set_one_up(settings: Any) -> None:
    settings.REQUIRE_STAFF_TOTP = True
    client = logged_in(build_staff(superuser=True))

    there = client.get("/admin/", follow=True)

    assert "/accounts/2fa/totp/activate/" in [step for step, _ in there.redirect_chain]
    assert "second factor" in text_of(there)


def test_staff_with_a_second_factor_come_in(settings: Any) -> None:
    settings.REQUIRE_STAFF_TOTP = True
    staff = build_staff(superuser=True)
    TOTP.activate(staff, generate_totp_secret())

    assert logged_in(staff).get("/admin/").status_code == 200


@pytest.mark.parametrize("model", NEVER_TYPED, ids=lambda model: model.__name__)
def test_rows_of_money_and_of_what_happened_are_looked_at_only(model: Any) -> None:
    assert isinstance(admin.site.get_model_admin(model), LookedAt)
    client = logged_in(build_staff(superuser=True))
    name = f"/admin/{model._meta.app_label}/{model._meta.model_name}"

    assert client.get(f"{name}/").status_code == 200
    adding = client.post(f"{name}/add/", {})
    # An organization is added by its verb; its empty form is shown again.
    assert adding.status_code == (200 if model is Organization else 403)
    assert model.objects.count() == 0
    assert "delete_selected" not in client.get(f"{name}/").content.decode()


def test_every_page_has_the_theme() -> None:
    pages = admin.site._registry.values()

    assert [str(page) for page in pages if not isinstance(page, HouseAdmin)] == []


def test_secrets_of_libraries_are_on_no_page() -> None:
    hidden = [*apps.get_app_config("djstripe").get_models(), Authenticator, InvoiceLine]

    assert [model for model in hidden if admin.site.is_registered(model)] == []


def new_key(client: Client, **asked: Any) -> Any:
    return client.post(f"{KEYS}add/", {"name": "Platform", "scopes": ["read", "usage"], **asked})


def test_a_key_is_shown_once_and_opens_what_was_asked_for() -> None:
    client = logged_in(build_staff("add_apikey", "view_apikey"))

    made = new_key(client)

    found = re.search(r'op-secret">([^<]+)<', made.content.decode())
    assert found
    key = find_key(found[1], now=MARCH_1)
    assert key is not None
    assert (key.name, key.scopes, key.organization) == ("Platform", ["read", "usage"], None)
    assert "no-store" in made["Cache-Control"]
    secret = found[1].partition(".")[2]
    for page in (KEYS, f"{KEYS}{key.pk}/change/"):
        assert secret not in client.get(page).content.decode()


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"scopes": []}, "This field is required."),
        ({"name": ""}, "This field is required."),
        ({"expires_at_0": "2020-01-01", "expires_at_1": "00:00"}, "This is in the past."),
        ({"name": "Known"}, "A live key of this name exists"),
    ],
)
def test_a_key_that_makes_no_sense_is_refused_in_words(asked: Any, words: str) -> None:
    make_key("Known", scopes=["read"], now=MARCH_1)
    client = logged_in(build_staff("add_apikey", "view_apikey"))

    refused = new_key(client, **asked)

    assert words in text_of(refused)
    assert ApiKey.objects.count() == 1


def test_a_key_is_revoked_once_that_was_confirmed() -> None:
    key, text = make_key("Old", scopes=["read"], now=MARCH_1)
    client = logged_in(build_staff("view_apikey", "change_apikey"))
    chosen = {"action": "revoke_selected", "_selected_action": [str(key.pk)]}

    asked = client.post(KEYS, chosen)
    assert "This cannot be undone." in text_of(asked)
    assert find_key(text, now=MARCH_1)

    client.post(KEYS, {**chosen, "confirmed": "yes"})
    assert find_key(text, now=MARCH_1) is None


def test_who_may_only_look_at_keys_revokes_none() -> None:
    key, text = make_key("Old", scopes=["read"], now=MARCH_1)
    client = logged_in(build_staff("view_apikey"))

    client.post(KEYS, {"action": "revoke_selected", "_selected_action": [key.pk], "confirmed": "1"})

    assert client.get(f"{KEYS}{key.pk}/revoke/").status_code == 403
    boss = logged_in(build_staff(superuser=True))
    assert [boss.get(f"{KEYS}{pk}/revoke/").status_code for pk in (key.pk, 999, "x")] == [
        200,
        404,
        404,
    ]
    assert find_key(text, now=MARCH_1)


def test_staff_give_nobody_power_but_superusers_do() -> None:
    clerk = build_staff("view_user", "change_user")
    asked = {"email": clerk.email, "is_active": "on", "is_staff": "on", "is_superuser": "on"}

    logged_in(clerk).post(f"/admin/accounts/user/{clerk.pk}/change/", asked)
    assert not User.objects.get(pk=clerk.pk).is_superuser

    boss = build_staff(superuser=True)
    assert logged_in(clerk).post(f"/admin/accounts/user/{boss.pk}/password/").status_code == 403
    logged_in(boss).post(f"/admin/accounts/user/{clerk.pk}/change/", asked)
    assert User.objects.get(pk=clerk.pk).is_superuser


def test_a_letter_shows_the_mail_and_a_parked_one_is_mailed_again() -> None:
    acme = build_organization(email="money@acme.example")
    context = {"plan": "Starter", "first_day": "1 March 2026", "last_day": "30 March 2026"}
    owe_letter(acme, code="plan_applied", key="k", context=context, now=MARCH_1)
    Letter.objects.update(status="parked", attempts=8)
    client = logged_in(build_staff("view_letter", "change_letter"))
    letter = Letter.objects.get()

    page = text_of(client.get(f"/admin/accounts/letter/{letter.pk}/change/"))
    assert "To: money@acme.example" in page
    assert "30 March 2026" in page

    client.post(
        "/admin/accounts/letter/", {"action": "mail_again", "_selected_action": [letter.pk]}
    )
    assert Letter.objects.get().status == "waiting"
