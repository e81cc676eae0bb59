"""Two tenants and everybody who may knock at their doors."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import Permission
from django.test import Client

from accounts.api_keys import make_key
from accounts.models import ApiKey, Membership, Organization, User
from accounts.webhook_endpoints import register
from payments.collecting import record_bank_payment
from payments.models import Card, Payment
from payments.refunding import refund_payment
from plans.renting import rent
from tests.builders import MARCH_1, a_call, build_organization, build_plan, build_user
from usage.charging import charge
from wallet.money import Money

HOOKS = "http://127.0.0.1/home"


@dataclass
class World:
    """Two tenants, everybody who may knock, and things of the first tenant to knock for."""

    home: Organization
    people: dict[str, User]
    keys: dict[str, str]
    token: str
    card: int
    agent: int
    entry: int
    rental: int
    endpoint: str
    clients: dict[str, Client] = field(default_factory=dict)

    def client(self, caller: str) -> Client:
        """Answer the client of this caller; people stay logged in."""
        if caller not in self.clients:
            key = self.keys.get(caller)
            headers = {"authorization": f"Api-Key {key}"} if key else {}
            client = self.clients[caller] = Client(headers=headers)
            if caller in self.people:
                client.force_login(self.people[caller])
        return self.clients[caller]

    def address(self, route: str) -> str:
        """Fill an address with the ids of the first tenant's things."""
        filled = {
            "external_id": self.home.external_id,
            "number": "CN-000001" if "credit-notes" in route else "INV-000001",
            "token": self.token,
            "card": str(self.card),
            "event_id": "call-1",
            "event": "call-1",
            "agent": "main",
            "agent_id": str(self.agent),
            "endpoint": self.endpoint,
            "rental": str(self.rental),
            "entry": str(self.entry),
            "entry_id": str(self.entry),
            "plan": "starter",
            "item": "phone_number",
            "reference": "+15550100",
            "pk": str(self.home.pk),
            "object_id": str(self.home.pk),
        }
        return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found: filled.get(found[1], "1"), route)


def build_world() -> World:
    """Make two tenants, people in every role, and keys of every kind."""
    build_plan()
    home = build_organization("Home", plan="starter", external_id="home", credits=100)
    away = build_organization("Away", plan="starter", external_id="away")
    rental = rent(home, item="phone_number", reference="+15550100", now=MARCH_1)
    charge([a_call(home, "call-1")], now=MARCH_1 + dt.timedelta(hours=1))
    payment = record_bank_payment(home, reference="SEPA-1", now=MARCH_1)
    _refund_a_part(payment)
    people = {role: build_user(role, home) for role in ("member", "billing", "owner")}
    stranger = Membership.objects.get(organization=away).user
    return World(
        home=home,
        people=people | {"stranger": stranger, "staff": _staff(all_of=True), "clerk": _staff()},
        keys=_keys(home, away),
        token=str(payment.token),
        card=_card(home).pk,
        agent=home.agents.get().pk,
        endpoint=str(register(HOOKS, events=[], organization=home, now=MARCH_1).token),
        entry=home.ledger_entries.get(kind="adjustment").pk,
        rental=rental.pk,
    )


def _card(organization: Organization) -> Card:
    """Put a card on file as the verb leaves it."""
    return Card.objects.create(
        organization=organization,
        stripe_id="pm_home",
        status=Card.Status.ON_FILE,
        brand="visa",
        last4="4242",
        exp_month=12,
        exp_year=2030,
        is_default=True,
        created_at=MARCH_1,
        settled_at=MARCH_1,
    )


def _refund_a_part(payment: Payment) -> None:
    part = Money(100, payment.currency)
    refund_payment(payment, amount=part, reason="test", key="part", gateway=None, now=MARCH_1)


def _staff(*, all_of: bool = False) -> User:
    user = build_user()
    user.is_staff = True
    user.save()
    if all_of:
        user.user_permissions.set(Permission.objects.all())
    return user


def _keys(home: Organization, away: Organization) -> dict[str, str]:
    def key(*scopes: str, organization: Organization | None = None, **ends: Any) -> str:
        made, text = make_key("k", scopes=scopes, organization=organization, now=MARCH_1)
        ApiKey.objects.filter(pk=made.pk).update(**ends)
        return text

    everything = ("read", "usage", "provision")
    return {
        "platform": key(*everything),
        "reader": key("read"),
        "reporter": key("usage"),
        "provisioner": key("provision"),
        "own": key(*everything, organization=home),
        "other": key(*everything, organization=away),
        "revoked": key(*everything, revoked_at=MARCH_1),
        "expired": key(*everything, expires_at=MARCH_1),
    }
