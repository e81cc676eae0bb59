"""Rows that are written together: all of their values, each its own, and none that is gone."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from accounts.models import Act, Organization
from accounts.saving import add_each, save_each
from plans.models import Period
from tests.builders import MARCH_1, build_organization, build_plan
from wallet.models import CreditGrant

pytestmark = pytest.mark.django_db
EXACTLY = MARCH_1 + dt.timedelta(microseconds=123_456)


def an_act(organization: Organization, **values: Any) -> Act:
    return Act(organization=organization, at=EXACTLY, verb="try", **values)


def a_bonus(organization: Organization, key: str, credits: str) -> CreditGrant:
    return CreditGrant(
        organization=organization,
        kind=CreditGrant.Kind.BONUS,
        credits=Decimal(credits),
        remaining=Decimal(credits),
        key=key,
        effective_at=MARCH_1,
        expires_at=EXACTLY,
        created_at=MARCH_1,
    )


def test_rows_are_added_in_their_order_and_told_their_ids() -> None:
    acme = build_organization()
    texts = ["plain", '“quoted” \\ \'n "so"', "%s {new} $1", "日本語 🎉", ""]
    acts = [an_act(acme, summary=text, after={"said": [text, None, 1.5]}) for text in texts]

    add_each(acts)

    for act, text in zip(acts, texts, strict=True):
        stored = Act.objects.get(pk=act.pk)
        assert (stored.summary, stored.after) == (text, {"said": [text, None, 1.5]})
        assert (stored.at, stored.actor, stored.before) == (EXACTLY, None, {})


def test_no_rows_are_no_statement(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        add_each([])
        save_each([], ["name"])


def test_a_row_that_is_known_stays_and_its_id_is_answered() -> None:
    acme = build_organization()
    known = a_bonus(acme, "a", "5.000001")
    add_each([known])

    rows = [a_bonus(acme, "b", "7"), a_bonus(acme, "a", "9")]
    add_each(rows, unless_known_by=["organization", "key"])

    assert rows[1].pk == known.pk
    stored = dict(CreditGrant.objects.values_list("pk", "credits"))
    assert stored == {known.pk: Decimal("5.000001"), rows[0].pk: 7}


def test_a_known_row_is_refused_where_nothing_says_otherwise() -> None:
    acme = build_organization()
    add_each([a_bonus(acme, "a", "5")])

    with pytest.raises(IntegrityError), transaction.atomic():
        add_each([a_bonus(acme, "b", "5"), a_bonus(acme, "a", "5")])

    assert CreditGrant.objects.count() == 1


def test_each_row_is_saved_with_its_own_values_and_only_what_is_named() -> None:
    build_plan("starter")
    organizations = [build_organization(name, plan="starter") for name in ("Acme", "Other")]
    periods = [organization.periods.get() for organization in organizations]
    first, second = periods
    first.marks_passed, first.look_at, first.number = ["days_7", 'a,"b'], EXACTLY, 77
    second.marks_passed, second.look_at = [], None

    save_each(periods, ["marks_passed", "look_at"])

    stored = Period.objects.in_bulk([first.pk, second.pk])
    assert stored[first.pk].marks_passed == ["days_7", 'a,"b']
    assert (stored[first.pk].look_at, stored[first.pk].number) == (EXACTLY, 1)
    assert (stored[second.pk].marks_passed, stored[second.pk].look_at) == ([], None)


def test_a_row_that_is_gone_is_noticed() -> None:
    acme = build_organization()
    gone = Organization(pk=acme.pk + 1, name="Gone", currency="USD", created_at=MARCH_1)

    with pytest.raises(DatabaseError, match="1 rows of"):
        save_each([acme, gone], ["name"])
