"""What an organization had at an instant that has passed: its ledger, read until then."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q, QuerySet, Sum

from accounts.models import Organization
from wallet.credits import ZERO
from wallet.models import CreditGrant, LedgerEntry, Wallet

Kind = LedgerEntry.Kind
FILLED = (Kind.TOP_UP, Kind.ADJUSTMENT)
BEGINNING = dt.datetime.min.replace(tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class GrantThen:
    """What was left of a grant, at the latest at its end, and when it could be drawn."""

    rest: Decimal
    effective_at: dt.datetime
    expires_at: dt.datetime


@dataclass(frozen=True, slots=True)
class PauseTerms:
    """From an instant on: how far the balance may go, and when it pauses work."""

    since: dt.datetime
    overdraft: Decimal
    pause_when: str

    def pauses_below(self, balance: Decimal) -> bool:
        """Answer whether a balance is one that pauses work until it is above zero."""
        return self.pause_when == Wallet.PauseWhen.NEGATIVE and balance < -self.overdraft


def balance_then(organization: Organization, *, at: dt.datetime) -> Decimal:
    """Answer the wallet's balance."""
    last = _movements(organization, at=at).order_by("-id").first()
    return last.balance_after if last else ZERO


def filled_then(organization: Organization, *, at: dt.datetime) -> dt.datetime | None:
    """Answer when the wallet was last filled: by a top-up, a recharge, or by staff."""
    filled = _movements(organization, at=at).filter(kind__in=FILLED, credits__gt=0)
    last = filled.order_by("-id").first()
    return last.at if last else None


def paused_then(
    organization: Organization, terms: Sequence[PauseTerms], *, at: dt.datetime
) -> bool:
    """Answer whether the balance had gone below what it may, and not been above zero since.

    ``terms`` are those of the plans that took effect, one after another.
    """
    moved = _movements(organization, at=at).order_by("id")
    above = moved.filter(balance_after__gt=0).last()
    since = moved.filter(id__gt=above.pk) if above else moved
    # What moves at one instant moves together: the last balance of each counts.
    balances = dict(since.values_list("at", "balance_after"))
    if any(_terms_of(terms, moment).pauses_below(left) for moment, left in balances.items()):
        return True
    first = (above.at, above.balance_after) if above else (BEGINNING, ZERO)
    return any(
        one.pauses_below(_balance_of([first, *balances.items()], one.since))
        for one in terms
        if first[0] <= one.since <= at
    )


def _terms_of(terms: Sequence[PauseTerms], instant: dt.datetime) -> PauseTerms:
    """Answer the terms in force at an instant; before the first plan nothing may be owed."""
    begun = [one for one in terms if one.since <= instant]
    return begun[-1] if begun else PauseTerms(BEGINNING, ZERO, Wallet.PauseWhen.DRY)


def _balance_of(balances: Sequence[tuple[dt.datetime, Decimal]], instant: dt.datetime) -> Decimal:
    return [balance for moved_at, balance in balances if moved_at <= instant][-1]


def grants_then(organization: Organization, *, at: dt.datetime) -> list[GrantThen]:
    """Answer every grant that there was, with what was left of it; written off or not yet."""
    moved = Q(entries__at__lte=at) & ~Q(entries__kind=Kind.EXPIRY)
    grants = CreditGrant.objects.filter(organization=organization, effective_at__lte=at)
    rows = grants.annotate(rest=Sum("entries__credits", filter=moved)).order_by("id")
    return [
        GrantThen(rest or ZERO, effective_at, expires_at)
        for rest, effective_at, expires_at in rows.values_list("rest", "effective_at", "expires_at")
    ]


def credits_gone_then(
    organization: Organization, *, since: dt.datetime, at: dt.datetime
) -> dt.datetime | None:
    """Answer when a charge last used up all credits with an end; none where none has since."""
    emptied = LedgerEntry.objects.filter(
        organization=organization, kind=Kind.USAGE, grant__isnull=False, balance_after=0
    )
    instants = (
        emptied.filter(at__gte=since, at__lte=at).order_by("-at").values_list("at", flat=True)
    )
    for instant in dict.fromkeys(instants):
        grants = grants_then(organization, at=instant)
        if not any(grant.rest > 0 and grant.expires_at > instant for grant in grants):
            return instant
    return None


def _movements(organization: Organization, *, at: dt.datetime) -> QuerySet[LedgerEntry]:
    return LedgerEntry.objects.filter(organization=organization, grant__isnull=True, at__lte=at)
