"""The organizations that are measured: a thousand, on two plans, with a year behind them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Model

from accounts.models import Agent, Organization
from plans.models import Period, Plan, PlanVersion, Site, Subscription
from plans.provisioning import NewOrganization, provision
from wallet.adjusting import adjust_credits
from wallet.credits import parse
from wallet.models import CreditGrant, CreditPrice, LedgerEntry, Wallet

AGENTS = ("main", "agent-1", "agent-2", "agent-3", "agent-4")
CHANNELS = ("web", "outbound", "inbound")
TIERS = ("standard", "premium")
PAST_PERIODS = 12
PERIOD = dt.timedelta(days=30)
# The running period is this old, so that what is reported lies in it.
BEGAN = dt.timedelta(days=10)
PLENTY = "1000000000"
TERMS: dict[str, Any] = {
    "period": "30 days",
    "price": {"USD": "99.00"},
    "overdraft": "50",
    "voice_tiers": list(TIERS),
    "quotas": {"outbound_calls": 1_000_000_000},
    "rates": {
        "call_minutes": {
            "web": {"standard": "4", "premium": "6"},
            "outbound": {"standard": "8", "premium": "12"},
            "inbound": {"standard": "6", "premium": "9"},
        }
    },
}
# Half of the organizations pay with their wallet, half with plan credits.
PLANS = {"wallet": TERMS, "credits": TERMS | {"included_credits": PLENTY}}

Row = TypeVar("Row", bound=Model)


@transaction.atomic
def populate(organizations: int, *, now: dt.datetime) -> list[str]:
    """Make organizations and answer their external ids: one of each plan, and copies of it."""
    Site.objects.create(currency="USD")
    CreditPrice.objects.create(currency="USD", price=Decimal("0.01"))
    patterns = [_pattern(code, terms, now=now - BEGAN) for code, terms in PLANS.items()]
    names = [pattern.external_id for pattern in patterns]
    share = -(-organizations // len(patterns))
    for pattern in patterns:
        names += _copies(pattern, share - 1)
    _add_past_periods()
    return names


def _pattern(code: str, terms: dict[str, Any], *, now: dt.datetime) -> Organization:
    """Make the first organization on a plan, through the product's verbs."""
    plan = Plan.objects.create(code=code)
    plan.version = PlanVersion.objects.create(
        plan=plan, number=1, kind="standard", name=code, terms_json=terms, created_at=now
    )
    plan.save()
    details = NewOrganization(name=code, external_id=f"{code}-0")
    organization = provision(details, owner=None, plan=code, now=now)
    adjust_credits(organization, credits=parse(PLENTY), reason="plenty", key="plenty", now=now)
    Agent.objects.bulk_create(
        Agent(organization=organization, external_id=name, name=name, created_at=now)
        for name in AGENTS[1:]
    )
    return organization


def _copies(pattern: Organization, count: int) -> list[str]:
    names = [f"{pattern.name}-{number}" for number in range(1, count + 1)]
    made = Organization.objects.bulk_create(
        [_copy(pattern, name=name, external_id=name) for name in names]
    )
    pks = [organization.pk for organization in made]
    periods = _copy_all(Period.objects.get(organization=pattern), pks)
    wallet = Wallet.objects.get(organization=pattern)
    Wallet.objects.bulk_create(_copy(wallet, organization_id=pk) for pk in pks)
    subscription = Subscription.objects.get(organization=pattern)
    Subscription.objects.bulk_create(
        _copy(subscription, organization_id=period.organization_id, period_id=period.pk)
        for period in periods
    )
    for agent in Agent.objects.filter(organization=pattern):
        _copy_all(agent, pks)
    for grant in CreditGrant.objects.filter(organization=pattern):
        granted = _copy_all(grant, pks)
        for entry in LedgerEntry.objects.filter(grant=grant):
            LedgerEntry.objects.bulk_create(
                _copy(entry, organization_id=own.organization_id, grant_id=own.pk)
                for own in granted
            )
    for entry in LedgerEntry.objects.filter(organization=pattern, grant=None):
        _copy_all(entry, pks)
    return names


def _copy(row: Row, **changes: Any) -> Row:
    """Answer an unsaved copy of a row, without what only one row can have."""
    fields = [f for f in row._meta.concrete_fields if not (f.unique or f.generated)]
    values = {f.attname: getattr(row, f.attname) for f in fields}
    return type(row)(**{**values, **changes})


def _copy_all(row: Row, organizations: list[int]) -> list[Row]:
    """Save a copy of a row for each of some organizations."""
    copies = [_copy(row, organization_id=pk) for pk in organizations]
    return type(row)._default_manager.bulk_create(copies)


def _add_past_periods() -> None:
    """Give every organization the periods before the running one, a year of them."""
    running = list(Period.objects.all())
    Period.objects.update(number=PAST_PERIODS + 1)
    Period.objects.bulk_create(
        _copy(
            period,
            number=PAST_PERIODS + 1 - back,
            replaced_at=period.starts_at - (back - 1) * PERIOD,
            **{
                name: getattr(period, name) - back * PERIOD
                for name in ("starts_at", "ends_at", "first_day", "last_day")
            },
        )
        for period in running
        for back in range(1, PAST_PERIODS + 1)
    )
