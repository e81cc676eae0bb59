"""The ledger: written once, never changed, and every balance is the sum of its entries."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from accounts.models import Organization
from accounts.refusals import Invalid
from tests.builders import MARCH_1, build_organization
from wallet.adjusting import adjust_credits
from wallet.balances import balances
from wallet.credits import Credits
from wallet.granting import expire_due, grant_credits
from wallet.ledger import Posting, lock_wallet, post
from wallet.models import CreditGrant, LedgerEntry

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def posted(acme: Organization, credits: str, key: str) -> None:
    lock_wallet(acme.pk)
    entry = Posting(acme.pk, LedgerEntry.Kind.ADJUSTMENT, Decimal(credits), key, "test")
    post([entry], now=MARCH_1)


def bonus(acme: Organization, credits: int, days: int = 10) -> CreditGrant:
    return grant_credits(
        acme,
        kind=CreditGrant.Kind.BONUS,
        credits=Credits(Decimal(credits)),
        key=f"bonus-{credits}",
        expires_at=MARCH_1 + DAY * days,
        description="test",
        now=MARCH_1,
    )


def test_each_entry_carries_the_balance_after_it() -> None:
    acme = build_organization()
    rows = [
        Posting(acme.pk, "adjustment", Decimal(credits), f"k{credits}", "test")
        for credits in (10, -3, 5)
    ]

    lock_wallet(acme.pk)
    post(rows, now=MARCH_1)

    after = acme.ledger_entries.order_by("id").values_list("balance_after", flat=True)
    assert list(after) == [10, 7, 12]
    assert balances(acme, now=MARCH_1).wallet == 12


def test_posting_the_same_key_twice_moves_nothing_the_second_time() -> None:
    acme = build_organization()

    posted(acme, "10", "once")
    posted(acme, "99", "once")

    assert [entry.credits for entry in acme.ledger_entries.filter(key="once")] == [10]
    assert balances(acme, now=MARCH_1).wallet == 10


def test_the_database_itself_refuses_a_second_entry_under_a_key() -> None:
    acme = build_organization()
    posted(acme, "10", "once")

    with pytest.raises(IntegrityError, match="one_entry_per_key"), transaction.atomic():
        LedgerEntry.objects.create(
            organization=acme,
            kind="adjustment",
            credits=Decimal(1),
            balance_after=Decimal(11),
            key="once",
            description="",
            at=MARCH_1,
        )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE wallet_ledgerentry SET credits = 1",
        "DELETE FROM wallet_ledgerentry",
        "DELETE FROM wallet_creditgrant",
    ],
)
def test_the_database_refuses_to_change_an_entry_and_to_delete_it_or_a_grant(
    statement: str,
) -> None:
    bonus(build_organization(), 5)

    with (
        pytest.raises(ProgrammingError, match=r"Cannot (update or )?delete"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


ENTRY = """
INSERT INTO wallet_ledgerentry (organization_id, kind, credits, balance_after, key, description, at)
SELECT id, '{}', {}, 0, 'planted', '', now() FROM accounts_organization
"""


@pytest.mark.parametrize(
    ("statement", "guard"),
    [
        ("UPDATE wallet_wallet SET overdraft = -0.000001", "wallet_overdraft_positive"),
        ("UPDATE wallet_wallet SET pause_when = 'dry,'", "wallet_pause_when_known"),
        ("UPDATE wallet_wallet SET pause_when = E'dry\\n'", "wallet_pause_when_known"),
        ("UPDATE wallet_wallet SET balance = 0.000001, paused = true", "only_in_the_red"),
        ("UPDATE wallet_creditgrant SET remaining = -0.000001", "grant_remaining_within_granted"),
        ("UPDATE wallet_creditgrant SET remaining = 5.000001", "grant_remaining_within_granted"),
        ("UPDATE wallet_creditgrant SET kind = 'plans'", "grant_kind_known"),
        (ENTRY.format("usage", 0), "entry_moves_something"),
        (ENTRY.format("a usage", 1), "entry_kind_known"),
    ],
)
def test_the_database_refuses_what_no_wallet_grant_or_entry_can_say(
    statement: str, guard: str
) -> None:
    bonus(build_organization(), 5)

    with (
        pytest.raises(IntegrityError, match=guard),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def test_a_grant_is_made_once_per_key() -> None:
    acme = build_organization()

    assert bonus(acme, 50) == bonus(acme, 50)
    assert balances(acme, now=MARCH_1).bonus == 50


def test_a_grant_expires_at_its_instant_and_the_sweep_writes_it_off_once() -> None:
    acme = build_organization()
    bonus(acme, 50, days=3)

    at_the_end = balances(acme, now=MARCH_1 + 3 * DAY)
    expire_due(now=MARCH_1 + 3 * DAY)
    expire_due(now=MARCH_1 + 4 * DAY)

    assert at_the_end.bonus == 0
    kinds = acme.ledger_entries.order_by("id").values_list("kind", "credits", "balance_after")
    assert list(kinds) == [("bonus", 50, 50), ("expiry", -50, 0)]


def test_a_grant_can_never_give_more_than_it_has() -> None:
    acme = build_organization()
    grant = bonus(acme, 5)

    lock_wallet(acme.pk)
    with pytest.raises(IntegrityError, match="grant_remaining"), transaction.atomic():
        post([Posting(acme.pk, "usage", Decimal(-6), "u", "", grant.pk)], now=MARCH_1)


def test_an_adjustment_is_done_once_per_key_and_needs_a_reason_and_an_amount() -> None:
    acme = build_organization()

    for _ in range(2):
        adjust_credits(
            acme, credits=Credits(Decimal(-7)), reason="correction", key="form-1", now=MARCH_1
        )

    assert balances(acme, now=MARCH_1).wallet == -7
    assert acme.acts.filter(verb="adjust").count() == 1
    for credits, reason in ((0, "why"), (5, " ")):
        with pytest.raises(Invalid):
            adjust_credits(
                acme, credits=Credits(Decimal(credits)), reason=reason, key="x", now=MARCH_1
            )


def test_a_bonus_cannot_take_and_cannot_have_ended() -> None:
    acme = build_organization()

    for credits, end in ((-5, MARCH_1 + DAY), (5, MARCH_1)):
        with pytest.raises(Invalid):
            adjust_credits(
                acme,
                credits=Credits(Decimal(credits)),
                reason="why",
                key="x",
                expires_at=end,
                now=MARCH_1,
            )
    assert not acme.ledger_entries.exists()
