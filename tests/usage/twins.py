"""Two organizations alike, on terms of chance: what is told of one is told of its twin."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from random import Random
from typing import Any

from accounts.agents import put_agent
from accounts.models import Agent, Letter, Organization
from plans.models import Counter, Period, Site
from tests.builders import MARCH_1, a_call, apply, build_organization, build_plan
from usage.models import Hold, RefusedReport, UsageDay, UsageEvent
from wallet.credits import Credits
from wallet.granting import grant_credits
from wallet.models import CreditGrant, LedgerEntry, Wallet

NOON = MARCH_1 + dt.timedelta(days=1, hours=3)
CHANNELS, TIERS = ("web", "outbound", "inbound"), ("standard", "premium", None)
PRICES = ("0", "0.000003", "0.05", "0.0833335", "1", "4", "7.5", "12.1234567")
AMOUNTS = ("0.000001", "0.5", "1", "2.333333", "17", "60", "5000000", "4611687", "1000000000000")


class Twins:
    """Two organizations with the same agents, credits, grants and holds."""

    def __init__(self, seed: int) -> None:
        self.dice = Random(seed)
        self.told: list[dict[str, Any]] = []
        self.now = NOON
        build_plan(**self._terms())
        zone = self.dice.choice(("UTC", "Asia/Kolkata", "America/New_York", "Pacific/Apia"))
        credits = self.dice.choice((0, 5, 100, 10**6))
        self.both = [
            build_organization(
                name, external_id=name, time_zone=zone, plan="starter", credits=credits
            )
            for name in ("one", "other")
        ]
        Site.objects.update(quota_letters=self.dice.random() < 0.5)
        self._equip()
        for hours in self.dice.choice(((), (), (20,), (3, 26.5), (-2,))):
            build_plan(**self._terms())
            self._begin_again(MARCH_1 + dt.timedelta(hours=hours))

    def _terms(self) -> dict[str, Any]:
        dice = self.dice
        rates: dict[str, Any] = {"tokens": dice.choice(PRICES), "messages": dice.choice(PRICES)}
        tiers = {tier: dice.choice(PRICES) for tier in TIERS if tier}
        calls = dice.choice(
            (
                None,
                dice.choice(PRICES),
                {"web": "1", "outbound": dice.choice(PRICES)},
                {"web": tiers},
            )
        )
        allowances = {meter: dice.choice(AMOUNTS) for meter in ("call_minutes", "tokens", "other")}
        terms: dict[str, Any] = {
            "rates": rates if calls is None else rates | {"call_minutes": calls},
            "allowances": {m: much for m, much in allowances.items() if dice.random() < 0.5},
            "quotas": dice.choice(({}, {"outbound_calls": 0}, {"outbound_calls": 2})),
            "voice_tiers": dice.choice(([], ["premium", "standard"])),
            "call_increment_seconds": dice.choice((1, 6, 60)),
            "included_credits": dice.choice(("0", "3.5", "5000")),
            "pause_when": dice.choice(("dry", "negative")),
            "auto_renew": False,
        }
        return {name: value for name, value in terms.items() if value not in ({}, [], "0")}

    def _equip(self) -> None:
        limit = Decimal(self.dice.choice(AMOUNTS))
        bonuses = [self.dice.choice(AMOUNTS) for _ in range(self.dice.choice((0, 0, 1, 2)))]
        below = self.dice.choice((None, None, Decimal(50)))
        for organization in self.both:
            put_agent(organization, external_id="free", name="Free", now=MARCH_1)
            put_agent(
                organization, external_id="tied", name="Tied", now=MARCH_1, monthly_limit=limit
            )
            for number, bonus in enumerate(bonuses):
                grant_credits(
                    organization,
                    kind=CreditGrant.Kind.BONUS,
                    credits=Credits(Decimal(bonus)),
                    key=f"bonus:{number}",
                    expires_at=NOON + dt.timedelta(days=number, minutes=10),
                    description="bonus",
                    now=MARCH_1,
                )
            Wallet.objects.filter(organization=organization).update(recharge_below=below)

    def _begin_again(self, at: dt.datetime) -> None:
        """Let another period begin, be it before the one that it follows: a clock may be wrong."""
        for organization in self.both:
            apply(organization, "starter", now=at)

    def tell(self) -> dict[str, Any]:
        """Make up what is reported next: something new, or something once more."""
        dice = self.dice
        self.now += dt.timedelta(minutes=dice.choice((0, 0, 1, 100)))
        if self.told and dice.random() < 0.1:
            again = dict(dice.choice(self.told))
            return again | dice.choice(({}, {"agent": "free"}))
        told = self._facts() | {
            "id": f"event-{len(self.told)}",
            "agent": dice.choice(("main", "main", "free", "tied", "nobody")),
        }
        self.told.append(told)
        return told

    def _facts(self) -> dict[str, Any]:
        dice = self.dice
        ago = dt.timedelta(minutes=dice.choice((0, 1, 700, 1500, 3000)))
        at = {"at": (self.now - ago).isoformat()}
        match dice.choice(("call", "call", "call", "message", "meter")):
            case "message":
                return {"kind": "message", "direction": "in", "count": dice.randint(1, 40)} | at
            case "meter":
                meter = dice.choice(("tokens", "other", "unknown", "outbound_calls"))
                return {"kind": "meter", "meter": meter, "quantity": dice.choice(AMOUNTS)} | at
        connected = dice.random() < 0.8
        call = a_call(
            self.both[0],
            channel=dice.choice(CHANNELS),
            voice_tier=dice.choice(TIERS),
            connected=connected,
            seconds=dice.choice((1, 20, 59, 61, 600, 86400)) if connected else 0,
            started_at=at["at"],
        )
        return {name: call[name] for name in call if name not in ("organization", "id", "agent")}

    def let_in(self, event_id: str) -> None:
        """Reserve something for what is reported next, as the gate does now and then."""
        if self.dice.random() < 0.2:
            for organization in self.both:
                Hold.objects.get_or_create(
                    organization=organization,
                    call=event_id,
                    defaults={
                        "channel": "web",
                        "units": 1,
                        "credits": 0,
                        "held_at": self.now,
                        "expires_at": self.now + dt.timedelta(hours=1),
                    },
                )


def books_of(organization: Organization) -> dict[str, list[Any]]:
    """Answer all that charges write, with names where the twins have other numbers."""
    own = {"organization": organization}
    grants = dict(CreditGrant.objects.filter(**own).values_list("pk", "key"))
    grants |= {pk: key.partition(":")[0] for pk, key in grants.items() if key.startswith("period")}
    events = (
        UsageEvent.objects.filter(**own)
        .order_by("id")
        .values_list(
            *("event_id", "kind", "agent__external_id", "period__number", "channel", "meter"),
            *("started_at", "recorded_at", "credits", "facts", "trace"),
        )
    )
    for *_, trace in events:
        trace["draws"] = [[kind, grants.get(pk), much] for kind, pk, much in trace["draws"]]
    entries = (
        LedgerEntry.objects.filter(**own, kind="usage")
        .order_by("id")
        .values_list("grant_id", "credits", "balance_after", "key", "description", "at")
    )
    return {
        "events": list(events),
        "entries": [(grants.get(pk), *entry) for pk, *entry in entries],
        "grants": _rows(CreditGrant, own, "kind", "remaining", "has_rest"),
        "wallet": _rows(Wallet, own, "balance", "paused", "topped_up_at", "credits_gone_at"),
        "counters": _rows(Counter, own, "period__number", "meter", "used"),
        "days": _rows(
            UsageDay,
            own,
            *("period__number", "day", "agent__external_id", "channel", "meter"),
            *("events", "quantity", "allowance", "credits"),
        ),
        "agents": _rows(Agent, own, "external_id", "limit_reached_at"),
        "holds": _rows(Hold, own, "call"),
        "refused": _rows(RefusedReport, own, "meter", "code", "times", "ended_at"),
        "letters": _rows(Letter, own, "code"),
        "periods": _rows(Period, own, "number"),
    }


def _rows(model: Any, own: dict[str, Any], *names: str) -> list[Any]:
    return sorted(map(repr, model.objects.filter(**own).values_list(*names)))
