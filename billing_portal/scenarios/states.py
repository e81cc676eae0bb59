"""Every state that a story can look at: what may be written there, and where it is read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.core import mail
from django.db.models import Sum

from billing_portal.scenarios.comparing import Bag
from billing_portal.scenarios.shapes import (
    Optional,
    Shape,
    day,
    decimal,
    flag,
    list_of,
    mapping_of,
    nullable,
    one_of,
    record,
    row_of,
    text,
    whole,
)
from billing_portal.scenarios.vocabulary import GATE_REFUSALS, LETTERS
from billing_portal.scenarios.world import StepFailed, World
from invoices.models import Invoice
from payments.models import Payment
from plans.standing import Badge
from usage.bell import Bell
from usage.models import UsageDay
from usage.overview import Overview, overview
from wallet.models import LedgerEntry


class View:
    """What is seen of a world after one step; the overview is asked for once."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.organization = world.organization

    @cached_property
    def overview(self) -> Overview:
        return overview(self.organization, now=self.world.now)


@dataclass(frozen=True, slots=True)
class State:
    """A word that may stand in ``expect``."""

    shape: Shape
    read: Callable[[View], Any]


def _plan(view: View) -> str | None:
    version = view.overview.standing.version
    return version.plan.code if version else None


def _period(view: View) -> list[dt.date] | None:
    period = view.overview.standing.period
    return [period.first_day, period.last_day] if period else None


def _allowance(view: View) -> dict[str, Decimal]:
    return {allowance.meter: allowance.left for allowance in view.overview.allowances}


def _agents(view: View) -> dict[str, Decimal]:
    """Answer what each agent was charged for usage that started in this calendar month."""
    today = view.organization.today(view.world.now)
    month = UsageDay.objects.filter(
        organization=view.organization, day__year=today.year, day__month=today.month
    )
    spent = dict(month.values_list("agent__external_id").annotate(spent=Sum("credits")).order_by())
    names = view.organization.agents.values_list("external_id", flat=True)
    return {name: spent.get(name, Decimal(0)) for name in names}


def _invoices(view: View) -> list[dict[str, Any]]:
    found = Invoice.objects.filter(organization=view.organization).order_by("id")
    return [
        {
            "status": invoice.status,
            "total": invoice.total.amount,
            "credited": type(invoice.total)(invoice.credited_minor, invoice.currency).amount,
            "lines": Bag([line.code, line.amount.amount] for line in invoice.lines.all()),
        }
        for invoice in found.prefetch_related("lines__invoice")
    ]


def _payments(view: View) -> list[dict[str, Any]]:
    found = Payment.objects.filter(organization=view.organization).order_by("id")
    return [{"status": payment.status, "amount": payment.amount.amount} for payment in found]


def _emails(view: View) -> Bag:
    """Answer the letters sent since a step last looked."""
    sent = mail.outbox[view.world.letters_seen :]
    view.world.letters_seen = len(mail.outbox)
    return Bag(letter.extra_headers["X-Letter"] for letter in sent)


def _entries(view: View) -> list[dict[str, Any]]:
    """Answer the ledger entries since a step last looked."""
    entries = LedgerEntry.objects.filter(
        organization=view.organization, id__gt=view.world.entries_seen
    )
    found = list(entries.order_by("id"))
    if found:
        view.world.entries_seen = found[-1].pk
    return [{"credits": entry.credits, "kind": entry.kind} for entry in found]


def _charged(view: View) -> dict[str, Decimal]:
    result = view.world.charged
    if result is None:
        raise StepFailed("charged: nothing was charged yet")
    names = ("credits", "allowance", "plan_credits", "bonus", "wallet")
    return {name: getattr(result, name) for name in names}


def _of_gate(name: str) -> Callable[[View], Any]:
    def read(view: View) -> Any:
        if view.world.answer is None:
            raise StepFailed(f"{name}: the gate was not asked yet")
        return getattr(view.world.answer, name)

    return read


def _upcoming(view: View) -> dict[str, Any] | None:
    upcoming = view.overview.standing.upcoming
    return {"plan": upcoming.plan.code, "starts_on": upcoming.starts_on} if upcoming else None


def _stripe(view: View) -> dict[str, int]:
    """Answer what Stripe's own book says."""
    return view.world.stripe.book()


_INVOICE = record(
    status=Optional(one_of(*Invoice.Status.values)),
    total=Optional(decimal),
    credited=Optional(decimal),
    lines=Optional(list_of(row_of(text, decimal))),
)
_PAYMENT = record(status=Optional(one_of(*Payment.Status.values)), amount=Optional(decimal))
_ENTRY = record(credits=Optional(decimal), kind=Optional(one_of(*LedgerEntry.Kind.values)))
_SOURCES = ("credits", "allowance", "plan_credits", "bonus", "wallet")
_COUNTS = ("charges", "refunds", "open_holds")

STATES: dict[str, State] = {
    "badge": State(one_of(*Badge), lambda view: view.overview.standing.badge.value),
    "plan": State(nullable(text), _plan),
    "period": State(nullable(row_of(day, day)), _period),
    "days_left": State(whole, lambda view: view.overview.standing.days_left),
    "wallet": State(decimal, lambda view: view.overview.balances.wallet),
    "plan_credits": State(decimal, lambda view: view.overview.balances.plan_credits),
    "bonus": State(decimal, lambda view: view.overview.balances.bonus),
    "bell": State(one_of(*Bell), lambda view: view.overview.bell.value),
    "calls": State(whole, lambda view: view.overview.calls.used),
    "sessions": State(whole, lambda view: view.overview.sessions.used),
    "session_limit": State(nullable(whole), lambda view: view.overview.sessions.quota),
    "allowance": State(mapping_of(decimal), _allowance),
    "agents": State(mapping_of(decimal), _agents),
    "upcoming": State(nullable(record(plan=Optional(text), starts_on=Optional(day))), _upcoming),
    "banner": State(
        nullable(one_of("payment_pending")), lambda view: view.overview.standing.banner
    ),
    "invoices": State(list_of(_INVOICE), _invoices),
    "payments": State(list_of(_PAYMENT), _payments),
    "emails": State(list_of(one_of(*LETTERS)), _emails),
    "entries": State(list_of(_ENTRY), _entries),
    "charged": State(record(**dict.fromkeys(_SOURCES, Optional(decimal))), _charged),
    "allowed": State(flag, _of_gate("allowed")),
    "code": State(nullable(one_of(*GATE_REFUSALS)), _of_gate("code")),
    "max_seconds": State(nullable(whole), _of_gate("max_seconds")),
    "stripe": State(record(**dict.fromkeys(_COUNTS, Optional(whole))), _stripe),
}
