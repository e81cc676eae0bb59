"""Reports alone and many together, plans, credits and settings at once: the books stay in order."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from accounts.agents import put_agent
from accounts.models import Organization
from billing_portal.doctor import examine
from plans.renewing import renew_due
from tests.builders import a_call, apply, build_organization, build_plan, build_site
from tests.faults.threads import at_once
from usage.charging import charge
from usage.models import UsageEvent
from wallet.adjusting import adjust_credits
from wallet.credits import Credits
from wallet.granting import expire_due, grant_credits
from wallet.models import CreditGrant

pytestmark = pytest.mark.django_db(transaction=True)
MIDNIGHT = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)


class Midnight:
    """Some organizations around a midnight, and what may happen to them."""

    def __init__(self) -> None:
        build_site()
        build_plan(
            auto_renew=True,
            price={},
            period="1 day",
            included_credits="60",
            rates={"call_minutes": "1.37"},
            allowances={"call_minutes": "30.5"},
            quotas={"outbound_calls": 40},
        )
        self.now = MIDNIGHT - 9 * SECOND
        self.all = [
            build_organization(f"Tenant {n}", plan="starter", credits=200, now=self.now)
            for n in range(3)
        ]
        self.told: list[dict[str, Any]] = []

    def live(self, dice: Random) -> None:
        """Let something happen; the clock goes on a little."""
        self.now += dice.choice((0, 0.01, 0.3)) * SECOND
        one = dice.choice(self.all)
        acts: list[Callable[[Random, Organization], object]] = [
            *[self.report] * 5,
            self.report_again,
            self.report_many,
            lambda _, one: apply(one, "starter", now=self.now),
            self.adjust,
            self.grant,
            self.limit,
            lambda *_: renew_due(now=self.now) and expire_due(now=self.now),
        ]
        dice.choice(acts)(dice, one)

    def call(self, dice: Random, one: Organization) -> dict[str, Any]:
        started_at = self.now - dice.choice((0, 3)) * SECOND
        call = a_call(
            one,
            channel=dice.choice(("web", "outbound")),
            seconds=dice.choice((20, 60, 61)),
            started_at=started_at.isoformat(),
        )
        self.told.append(call)
        return call

    def report(self, dice: Random, one: Organization) -> None:
        charge([self.call(dice, one)], now=self.now)

    def report_again(self, dice: Random, one: Organization) -> None:
        """Report something alone and among others that somebody may be reporting just now."""
        again = (self.told or [self.call(dice, one)])[-1]
        charge([again], now=self.now)
        result, _ = charge([again, self.call(dice, one)], now=self.now)
        assert result.status == "duplicate"

    def report_many(self, dice: Random, _: Organization) -> None:
        calls = [self.call(dice, one) for one in dice.choices(self.all, k=110)]
        results = charge([*calls, calls[0]], now=self.now)
        assert [result.id for result in results] == [
            *(call["id"] for call in calls),
            calls[0]["id"],
        ]
        assert results[-1].status == "duplicate"

    def adjust(self, dice: Random, one: Organization) -> None:
        credits, key = Credits(Decimal(dice.choice((50, -20)))), str(dice.random())
        adjust_credits(one, credits=credits, reason="test", key=key, now=self.now)

    def grant(self, dice: Random, one: Organization) -> None:
        grant_credits(
            one,
            kind=CreditGrant.Kind.BONUS,
            credits=Credits(Decimal(7)),
            key=str(dice.random()),
            expires_at=self.now + 4 * SECOND,
            description="bonus",
            now=self.now,
        )

    def limit(self, dice: Random, one: Organization) -> None:
        most = dice.choice((None, Decimal(20), Decimal(100)))
        put_agent(one, external_id="main", name="Main", monthly_limit=most, now=self.now)


def live_through(seed: int) -> list[str]:
    """Let ten threads do this and that; answers what the doctor finds, but for what waits."""
    midnight = Midnight()

    def work(number: int) -> None:
        dice = Random(seed * 100 + number)
        for _ in range(20):
            midnight.live(dice)

    assert at_once(10, work) == []
    assert UsageEvent.objects.count() == len(midnight.told)
    found = examine(now=midnight.now)
    return [str(one) for one in found if one.broken and not one.code.startswith("I16")]


def test_what_happens_at_once_leaves_the_books_in_order() -> None:
    assert live_through(0) == []


@pytest.mark.faults
@pytest.mark.parametrize("seed", range(1, 31))
def test_what_happens_at_once_leaves_the_books_in_order_30_times(seed: int) -> None:
    assert live_through(seed) == []
