"""Stories of chance: everything that the gate looks at happens, and what it saw is remembered."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import Any

from accounts.agents import put_agent
from accounts.models import Organization
from accounts.refusals import Refusal
from accounts.suspending import suspend, unsuspend
from payments.cards import choose_default
from plans.canceling import cancel, undo_cancel
from plans.models import Rental
from plans.renting import give_back, rent
from plans.session_limits import set_session_limit
from plans.subscribing import schedule_change
from plans.trials import extend_trial
from tests.builders import a_call, apply, build_plan
from tests.plans.life import Life
from usage.charging import charge
from usage.gate import ask
from usage.questions import Answer, Question
from usage.situation import Reserved, Situation, look
from wallet.adjusting import adjust_credits
from wallet.credits import Credits

QUESTIONS: tuple[dict[str, str], ...] = (
    {"kind": "call", "channel": "web"},
    {"kind": "call", "channel": "outbound", "agent": "seller"},
    {"kind": "call", "channel": "inbound", "voice_tier": "ultra"},
    {"kind": "session", "agent": "seller"},
    {"kind": "message", "agent": "main"},
    {"kind": "resource", "resource": "agents"},
    {"kind": "campaign_batch", "channel": "outbound", "batch": "spring"},
)
RATES = {"call_minutes": "2", "messages": "1", "sessions": "3"}


def seen(situation: Situation) -> Situation:
    """Answer a situation without what is not kept, and without counters that count nothing."""
    counters = {meter: used for meter, used in situation.counters.items() if used}
    return replace(situation, reserved=Reserved(), counters=counters)


def build_plans() -> None:
    """Make a trial of few sessions, and two plans that differ in when they pause work."""
    build_plan("trial", "trial", quotas={"sessions": 3}, channels=["web"], rates=RATES)
    common: dict[str, Any] = {
        "period": "1 month",
        "auto_renew": True,
        "voice_tiers": ["standard"],
        "rates": RATES,
        "included_credits": "20",
        "allowances": {"call_minutes": "3"},
        "quotas": {"sessions": 9, "outbound_calls": 9},
    }
    build_plan("dry", **{**common, "overdraft": "5"})
    build_plan("negative", **{**common, "overdraft": "2", "pause_when": "negative"})


class Story:
    """An organization that lives by throws of dice, and what the gate saw at each instant."""

    def __init__(self, seed: int) -> None:
        self.dice = Random(seed)
        build_plans()
        self.life = Life()
        self.acme: Organization = self.life.subscriber(
            plan=self.dice.choice(("trial", "dry", "negative")),
            card=self.dice.choice(("ok", "declined")),
            time_zone=self.dice.choice(("UTC", "Asia/Kolkata", "America/New_York")),
        )
        self.remembered: list[tuple[dt.datetime, Question, Situation, Answer]] = []
        self.count = 0

    def live(self, steps: int) -> None:
        """Let things happen one after another, and remember what the gate sees after each."""
        acts = (
            *(self.call,) * 5, self.session, self.session, self.message, self.adjust, self.bonus,
            self.take, self.plan, self.suspend, self.agent, self.agent, self.number,
            self.limit, self.cancel, self.extend, self.card, self.schedule,
        )  # fmt: skip
        for _ in range(steps):
            self.pass_time()
            with suppress(Refusal):
                self.dice.choice(acts)()
            self.count += 1
            self.look()

    def look(self) -> None:
        """Remember what the gate sees and answers now."""
        for asked in self.dice.sample(QUESTIONS, 3):
            question = Question(self.acme.external_id, **asked)
            if question.agent == "seller" and not self.acme.agents.filter(external_id="seller"):
                continue
            situation = look(
                question.organization,
                now=self.now,
                agent=question.agent,
                resource=question.resource,
                batch=question.batch,
            )
            assert situation is not None
            self.remembered.append(
                (self.now, question, seen(situation), ask(question, now=self.now))
            )

    @property
    def now(self) -> dt.datetime:
        return self.life.now

    def pass_time(self) -> None:
        """Let seconds, hours or days pass, with the sweeps on their way, or some hours late."""
        span = self.dice.choice((1, 600, 7200, 86400, 5 * 86400, 12 * 86400))
        self.life.now += dt.timedelta(seconds=span + self.dice.randrange(60))
        if self.dice.random() < 0.8:
            self.life.sweep()
            self.life.now += dt.timedelta(seconds=1)

    def report(self, **facts: Any) -> None:
        started_at = self.now - dt.timedelta(hours=self.dice.choice((0, 1, 30)))
        event = {**a_call(self.acme, f"e-{self.count}", started_at=started_at.isoformat()), **facts}
        charge([{name: value for name, value in event.items() if value is not None}], now=self.now)

    def call(self) -> None:
        self.report(
            channel=self.dice.choice(("web", "outbound", "inbound")),
            seconds=self.dice.randrange(1, 400),
            agent=self.dice.choice(("main", "seller")),
        )

    def session(self) -> None:
        ended_at = self.now
        no = dict.fromkeys(("channel", "seconds"))
        self.report(kind="session", ended_at=ended_at.isoformat(), **no)

    def message(self) -> None:
        no = dict.fromkeys(("channel", "seconds", "started_at"))
        count = self.dice.randrange(1, 6)
        self.report(kind="message", direction="in", count=count, at=self.now.isoformat(), **no)

    def adjust(self) -> None:
        self._give(self.dice.randrange(1, 15))

    def take(self) -> None:
        self._give(-self.dice.randrange(1, 15))

    def bonus(self) -> None:
        self._give(self.dice.randrange(1, 15), expires_at=self.now + dt.timedelta(days=3))

    def _give(self, credits: int, **how: Any) -> None:
        adjust_credits(
            self.acme,
            credits=Credits(Decimal(credits)),
            reason="chance",
            key=f"{self.count}",
            now=self.now,
            **how,
        )

    def plan(self) -> None:
        apply(self.acme, self.dice.choice(("dry", "negative")), now=self.now, invoiced=False)

    def suspend(self) -> None:
        do = self.dice.choice((suspend, unsuspend, unsuspend))
        do(self.acme, reason="chance", now=self.now)

    def agent(self) -> None:
        put_agent(
            self.acme,
            external_id=self.dice.choice(("main", "seller")),
            name="Agent",
            when_exhausted=self.dice.choice(("stop", "use_balance")),
            monthly_limit=self.dice.choice((None, Decimal(4), Decimal(9))),
            now=self.now,
        )

    def number(self) -> None:
        if self.dice.random() < 0.6:
            rent(self.acme, item=Rental.PHONE_NUMBER, reference="+1", now=self.now)
        else:
            give_back(self.acme, item=Rental.PHONE_NUMBER, reference="+1", now=self.now)

    def limit(self) -> None:
        sessions = self.dice.choice((None, 1, 2, 5))
        set_session_limit(self.acme, sessions=sessions, now=self.now)

    def cancel(self) -> None:
        self.dice.choice((cancel, undo_cancel))(self.acme, now=self.now)

    def extend(self) -> None:
        extend_trial(self.acme, days=self.dice.randrange(1, 9), reason="chance", now=self.now)

    def card(self) -> None:
        """Bring another default card: an unpaid renewal is charged to it at once."""
        card = self.life.card_for(self.acme, self.dice.choice(("ok", "ok", "declined")))
        choose_default(self.acme, card_id=card.pk, now=self.now)
        self.life.sweep()

    def schedule(self) -> None:
        plan = self.dice.choice(("dry", "negative"))
        schedule_change(self.acme, plan=plan, starts_on=None, now=self.now)
