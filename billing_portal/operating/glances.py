"""How many organizations stand at once: a list's columns from one statement, not one per row."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import (
    Count,
    DecimalField,
    F,
    OuterRef,
    Prefetch,
    QuerySet,
    Subquery,
    Sum,
)
from django.db.models.functions import Coalesce

from accounts.models import Organization
from invoices.models import Invoice
from plans.models import Counter, Subscription
from plans.standing import Badge, Standing, standing_of
from plans.terms import Terms
from usage.bell import Bell, bell_of
from wallet.credits import ZERO
from wallet.models import CreditGrant, Wallet
from wallet.pausing import pauses


@dataclass(frozen=True, slots=True)
class Glance:
    """What a row of the list says of an organization."""

    standing: Standing
    balance: Decimal
    bell: Bell


def with_glances(
    organizations: QuerySet[Organization], *, now: dt.datetime
) -> QuerySet[Organization]:
    """Load with each organization what :func:`glance` reads."""
    live = CreditGrant.objects.live(now).filter(organization=OuterRef("pk"))
    credits_left = live.order_by().values("organization").annotate(sum=Sum("remaining"))
    unpaid = Invoice.objects.unpaid().filter(organization=OuterRef("pk"))
    open_invoices = unpaid.order_by().values("organization").annotate(count=Count("pk"))
    running = Counter.objects.filter(period=F("organization__subscription__period"))
    return (
        organizations.select_related(
            "wallet", "subscription__period__version", "subscription__version__plan"
        )
        .prefetch_related(Prefetch("counters", running))
        .annotate(
            credits_left=Coalesce(
                Subquery(credits_left.values("sum")), ZERO, output_field=DecimalField()
            ),
            open_invoices=Coalesce(Subquery(open_invoices.values("count")), 0),
        )
    )


def glance(organization: Organization, *, now: dt.datetime) -> Glance:
    """Answer how an organization of :func:`with_glances` stands; asks the database nothing."""
    subscription: Subscription | None = getattr(organization, "subscription", None)
    wallet = organization.wallet
    if subscription is None:
        return Glance(Standing(Badge.NONE), wallet.balance, Bell.NONE)
    terms = subscription.version.terms
    return Glance(
        standing=standing_of(subscription, organization=organization, now=now),
        balance=wallet.balance,
        bell=bell_of(
            terms,
            balance=wallet.balance,
            wallet_pauses=_pauses(wallet),
            credits_left=organization.credits_left,  # type: ignore[attr-defined]  # annotated
            allowance_left=_allowance_left(terms, organization),
        ),
    )


def _pauses(wallet: Wallet) -> bool:
    return pauses(
        balance=wallet.balance,
        overdraft=wallet.overdraft,
        pause_when=wallet.pause_when,
        paused=wallet.paused,
    )


def _allowance_left(terms: Terms, organization: Organization) -> dict[str, Decimal]:
    used = {counter.meter: counter.used for counter in organization.counters.all()}
    return {
        meter: max(included - used.get(meter, ZERO), ZERO)
        for meter, included in terms.allowances.items()
    }
