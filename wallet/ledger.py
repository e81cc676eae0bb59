"""Credits move: the one place where ledger entries are written and balances change."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

import orjson
from django.db import connection

from wallet.credits import ZERO
from wallet.models import Wallet


class Posting(NamedTuple):
    """A movement to be written: credits with their sign, under a key that is unique for ever.

    ``balance_after`` is for who counts along under the lock; else the database works it out.
    """

    organization_id: int
    kind: str
    credits: Decimal
    key: str
    description: str
    grant_id: int | None = None
    balance_after: Decimal | None = None


POST = "SELECT wallet_post(%s, %s)"


def lock_wallet(organization_id: int) -> Wallet:
    """Take the organization's wallet for this transaction: the first lock of every verb."""
    return Wallet.objects.select_for_update().get(organization_id=organization_id)


def lock_free_wallets(organization_ids: Collection[int]) -> list[Wallet]:
    """Take those of several wallets that nobody else has, in the order of their ids."""
    free = Wallet.objects.select_for_update(skip_locked=True)
    return list(free.filter(organization_id__in=organization_ids).order_by("organization_id"))


def post(postings: Sequence[Posting], *, now: dt.datetime) -> None:
    """Write postings in one statement; what was posted before is left as it is.

    Requires the locks of all their wallets. Postings of nothing are no entries.
    """
    rows = as_rows(postings)
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(POST, [orjson.dumps(rows).decode(), now])


def moved(postings: Sequence[Posting]) -> dict[str, list[dict[str, object]]]:
    """Write draws, which know the balance after them, as the database's ``wallet_move`` reads them.

    Beside the entries: what each wallet and each grant loses in all.
    """
    wallets: dict[int, Decimal] = {}
    grants: dict[int, Decimal] = {}
    for posting in postings:
        if posting.grant_id is None:
            pk = posting.organization_id
            wallets[pk] = wallets.get(pk, ZERO) + posting.credits
        else:
            grants[posting.grant_id] = grants.get(posting.grant_id, ZERO) + posting.credits
    return {
        "entries": as_rows(postings),
        "wallets": [{"organization_id": pk, "credits": str(sum_)} for pk, sum_ in wallets.items()],
        "grants": [{"grant_id": pk, "credits": str(sum_)} for pk, sum_ in grants.items()],
    }


def as_rows(postings: Iterable[Posting]) -> list[dict[str, object]]:
    """Write postings as the database's ``wallet_post`` reads them."""
    return [
        {
            "organization_id": posting.organization_id,
            "grant_id": posting.grant_id,
            "kind": posting.kind,
            "credits": str(posting.credits),
            "balance_after": None if posting.balance_after is None else str(posting.balance_after),
            "key": posting.key,
            "description": posting.description[:500],
        }
        for posting in postings
        if posting.credits
    ]
