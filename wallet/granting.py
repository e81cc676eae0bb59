"""Credits with an end are granted, and what is left of them expires."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import NamedTuple

import structlog
from django.db import transaction

from accounts.models import Organization
from accounts.saving import add_each
from wallet.credits import ZERO, Credits
from wallet.ledger import Posting, lock_wallet, post
from wallet.models import CreditGrant, LedgerEntry

logger = structlog.get_logger(__name__)

ENTRY_KINDS = {
    CreditGrant.Kind.PLAN: LedgerEntry.Kind.PLAN_CREDITS,
    CreditGrant.Kind.BONUS: LedgerEntry.Kind.BONUS,
}


class Granting(NamedTuple):
    """Credits that are to be granted until some end, under a key that is unique for ever."""

    organization_id: int
    kind: CreditGrant.Kind
    credits: Credits
    key: str
    expires_at: dt.datetime
    description: str


@transaction.atomic
def grant_credits(
    organization: Organization,
    *,
    kind: CreditGrant.Kind,
    credits: Credits,
    key: str,
    expires_at: dt.datetime,
    description: str,
    now: dt.datetime,
) -> CreditGrant:
    """Grant credits that expire; under a key that is known, answer the grant that exists."""
    lock_wallet(organization.pk)
    granting = Granting(organization.pk, kind, credits, key, expires_at, description)
    [grant] = grant_several([granting], now=now)
    grant.refresh_from_db()
    return grant


def grant_several(grantings: Sequence[Granting], *, now: dt.datetime) -> list[CreditGrant]:
    """Grant credits that expire, in two statements; what was granted before is left as it is.

    Requires the locks of all their wallets.
    """
    grants = [
        CreditGrant(
            organization_id=granting.organization_id,
            kind=granting.kind,
            credits=granting.credits,
            remaining=ZERO,
            key=granting.key,
            effective_at=now,
            expires_at=granting.expires_at,
            created_at=now,
        )
        for granting in grantings
    ]
    add_each(grants, unless_known_by=["organization", "key"])
    post([_entry(*pair) for pair in zip(grants, grantings, strict=True)], now=now)
    return grants


def _entry(grant: CreditGrant, granting: Granting) -> Posting:
    return Posting(
        granting.organization_id,
        ENTRY_KINDS[granting.kind],
        granting.credits,
        f"grant:{granting.key}",
        granting.description,
        grant.pk,
    )


def end_plan_credits(organization_ids: Collection[int], *, now: dt.datetime) -> None:
    """Expire all plan credits of organizations at once, because another plan takes effect.

    Requires the locks of all their wallets.
    """
    grants = CreditGrant.objects.filter(
        organization_id__in=organization_ids, kind=CreditGrant.Kind.PLAN, has_rest=True
    )
    rest = list(grants.order_by("id"))
    alive = [grant.pk for grant in rest if grant.expires_at > now]
    if alive:
        CreditGrant.objects.filter(pk__in=alive).update(expires_at=now)
    _write_off(rest, now=now)


@transaction.atomic
def move_plan_credits(
    organization: Organization, *, expires_at: dt.datetime, now: dt.datetime
) -> None:
    """Let plan credits that still live end with their period's new end."""
    lock_wallet(organization.pk)
    grants = CreditGrant.objects.filter(organization=organization, kind=CreditGrant.Kind.PLAN)
    grants.live(now).update(expires_at=expires_at)


@transaction.atomic
def revive_credits(
    organization: Organization, *, key: str, expires_at: dt.datetime, now: dt.datetime
) -> None:
    """Let a grant live until another end, also where it has ended and was written off meanwhile."""
    lock_wallet(organization.pk)
    grant = CreditGrant.objects.filter(organization=organization, key=key).first()
    if grant is None or expires_at <= now:
        return
    CreditGrant.objects.filter(pk=grant.pk, remaining__gt=0).update(expires_at=expires_at)
    gone = LedgerEntry.objects.filter(organization=organization, key=f"expiry:{grant.pk}").first()
    if gone is not None:
        grant_credits(
            organization,
            kind=CreditGrant.Kind(grant.kind),
            credits=Credits(-gone.credits),
            key=f"{key}:again",
            expires_at=expires_at,
            description="Given back: it was paid in time",
            now=now,
        )


def expire_due(*, now: dt.datetime, limit: int = 1000) -> int:
    """Write off what is left of grants past their end; answers how many organizations."""
    due = CreditGrant.objects.due_to_expire(now).order_by("organization_id")
    organizations = due.values_list("organization_id", flat=True).distinct()[:limit]
    done = 0
    for organization_id in organizations:
        try:
            _expire_organization(organization_id, now=now)
            done += 1
        except Exception:  # a bad row is logged and does not stop the sweep
            logger.exception("grants_not_expired", organization=organization_id)
    return done


@transaction.atomic
def _expire_organization(organization_id: int, *, now: dt.datetime) -> None:
    lock_wallet(organization_id)
    grants = CreditGrant.objects.due_to_expire(now).filter(organization_id=organization_id)
    _write_off(list(grants.order_by("expires_at", "id")), now=now)


def _write_off(grants: list[CreditGrant], *, now: dt.datetime) -> None:
    post(
        [
            Posting(
                grant.organization_id,
                LedgerEntry.Kind.EXPIRY,
                -grant.remaining,
                f"expiry:{grant.pk}",
                f"{grant.get_kind_display()} expired",
                grant.pk,
            )
            for grant in grants
        ],
        now=now,
    )
