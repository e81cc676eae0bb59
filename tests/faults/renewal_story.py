"""Renewals of many organizations on one morning, and a reaper that kills their workers."""

from __future__ import annotations

import datetime as dt
import random
import re
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any

from django.core import mail
from django.db import connection

from accounts.letters import deliver_due
from accounts.models import Letter, Organization
from billing_portal.doctor import examine
from invoices.documents import find_document, render_due
from invoices.models import Document, Invoice
from payments.models import Payment
from payments.resolving import resolve_due
from plans.dunning import collect_due, follow_payments
from plans.models import Subscription
from plans.reminding import remind_due
from plans.renewing import renew_due
from tests.fakes.stripe_world import Answered, Killed
from tests.plans.life import Life, build_monthly
from wallet.balances import balances
from wallet.granting import expire_due
from wallet.models import CreditGrant

DUE = dt.datetime(2026, 4, 1, 0, 1, tzinfo=dt.UTC)
INTENTS = "/v1/payment_intents"
WALLET_LOCKED = re.compile('FROM "wallet_wallet".*FOR UPDATE', re.S)
Execute = Callable[[str, Any, bool, dict[str, Any]], Any]


class Of(Enum):
    """What a step is a step of: what dies there once dies there no more."""

    ORGANIZATION, ROW, CHUNK = "organization", "row", "chunk"


@dataclass(frozen=True, slots=True)
class Point:
    """A step of a renewal at which the process may die, before or after a statement.

    It is a step of an organization, of the row that the statement is for, or of a chunk of
    organizations: a chunk that died is another one when it comes again.
    """

    name: str
    statement: str = ""
    after: bool = True
    of: Of = Of.ORGANIZATION

    def is_at(self, sql: str, params: object) -> bool:
        return bool(self.statement) and bool(re.search(self.statement, f"{sql} {params}", re.S))


def chunk_s(name: str, statement: str) -> Point:
    return Point(name, statement, of=Of.CHUNK)


CHARGED, DONE = Point("charged, no answer yet"), Point("done, not acknowledged")
ANYWHERE = Point("anywhere")
MAILED = Point(
    "mailed, not written down", '^UPDATE "accounts_letter" SET .*"sent_at"', False, Of.ROW
)
POINTS = (
    chunk_s("wallets claimed", 'FROM "wallet_wallet".*SKIP LOCKED'),
    chunk_s("old periods closed", '^UPDATE "plans_period" SET .*"replaced_at"'),
    chunk_s("old plan credits expired", 'wallet_post.*"kind":"expiry"'),
    chunk_s("new periods inserted", '^INSERT INTO "plans_period"'),
    chunk_s("subscriptions saved", '^UPDATE "plans_subscription" SET "version_id"'),
    chunk_s("new plan credits granted", 'wallet_post.*"kind":"plan_credits"'),
    chunk_s("invoices drafted", '^INSERT INTO "invoices_invoice" '),
    chunk_s("lines written", '^INSERT INTO "invoices_invoiceline"'),
    chunk_s("numbers taken", '^UPDATE "invoices_series" SET .*INV'),
    chunk_s("invoices numbered and open", '^UPDATE "invoices_invoice" SET .*"number"'),
    chunk_s("acts written", '^INSERT INTO "accounts_act".*renew'),
    Point("attempt committed, not asked", '^UPDATE "payments_payment" SET "asked_at"', after=False),
    CHARGED,
    Point("answer come, not committed", '^UPDATE "payments_payment" SET .*"settled_at"'),
    Point(
        "answer committed",
        '^SELECT "plans_period"."organization_id"[^,]* FROM "plans_period"',
        after=False,
    ),
    Point("receipt rendered, not kept", '^UPDATE "invoices_document" SET .*"pdf"', False, Of.ROW),
    MAILED,
    DONE,
)


class Reaper:
    """Kills at points, each organization or row once at each, or anywhere by chance."""

    def __init__(
        self, kills: int, *, points: Sequence[Point] = (), chance: float = 0, seed: int = 0
    ) -> None:
        self.points, self.chance = points, chance
        self.left = dict.fromkeys(points, kills) or {ANYWHERE: kills}
        self.kills: list[str] = []
        self._dice, self._lock, self._here = (
            random.Random(seed),
            threading.Lock(),
            threading.local(),
        )
        self._dead: set[tuple[Point, object]] = set()

    def __call__(
        self, execute: Execute, sql: str, params: Any, many: bool, context: dict[str, Any]
    ) -> Any:
        """Stand between Django and the database."""
        if WALLET_LOCKED.search(sql):
            self._here.organization = params[0]
        here = next((point for point in self.points if point.is_at(sql, params)), None)
        after = here.after if here else self._dice.random() < 0.5
        row = _row(here, params) if here else None
        if not after:
            self._strike(here, sql, row)
        answer = execute(sql, params, many, context)
        if after:
            self._strike(here, sql, row)
        return answer

    def is_at(self, point: Point | None) -> None:
        """Be told that something has come to a point that no statement marks."""
        # Of the sweeps that are done any may be the one whose worker dies.
        spared = point == DONE and self._dice.random() < 0.5
        here = point if point in self.points and not spared else None
        self._strike(here, "", len(self.kills) if point == DONE else None)

    def rest(self) -> None:
        """Kill nobody any more."""
        self.left = dict.fromkeys(self.left, 0)

    @property
    def mails_lost(self) -> int:
        """Answer how many died between sending a mail and writing it down."""
        return self.kills.count(MAILED.name)

    def _strike(self, here: Point | None, sql: str, row: object) -> None:
        who = row if row is not None else getattr(self._here, "organization", None)
        with self._lock:
            budget = here or ANYWHERE
            due = here is not None and (here, who) not in self._dead
            if not self.left.get(budget) or not (due or self._dice.random() < self.chance):
                return
            self.left[budget] -= 1
            self._dead.add((budget, who))
            mailed = MAILED.is_at(sql, ())
            self.kills.append(here.name if here else MAILED.name if mailed else ANYWHERE.name)
        raise Killed


