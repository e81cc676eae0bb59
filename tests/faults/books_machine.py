"""A machine that lets credits come and go in any order, beside a small model."""

from __future__ import annotations

import datetime as dt
import itertools
from decimal import Decimal

import hypothesis
from django.db import connection
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from billing_portal.devstack.fake_stripe import FakeStripe
from payments.models import Payment
from plans.models import Counter, Site
from plans.resources import report_resources
from plans.terms import PHONE_NUMBERS
from tests.builders import MARCH_1, apply, build_organization, build_plan, build_site
from tests.faults.books_model import Books, Plan, Price
from tests.payments.money_back import refund, top_up
from usage.charging import Result, charge
from usage.gate import ask
from usage.holds import reserved
from usage.questions import Question
from wallet.adjusting import adjust_credits
from wallet.balances import balances
from wallet.credits import Credits
from wallet.granting import expire_due

HOLD_MINUTES = 60
PLANS = {
    "minutes": Plan(
        rates={("web", "standard"): Decimal(4), ("outbound", "premium"): Decimal("0.333333")},
        longest={"web": 5 * 60, "outbound": HOLD_MINUTES * 60},
        minutes=Decimal(10),
        included=Decimal(25),
    ),
    "plain": Plan(
        rates={("web", "standard"): Decimal("1.7"), ("outbound", "premium"): Decimal(12)},
        longest={"web": HOLD_MINUTES * 60, "outbound": 7 * 60},
        included=Decimal(60),
        overdraft=Decimal(9),
        resumes_above_zero=True,
    ),
}
PRICES = st.sampled_from([("web", "standard"), ("outbound", "premium")])
_seeds = itertools.count(1)
SECOND = dt.timedelta(seconds=1)


