"""What tests are built from: each builder shows only what matters and goes through the verbs."""

from __future__ import annotations

import datetime as dt
import itertools
from decimal import Decimal
from typing import Any

from accounts.models import Membership, Organization, User
from plans.applying import PlanRequest, apply_plan
from plans.models import Period, Plan, PlanVersion, Site
from plans.provisioning import NewOrganization, provision
from wallet.adjusting import adjust_credits
from wallet.credits import Credits
from wallet.models import CreditPrice

MARCH_1 = dt.datetime(2026, 3, 1, 9, 0, tzinfo=dt.UTC)
_numbers = itertools.count(1)

STARTER: dict[str, Any] = {
    "period": "30 days",
    "price": {"USD": "99.00", "EUR": "89.00"},
    "auto_renew": False,
    "overdraft": "50",
    "voice_tiers": ["standard", "premium"],
    "limits": {"agents": 10},
    "quotas": {"outbound_calls": 1000},
    "rates": {
        "call_minutes": {
            "web": {"standard": "4", "premium": "6"},
            "outbound": {"standard": "8", "premium": "12"},
            "inbound": {"standard": "6", "premium": "9"},
        }
    },
    "rentals": {"phone_number": {"USD": "2.00"}},
}
TRIAL: dict[str, Any] = {
    "period": "30 days",
    "signup_credits": "500",
    "overdraft": "25",
    "channels": ["web"],
    "max_call_minutes": {"web": "5"},
    "limits": {"agents": 3},
    "rates": {"call_minutes": {"web": "4"}},
}


def build_site(currency: str = "USD") -> Site:
    """Make the site's terms and a credit price of 0.01 in some currencies."""
    for code in {currency, "USD", "EUR"}:
        CreditPrice.objects.get_or_create(currency=code, defaults={"price": Decimal("0.01")})
    return Site.objects.get_or_create(id=1, defaults={"currency": currency})[0]


def build_plan(code: str = "starter", kind: str = "standard", **terms: Any) -> Plan:
    """Make a plan with one version; terms not named are Starter's or the trial's."""
    base = TRIAL if kind == "trial" else STARTER
    plan, _ = Plan.objects.get_or_create(code=code)
    plan.version = PlanVersion.objects.create(
        plan=plan,
        number=plan.versions.count() + 1,
        kind=kind,
        name=code.capitalize(),
        terms_json=base | terms,
        created_at=MARCH_1,
    )
    plan.save()
    return plan


def build_organization(
    name: str = "Acme",
    *,
    now: dt.datetime = MARCH_1,
    time_zone: str = "UTC",
    currency: str = "USD",
    credits: int = 0,
    plan: str | None = None,
    **details: Any,
) -> Organization:
    """Make an organization with its owner, on a plan or none, with credits in its wallet."""
    build_site()
    owner = build_user()
    organization = provision(
        NewOrganization(name=name, time_zone=time_zone, currency=currency, **details),
        owner=owner,
        trial=plan == "trial",
        plan=None if plan == "trial" else plan,
        now=now,
    )
    if credits:
        adjust_credits(
            organization, credits=Credits(Decimal(credits)), reason="test", key="first", now=now
        )
    return organization


def build_user(role: str | None = None, organization: Organization | None = None) -> User:
    """Make a person, with a role in an organization if one is given."""
    user = User.objects.create_user(f"person{next(_numbers)}@example.com", "look-around-1")
    if organization and role:
        Membership.objects.create(organization=organization, user=user, role=role)
    return user


def apply(organization: Organization, plan: str, *, now: dt.datetime, **request: Any) -> Period:
    """Let staff apply a plan without a preview."""
    asked = PlanRequest(plan=plan, **request)
    return apply_plan(organization, asked, reason="test", now=now)


def a_call(organization: Organization, event_id: str | None = None, **facts: Any) -> dict[str, Any]:
    """Make the report of a connected call of one minute on the web channel."""
    return {
        "organization": organization.external_id,
        "id": event_id or f"call-{next(_numbers)}",
        "agent": "main",
        "kind": "call",
        "channel": "web",
        "started_at": MARCH_1.isoformat(),
        "seconds": 60,
        **facts,
    }
