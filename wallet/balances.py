"""What an organization has, at the moment of the question: the one balance function."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import OuterRef, QuerySet, Subquery, Sum

from accounts.models import Organization
from wallet.credits import ZERO, Credits
from wallet.models import CreditGrant, Wallet


@dataclass(frozen=True, slots=True)
class Balances:
    """Credits in the wallet, and those of live grants by kind."""

    wallet: Credits
    plan_credits: Credits
    bonus: Credits
    overdraft: Credits
    pause_when: str
    paused: bool


def balances(organization: Organization, *, now: dt.datetime) -> Balances:
    """Answer wallet and live grants of an organization in one statement."""
    live = CreditGrant.objects.filter(organization=OuterRef("pk")).live(now)
    wallet = Wallet.objects.annotate(
        plan=_left_of(live, CreditGrant.Kind.PLAN), bonus=_left_of(live, CreditGrant.Kind.BONUS)
    ).get(organization=organization)
    return Balances(
        wallet=Credits(wallet.balance),
        plan_credits=Credits(wallet.plan or ZERO),
        bonus=Credits(wallet.bonus or ZERO),
        overdraft=Credits(wallet.overdraft),
        pause_when=wallet.pause_when,
        paused=wallet.paused,
    )


def _left_of(grants: QuerySet[CreditGrant], kind: CreditGrant.Kind) -> Subquery:
    sums = grants.filter(kind=kind).order_by().values("organization")
    return Subquery(sums.annotate(left=Sum("remaining")).values("left"))
