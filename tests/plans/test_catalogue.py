"""A catalogue is loaded as a whole, changes only what differs, and is written back the same."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from accounts.refusals import Invalid
from plans.catalogue import (
    BadCatalogue,
    CatalogueDiff,
    dump_catalogue,
    load_catalogue,
    load_catalogue_data,
)
from plans.models import Plan, PlanVersion, Site
from plans.terms import Terms
from tests.builders import MARCH_1, apply, build_organization
from tests.faults.threads import at_once
from wallet.models import CreditPrice

pytestmark = pytest.mark.django_db
FILES = sorted((settings.BASE_DIR / "plans" / "catalogues").glob("*.yaml"))
LATER = MARCH_1 + dt.timedelta(days=30)

SMALL: dict[str, Any] = {
    "currency": "USD",
    "credit_price": {"USD": "0.01"},
    "plans": {
        "free": {"name": "Free", "kind": "trial", "period": "14 days"},
        "pro": {
            "name": "Pro",
            "kind": "standard",
            "period": "1 month",
            "price": "49.00",
            "rates": {"call_minutes": {"web": 4, "outbound": {"standard": "0.5"}}},
        },
    },
}


def load(catalogue: dict[str, Any], *, now: dt.datetime = MARCH_1) -> CatalogueDiff:
    return load_catalogue_data(catalogue, now=now)


def with_pro(**terms: Any) -> dict[str, Any]:
    plans = {**SMALL["plans"], "pro": {**SMALL["plans"]["pro"], **terms}}
    return {**SMALL, "plans": plans}


def terms_of(code: str) -> Terms:
    version = Plan.objects.get(code=code).version
    assert version is not None
    return version.terms


def test_the_five_products_have_a_catalogue() -> None:
    assert [path.stem for path in FILES] == [
        "credits",
        "hybrid",
        "intrlume",
        "prepaid",
        "sessions",
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_catalogue_loads_and_the_second_time_changes_nothing(path: Path) -> None:
    text = path.read_text()

    first = load_catalogue(text, now=MARCH_1)
    again = load_catalogue(text, now=LATER)

    assert not first.is_empty
    assert again.is_empty
    assert again.lines() == ["nothing changes"]
    assert list(Plan.objects.values_list("code", flat=True)) == list(yaml.safe_load(text)["plans"])
    assert PlanVersion.objects.count() == Plan.objects.count()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_is_dumped_loads_back_to_the_same(path: Path) -> None:
    load_catalogue(path.read_text(), now=MARCH_1)

    dumped = dump_catalogue()

    assert load_catalogue(dumped, now=LATER).is_empty
    assert dump_catalogue() == dumped


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_catalogue_at_hand_says_the_same_as_its_file(path: Path) -> None:
    load_catalogue(path.read_text(), now=MARCH_1)

    assert load(yaml.safe_load(path.read_text())).is_empty


@pytest.mark.parametrize("name", ["No", "5", "1e3", "2026-01-01", "~", "a: #b", "'", "日本 ﷺ"])
def test_a_name_that_yaml_could_misread_survives_a_dump(name: str) -> None:
    load(with_pro(name=name))

    assert load_catalogue(dump_catalogue(), now=LATER).is_empty
    assert str(Plan.objects.get(code="pro")) == name


def test_intrlume_s_terms_are_what_its_file_says() -> None:
    load_catalogue((FILES[2]).read_text(), now=MARCH_1)

    starter, trial = terms_of("starter"), terms_of("trial")

    assert starter.rate("call_minutes", "outbound", "premium") == 12
    assert starter.rate("call_minutes", "web") == 4
    assert (starter.auto_renew, starter.overdraft, starter.quotas) == (
        False,
        50,
        {"outbound_calls": 1000},
    )
    assert [str(starter.price_in(code)) for code in ("USD", "EUR", "INR")] == [
        "99.00",
        "89.00",
        "7999.00",
    ]
    assert str(starter.rental_price_in("phone_number", "INR")) == "160.00"
    assert (trial.signup_credits, trial.channels, trial.max_seconds("web")) == (500, ("web",), 300)
    assert trial.limits["campaigns"] == 0
    assert str(trial.price_in("JPY")) == "0"


def test_the_site_keys_go_to_the_site_and_the_credit_prices() -> None:
    load_catalogue((FILES[0]).read_text(), now=MARCH_1)

    site, price = Site.objects.get(), CreditPrice.objects.get()

    assert (site.currency, site.grace_days, site.retry_days, site.credit_unused_days) == (
        "EUR",
        7,
        [1, 3, 5],
        True,
    )
    assert (price.currency, price.price) == ("EUR", Decimal("0.02"))
    assert (price.minimum_top_up_minor, price.monthly_recharge_ceiling_minor) == (500, 50000)


def test_site_keys_left_out_go_back_to_their_defaults() -> None:
    load({**SMALL, "grace_days": 3, "minimum_top_up": "10.00", "credit_unused_days": False})

    change = load(SMALL)

    assert [str(key) for key in change.site] == [
        "grace_days: 3 → 7",
        "credit_unused_days: false → true",
        "minimum_top_up.USD: 10.00 → none",
    ]
    assert Site.objects.get().grace_days == 7
    assert CreditPrice.objects.get().minimum_top_up_minor == 0


def test_a_currency_that_is_gone_has_no_price_any_more() -> None:
    load({**SMALL, "credit_price": {"USD": "0.01", "EUR": "0.01"}})

    change = load(SMALL)

    assert [str(key) for key in change.site] == ["credit_price.EUR: 0.01 → none"]
    assert list(CreditPrice.objects.values_list("currency", flat=True)) == ["USD"]


def test_a_changed_plan_gets_a_version_and_the_keys_are_told() -> None:
    load(SMALL)

    change = load(with_pro(price="59.00", name="Pro plus", limits={"agents": 5}), now=LATER)

    assert change.lines() == [
        "plan free: unchanged",
        "plan pro: version 2",
        "  name: Pro → Pro plus",
        "  price.USD: 49.00 → 59.00",
        "  limits.agents: none → 5",
    ]
    pro = Plan.objects.get(code="pro")
    assert (pro.version.number if pro.version else 0, str(pro)) == (2, "Pro plus")
    assert list(pro.versions.values_list("number", "name", "created_at")) == [
        (2, "Pro plus", LATER),
        (1, "Pro", MARCH_1),
    ]


def test_who_is_on_a_plan_keeps_its_version() -> None:
    load(SMALL)
    acme = build_organization(plan="pro")

    load(with_pro(price="59.00"))

    subscription = acme.subscription
    subscription.refresh_from_db()
    assert subscription.version.number == 1
    assert apply(acme, "pro", now=LATER).version.number == 2


def test_the_same_value_written_in_another_way_is_no_change() -> None:
    load(with_pro(overdraft="50.0", channels=["inbound", "web", "outbound"], price="49"))

    same = with_pro(overdraft=50, price={"USD": Decimal("49.00")}, description="", public=True)

    assert load(same).is_empty


def test_a_plan_missing_from_the_file_is_retired_and_offered_again_when_it_is_back() -> None:
    load(SMALL)
    without = {**SMALL, "plans": {"pro": SMALL["plans"]["pro"]}}

    gone = load(without, now=LATER)
    assert gone.lines() == ["plan pro: place: 2 → 1", "plan free: retired"]
    assert Plan.objects.get(code="free").retired_at == LATER
    assert load(without).is_empty

    back = load(SMALL)
    assert back.lines() == ["plan free: offered again", "plan pro: place: 1 → 2"]
    assert Plan.objects.get(code="free").retired_at is None
    assert PlanVersion.objects.count() == 2


def test_a_dry_run_tells_the_same_and_changes_nothing() -> None:
    text = (FILES[2]).read_text()

    told = load_catalogue(text, now=MARCH_1, dry_run=True)

    assert not Plan.objects.exists()
    assert not Site.objects.exists()
    assert load_catalogue(text, now=MARCH_1) == told


def test_data_that_is_no_catalogue_is_refused_without_lines() -> None:
    with pytest.raises(BadCatalogue) as refused:
        load(with_pro(price="cheap", colour="red"))

    assert refused.value.lines == [
        "catalogue: plans.pro.price: “cheap” is not a number.",
        "catalogue: plans.pro.colour: there is no such key.",
    ]
    with pytest.raises(BadCatalogue):
        load({**SMALL, "plans": {object: 1}})
    assert not Plan.objects.exists()


def test_nothing_is_dumped_before_anything_is_loaded() -> None:
    with pytest.raises(Invalid, match="No catalogue"):
        dump_catalogue()
    with pytest.raises(CommandError, match="No catalogue"):
        call_command("dump_catalogue")


@pytest.mark.django_db(transaction=True)
def test_of_two_loads_at_once_one_changes_and_the_other_finds_nothing_to_do() -> None:
    load(SMALL)
    changes: list[CatalogueDiff] = []

    raised = at_once(2, lambda _: changes.append(load(with_pro(price="59.00"))))

    assert raised == []
    assert sorted(change.is_empty for change in changes) == [False, True]
    assert list(Plan.objects.get(code="pro").versions.values_list("number", flat=True)) == [2, 1]


@pytest.mark.django_db(transaction=True)
def test_the_first_two_loads_at_once_make_every_plan_once() -> None:
    changes: list[CatalogueDiff] = []

    raised = at_once(2, lambda _: changes.append(load(SMALL)))

    assert raised == []
    assert sorted(change.is_empty for change in changes) == [False, True]
    assert PlanVersion.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_load_that_fails_halfway_leaves_nothing_behind() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE plans_planversion ADD CONSTRAINT no_pro CHECK (name <> 'Pro')")
    try:
        with pytest.raises(Exception, match="no_pro"), transaction.atomic():
            load(SMALL)
        assert not Plan.objects.exists()
        assert not Site.objects.exists()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE plans_planversion DROP CONSTRAINT no_pro")