def _row(point: Point, params: Any) -> object:
    match point.of:
        case Of.ROW:
            return params[-1]
        case Of.CHUNK:
            return object()
    return None


class Morning(Life):
    """The morning on which many organizations renew: 99.00 and 100 credits each."""

    def __init__(self, organizations: int, reaper: Reaper) -> None:
        self.reaper = Reaper(0)
        super().__init__(DUE.replace(month=3, day=1, hour=9))
        build_monthly()
        self.organizations = [self.subscriber(f"Org {n}") for n in range(organizations)]
        Letter.objects.all().delete()
        mail.outbox.clear()
        self.now, self.reaper = DUE, reaper
        self._clock = threading.Lock()

    def work(self, *, renders: bool = True, now: dt.datetime | None = None) -> None:
        """Be a worker for one round of the timetable, by its own clock; it may die in it."""
        now = now or self.now
        sweeps: list[Callable[..., object]] = [
            renew_due,
            expire_due,
            remind_due,
            partial(resolve_due, gateway=self.gateway),
            partial(collect_due, gateway=self.gateway),
            follow_payments,
            *([render_due] if renders else []),
            partial(deliver_due, find_document=find_document),
        ]
        with connection.execute_wrapper(self.reaper):
            for sweep in sweeps:
                sweep(now=now)
                self.reaper.is_at(DONE)

    def work_and_rise_again(self, *, renders: bool = True, rounds: int = 10_000) -> None:
        """Work until a whole round is survived; whoever dies is started again a little later."""
        for _ in range(rounds):
            try:
                return self.work(renders=renders)
            except Killed:
                self.pass_time_for_all(seconds=20)
        raise AssertionError("no round is survived")

    def pass_time_for_all(self, **span: float) -> None:
        """Move the clock while other workers look at it."""
        with self._clock:
            self.pass_time(**span)

    def wait_for_the_rest(self) -> None:
        """Let leases run out and unknown payments be looked at; nobody dies any more."""
        self.reaper.rest()
        for minutes in (11, 11, 11, 31, 61, 61):
            self.pass_time(minutes=minutes)
            self.work()

    def _pass_on(self, method: str, path: str, body: str, headers: Mapping[str, str]) -> Answered:
        charges = method == "POST" and path.startswith(INTENTS)
        if charges:
            self.reaper.is_at(None)
        answered = super()._pass_on(method, path, body, headers)
        if charges:
            self.reaper.is_at(CHARGED)
        return answered

    def found_wrong(self) -> list[str]:
        """Answer every figure of an organization that is not what one renewal comes to."""
        wrong = [finding.code for finding in examine(now=self.now) if not finding.ok]
        mails = Counter((letter.to[0], letter.extra_headers["X-Letter"]) for letter in mail.outbox)
        twice = sum(mails.values()) - len(mails)
        if twice > self.reaper.mails_lost:
            wrong.append(f"{twice} letters mailed again")
        charged = Counter(charge["metadata"].get("payment") for charge in self.fake.moved())
        for organization in self.organizations:
            wrong += [f"{organization}: {figure}" for figure in self._of(organization, charged)]
        return wrong

    def _of(self, organization: Organization, charged: Mapping[str, int]) -> list[str]:
        payments = Payment.objects.filter(organization=organization)
        letters = Letter.objects.filter(organization=organization)
        figures: dict[str, tuple[object, object]] = {
            "periods": (
                [f"{p.number} {p.first_day}" for p in organization.periods.order_by("number")],
                ["1 2026-03-01", "2 2026-04-01"],
            ),
            "current": (
                list(
                    Subscription.objects.filter(organization=organization).values_list(
                        "period__number", "period__grace_ends_at"
                    )
                ),
                [(2, None)],
            ),
            "invoices": (
                list(Invoice.objects.filter(organization=organization).values_list("status")),
                [("paid",)],
            ),
            "payments": ([payment.status for payment in payments], ["paid"]),
            "charges": (sum(charged[str(payment.token)] for payment in payments), 1),
            "grants": (CreditGrant.objects.filter(organization=organization).count(), 2),
            "plan credits": (balances(organization, now=self.now).plan_credits, 100),
            "letters": (
                list(letters.values_list("code", "status")),
                [("payment_received", "sent")],
            ),
            "documents": (
                list(
                    Document.objects.filter(invoice__organization=organization)
                    .order_by("number")
                    .values_list("kind", "status")
                ),
                [("invoice", "rendered"), ("receipt", "rendered")],
            ),
        }
        return [f"{name} {is_} not {must}" for name, (is_, must) in figures.items() if is_ != must]
