"""What staff see before they confirm an act: before and after, side by side."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from accounts.letters import readers
from accounts.models import Organization
from billing_portal.operating.look import day, days
from invoices.models import Invoice
from plans.changes import ChangeSet
from plans.following import scheduled_change
from plans.models import Period, PlanVersion
from plans.periods import Window
from plans.reading import UNLIMITED, amount, terms_in_words
from wallet.balances import balances
from wallet.credits import display


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that an act may change."""

    label: str
    before: str
    after: str

    @property
    def differs(self) -> bool:
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the invoice that goes out."""

    description: str
    quantity: int
    unit: str
    amount: str


@dataclass(frozen=True, slots=True)
class Bill:
    """The invoice that goes out, or would, had staff asked for one."""

    rows: tuple[Row, ...]
    net: str
    tax: str
    total: str
    issued: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """Everything that is confirmed; the digest is that of what would be done."""

    digest: str
    changes: tuple[Change, ...]
    losses: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    bill: Bill | None = None
    letter: str = ""


def preview_of(change: ChangeSet, *, now: dt.datetime) -> Preview:
    """Put a change-set into words, in the organization's zone."""
    organization = change.organization
    return Preview(
        digest=change.digest,
        changes=(*_plan_changes(change, now), *_terms_changes(change), *_credits(change, now)),
        losses=tuple(_losses(change)),
        notes=tuple(_notes(change)),
        bill=_bill(change),
        letter=_letter(change, organization),
    )


def to_whom(organization: Organization) -> str:
    """Answer who gets letters, in words."""
    return ", ".join(readers(organization)) or "nobody: there is no billing address and no owner"


def _plan_changes(change: ChangeSet, now: dt.datetime) -> list[Change]:
    before, window = change.previous, change.window
    zone = change.organization.time_zone
    return [
        Change("Plan", _plan(before.version if before else None), _plan(change.version)),
        Change("Period", _period(before), f"{_window(window)} ({zone})"),
        Change("Days left", days(before.days_left(now)) if before else "none", days(window.days)),
    ]


def _terms_changes(change: ChangeSet) -> list[Change]:
    currency = change.organization.currency
    new = terms_in_words(change.version.terms, currency)
    old = terms_in_words(change.previous.version.terms, currency) if change.previous else {}
    names = [name for name in (*new, *(n for n in old if n not in new)) if name != "Period"]
    changes = [Change(name, old.get(name, "none"), new.get(name, "none")) for name in names]
    return [change for change in changes if change.differs]


def _credits(change: ChangeSet, now: dt.datetime) -> list[Change]:
    has = balances(change.organization, now=now)
    wallet = has.wallet + change.wallet_granted
    changes = [
        Change("Plan credits", display(has.plan_credits), display(change.plan_credits_granted)),
        Change("Bonus", display(has.bonus), display(has.bonus)),
        Change("Wallet", display(has.wallet), display(wallet)),
    ]
    return [change for change in changes if change.before != "0.00" or change.differs]


def _losses(change: ChangeSet) -> list[str]:
    lost = []
    voided = unpaid_renewal(change.previous)
    if voided:
        lost.append(
            f"Invoice {voided} over {voided.total.display()}, which is unpaid, becomes void"
        )
    if change.days_lost:
        lost.append(f"{days(change.days_lost)} of the running period")
    if change.plan_credits_expired:
        lost.append(f"{display(change.plan_credits_expired)} plan credits expire")
    for counter in change.counters_lost:
        of = UNLIMITED if counter.included is None else amount(counter.included)
        lost.append(f"{_name(counter.meter)} begin again at 0 (now {amount(counter.used)} of {of})")
    return lost


def unpaid_renewal(period: Period | None) -> Invoice | None:
    """Answer the open invoice of a period that runs, or ran, on grace; any other plan voids it."""
    if period is None or not period.is_unpaid or period.invoice is None:
        return None
    return period.invoice if period.invoice.status == Invoice.Status.OPEN else None


def _notes(change: ChangeSet) -> list[str]:
    over_limits = [
        f"{_name(over.resource)}: there are {over.used}, the plan allows {over.limit}. "
        "Nothing is deleted; no more can be added."
        for over in change.over_limits
    ]
    upcoming = scheduled_change(change.organization)
    if upcoming and change.source != Period.Source.RENEWED:
        words = f"The change to {upcoming.plan} on {day(upcoming.starts_on)} is dropped."
        return [*over_limits, words]
    return over_limits


def _bill(change: ChangeSet) -> Bill | None:
    if not change.lines:
        return None
    totals = change.totals
    rows = tuple(
        Row(
            line.description,
            line.quantity,
            line.unit.display() if line.unit else "",
            line.amount.display(),
        )
        for line in change.lines
    )
    return Bill(
        rows=rows,
        net=totals.net.display(),
        tax=totals.tax.display() if totals.tax else "",
        total=totals.total.display(),
        issued=change.issues_invoice,
    )


def _letter(change: ChangeSet, organization: Organization) -> str:
    with_invoice = ", with the invoice" if change.issues_invoice else ""
    return f"“Plan applied”{with_invoice}, to {to_whom(organization)}"


def _plan(version: PlanVersion | None) -> str:
    return str(version) if version else "none"


def _period(period: Period | None) -> str:
    if period is None:
        return "none"
    return f"{day(period.first_day)} - {day(period.last_day)}"


def _window(window: Window) -> str:
    return f"{day(window.first_day)} - {day(window.last_day)}"


def _name(code: str) -> str:
    return code.replace("_", " ").capitalize()


def changes_of(pairs: Mapping[str, tuple[str, str]]) -> tuple[Change, ...]:
    """Make changes of names with what was and what will be."""
    return tuple(Change(name, before, after) for name, (before, after) in pairs.items())
