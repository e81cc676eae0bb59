"""What an organization has, at the moment of the question: the one balance function."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q, Sum

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
    """Answer wallet and live grants of an organization in two statements."""
    wallet = Wallet.objects.get(organization=organization)
    live = CreditGrant.objects.filter(organization=organization).live(now)
    left: dict[str, Decimal | None] = live.aggregate(
        plan=Sum("remaining", filter=Q(kind=CreditGrant.Kind.PLAN)),
        bonus=Sum("remaining", filter=Q(kind=CreditGrant.Kind.BONUS)),
    )
    return Balances(
        wallet=Credits(wallet.balance),
        plan_credits=Credits(left["plan"] or ZERO),
        bonus=Credits(left["bonus"] or ZERO),
        overdraft=Credits(wallet.overdraft),
        pause_when=wallet.pause_when,
        paused=wallet.paused,
    )