def build_plans() -> None:
    for code, plan in PLANS.items():
        channels: dict[str, dict[str, str]] = {}
        for (channel, tier), price in plan.rates.items():
            channels.setdefault(channel, {})[tier] = str(price)
        build_plan(
            code,
            included_credits=str(plan.included),
            allowances={"call_minutes": str(plan.minutes)},
            rates={"call_minutes": channels},
            max_call_minutes={
                channel: str(seconds // 60)
                for channel, seconds in plan.longest.items()
                if seconds < HOLD_MINUTES * 60
            },
            overdraft=str(plan.overdraft),
            pause_when="negative" if plan.resumes_above_zero else "dry",
            quotas={},
        )
    build_site()
    Site.objects.update(hold_minutes=HOLD_MINUTES)


class BooksMachine(RuleBasedStateMachine):
    """An organization whose time passes by a second a step, or by days."""

    @initialize()
    def begin(self) -> None:
        self.now = MARCH_1
        # Its ids are unique for ever, as Stripe's are.
        self.fake = FakeStripe(seed=next(_seeds))
        self.organization = build_organization()
        report_resources(self.organization, counts={PHONE_NUMBERS: 1}, now=self.now)
        self.books = Books()
        self.payments: dict[str, Payment] = {}
        self.steps = 0
        self.change_plan("minutes")

    # --- What may happen ----------------------------------------------------------------------

    @rule(price=PRICES, data=st.data())
    def ask(self, price: Price, data: st.DataObject) -> None:
        self.pass_time()
        known = [*self.named_calls(), *sorted(self.books.said)[-2:]]
        key = data.draw(st.sampled_from([None, f"call-{self.steps:02}", *known]))
        channel, tier = price
        question = Question(
            self.organization.external_id, "call", channel, tier, agent="main", call=key
        )
        answer = ask(question, now=self.now)
        assert answer.code == self.books.ask(key, self.now, price=price)

    @rule(
        seconds=st.integers(1, 3000),
        price=PRICES,
        late=st.sampled_from([0, 0, 0, 3600, 86400 * 5]),
        data=st.data(),
    )
    def call(self, seconds: int, price: Price, late: int, data: st.DataObject) -> None:
        self.pass_time()
        new = [key for key in self.named_calls() if key not in self.books.said]
        key = data.draw(st.sampled_from([f"call-{self.steps:02}", *new]))
        started = self.now - dt.timedelta(seconds=seconds + late)
        event = self.report(key, started, seconds, price)
        expected = self.books.call(key, started, self.now, seconds=seconds, price=price)
        assert self.told(event) == ("charged", expected)
        self.books.said[key] = event, expected

    @precondition(lambda self: self.books.said)
    @rule(data=st.data())
    def report_again(self, data: st.DataObject) -> None:
        self.pass_time()
        event, expected = self.books.said[data.draw(st.sampled_from(sorted(self.books.said)))]
        assert self.told(event) == ("duplicate", expected)
        other = {**event, "seconds": int(str(event["seconds"])) + 1}
        assert self.told(other)[0] == "conflict"

    @rule(credits=st.decimals("0.000001", 90, places=6), days=st.integers(1, 40))
    def bonus(self, credits: Decimal, days: int) -> None:
        self.pass_time()
        ends = self.now + dt.timedelta(days=days)
        self.adjust(credits, expires_at=ends)
        self.books.give("bonus", credits, ends=ends)

    @rule(credits=st.decimals(-50, 50, places=6).filter(bool))
    def adjust_wallet(self, credits: Decimal) -> None:
        self.pass_time()
        self.adjust(credits)
        self.books.move(credits)

    @rule(plan=st.sampled_from(sorted(PLANS)))
    def change_plan(self, plan: str) -> None:
        self.pass_time()
        period = apply(self.organization, plan, now=self.now)
        self.books.begin(PLANS[plan], self.now, ends=period.ends_at)

    @rule(hours=st.integers(1, 24 * 12))
    def wait(self, hours: int) -> None:
        self.now += dt.timedelta(hours=hours)

    @rule()
    def expire(self) -> None:
        expire_due(now=self.now)

    @rule(minor=st.integers(8, 90).map(lambda n: n * 7))
    def buy(self, minor: int) -> None:
        self.pass_time()
        key = f"buy-{self.steps:02}"
        self.payments[key] = top_up(self.organization, self.fake, minor, key=key, now=self.now)
        self.books.buy(key, minor, Decimal(minor))

    @precondition(lambda self: any(one.back < one.minor for one in self.books.bought.values()))
    @rule(data=st.data())
    def give_back(self, data: st.DataObject) -> None:
        self.pass_time()
        open_ = {key: one for key, one in self.books.bought.items() if one.back < one.minor}
        key = data.draw(st.sampled_from(sorted(open_)))
        part = data.draw(st.integers(1, open_[key].minor - open_[key].back))
        refund(self.payments[key], self.fake, part, key=f"back-{self.steps}", now=self.now)
        self.books.give_back(key, part)

    # --- What must be then --------------------------------------------------------------------

    @invariant()
    def balances_are_the_model_s(self) -> None:
        have = balances(self.organization, now=self.now)
        assert (have.wallet, have.plan_credits, have.bonus) == (
            self.books.wallet,
            self.books.live("plan", self.now),
            self.books.live("bonus", self.now),
        )

    @invariant()
    def what_is_reserved_is_the_model_s(self) -> None:
        have = reserved(self.organization, now=self.now)
        assert (have.units, have.credits) == self.books.reserved(self.now)

    @invariant()
    def every_balance_is_the_sum_of_its_entries(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(SUMS, [self.organization.pk] * 2)
            assert cursor.fetchall() == []

    @invariant()
    def allowances_are_used_as_the_model_says(self) -> None:
        used = Counter.objects.filter(
            period__organization=self.organization, meter="call_minutes", used__gt=0
        ).order_by("period__number")
        expected = [term.used for term in self.books.terms if term.used]
        assert list(used.values_list("used", flat=True)) == expected

    # --- How it is done -----------------------------------------------------------------------

    def named_calls(self) -> list[str]:
        return [one.key for one in self.books.running if one.key]

    def pass_time(self) -> None:
        self.steps += 1
        self.now += SECOND

    def adjust(self, credits: Decimal, expires_at: dt.datetime | None = None) -> None:
        adjust_credits(
            self.organization,
            credits=Credits(credits),
            reason="test",
            key=f"step-{self.steps}",
            expires_at=expires_at,
            now=self.now,
        )

    def report(
        self, key: str, started: dt.datetime, seconds: int, price: Price
    ) -> dict[str, object]:
        return {
            "organization": self.organization.external_id,
            "id": key,
            "agent": "main",
            "kind": "call",
            "channel": price[0],
            "voice_tier": price[1],
            "started_at": started.isoformat(),
            "seconds": seconds,
        }

    def told(self, event: dict[str, object]) -> tuple[str, dict[str, Decimal]]:
        (result,) = charge([event], now=self.now)
        return result.status, _taken(result)


SUMS = """
SELECT 'wallet', w.balance, coalesce(sum(e.credits), 0)
FROM wallet_wallet w
LEFT JOIN wallet_ledgerentry e
    ON e.organization_id = w.organization_id AND e.grant_id IS NULL
WHERE w.organization_id = %s GROUP BY w.organization_id, w.balance
HAVING w.balance <> coalesce(sum(e.credits), 0)
UNION ALL
SELECT 'grant', g.remaining, coalesce(sum(e.credits), 0)
FROM wallet_creditgrant g LEFT JOIN wallet_ledgerentry e ON e.grant_id = g.id
WHERE g.organization_id = %s GROUP BY g.id
HAVING g.remaining <> coalesce(sum(e.credits), 0)
"""


def _taken(result: Result) -> dict[str, Decimal]:
    return {
        "allowance": result.allowance,
        "credits": result.credits,
        "plan": result.plan_credits,
        "bonus": result.bonus,
        "wallet": result.wallet,
    }


def run(examples: int, steps: int, *, seed: int = 0) -> None:
    build_plans()
    run_state_machine_as_test(
        hypothesis.seed(seed)(BooksMachine),
        settings=hypothesis.settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        ),
    )
