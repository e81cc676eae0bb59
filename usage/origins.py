"""What a movement of credits came from: in words, and the rows in which it is written down."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db.models import Model

from accounts.models import Act
from payments.models import Dispute, Payment, Refund
from plans.models import Period
from usage.models import UsageEvent
from wallet.credits import plain
from wallet.models import CreditGrant, LedgerEntry

Kind = LedgerEntry.Kind


@dataclass(frozen=True, slots=True)
class Origin:
    """Why credits moved: sentences, and what they came from, the nearest row first."""

    sentences: list[str]
    rows: list[Model]


def origin_of(entry: LedgerEntry) -> Origin:
    """Tell what an entry came from; it comes with its organization and its grant.

    An entry of usage came from its event (see :func:`event_of`), which explains the charge.
    """
    tell = TELLERS.get(entry.kind)
    found = tell(entry) if tell else None
    if found is None:
        return Origin([f"“{entry.description}” is all that is kept of it."], _grant(entry))
    return found


def event_of(entry: LedgerEntry) -> UsageEvent | None:
    """Answer the usage event that an entry was charged for."""
    if entry.kind != Kind.USAGE:
        return None
    event_id = entry.key.removeprefix("usage:").rpartition(":")[0]
    events = UsageEvent.objects.select_related("agent", "period__version__plan", "organization")
    return events.filter(organization_id=entry.organization_id, event_id=event_id).first()


def _signup(entry: LedgerEntry) -> Origin | None:
    trial = Period.objects.select_related("version").filter(
        organization_id=entry.organization_id, source=Period.Source.TRIAL
    )
    period = trial.first()
    if period is None:
        return None
    words = f"They came with {period.version}, which began on {_day(entry, period.starts_at)}."
    return Origin([words, "They never expire."], [period])


def _plan_credits(entry: LedgerEntry) -> Origin | None:
    grant = entry.grant
    known = grant.key.removesuffix(":again").removeprefix("period:") if grant else ""
    period = None
    if known.isdigit():
        periods = Period.objects.select_related("version", "invoice")
        period = periods.filter(organization_id=entry.organization_id, pk=int(known)).first()
    if grant is None or period is None:
        return None
    why = "given back with" if grant.key.endswith(":again") else "included in"
    first = f"They are {why} {period.version} for {period.first_day:%-d %b %Y} to "
    words = f"{first}{period.last_day:%-d %b %Y}."
    invoice = [period.invoice] if period.invoice else []
    return Origin([words, _end(entry, grant)], [period, *invoice, grant])


def _bonus(entry: LedgerEntry) -> Origin | None:
    grant, act = entry.grant, _act(entry)
    if grant is None:
        return None
    words = f"Our staff gave them for this reason: “{entry.description}”."
    return Origin([words, _end(entry, grant)], [*_rows(act), grant])


def _adjustment(entry: LedgerEntry) -> Origin | None:
    act = _act(entry)
    if act is None:
        return None
    done = "added them" if entry.credits > 0 else "took them"
    return Origin([f"Our staff {done} for this reason: “{entry.description}”."], [act])


def _top_up(entry: LedgerEntry) -> Origin | None:
    payment = _payment(entry)
    if payment is None:
        return None
    came = f"{payment.get_purpose_display()}: {payment.amount.display()} was paid"
    by = f" with {payment.card}" if payment.card else ""
    on = _day(entry, payment.settled_at or payment.created_at)
    words = f"{came}{by} on {on}, for {plain(payment.credits or Decimal(0))} credits."
    return Origin([words, "They never expire."], [payment, *_rows(payment.invoice)])


def _expiry(entry: LedgerEntry) -> Origin | None:
    grant = entry.grant
    if grant is None:
        return None
    left = f"{plain(-entry.credits)} of {plain(grant.credits)} credits were left"
    words = f"{left} when they ended on {_instant(entry, grant.expires_at)}."
    began = f"They were granted on {_day(entry, grant.effective_at)}."
    return Origin([words, began], [grant])


def _refund(entry: LedgerEntry) -> Origin | None:
    gone = _gone(entry)
    if gone is None:
        return None
    payment = gone.payment
    if isinstance(gone, Refund):
        what = f"{gone.amount.display()} of a payment of {payment.amount.display()} went back"
        why = f" for this reason: “{gone.reason}”." if gone.reason else "."
    else:
        what = f"The card's holder contested {gone.amount.display()} of a payment"
        why = f" of {payment.amount.display()}."
    sentences = [f"{what}{why}"]
    if entry.credits > 0:
        sentences.append("The money came again, and so did the credits.")
    else:
        sentences.append("The credits that it had bought went with the money.")
    return Origin(sentences, [gone, payment, *_rows(payment.invoice)])


TELLERS: Mapping[str, Callable[[LedgerEntry], Origin | None]] = {
    Kind.SIGNUP: _signup,
    Kind.PLAN_CREDITS: _plan_credits,
    Kind.BONUS: _bonus,
    Kind.ADJUSTMENT: _adjustment,
    Kind.TOP_UP: _top_up,
    Kind.EXPIRY: _expiry,
    Kind.REFUND: _refund,
}


def _act(entry: LedgerEntry) -> Act | None:
    """Answer the act that an entry was written with: at the same instant, for the same reason."""
    acts = Act.objects.filter(organization_id=entry.organization_id, verb="adjust", at=entry.at)
    return acts.filter(reason=entry.description).select_related("actor").first()


def _payment(entry: LedgerEntry) -> Payment | None:
    token = _token(entry)
    payments = Payment.objects.select_related("card", "invoice")
    found = payments.filter(organization_id=entry.organization_id, token=token) if token else None
    return found.first() if found is not None else None


def _gone(entry: LedgerEntry) -> Refund | Dispute | None:
    what, _, known = entry.key.partition(":")
    related = "payment__invoice"
    mine = {"payment__organization_id": entry.organization_id}
    if what.startswith("dispute"):
        disputes = Dispute.objects.select_related(related)
        return disputes.filter(stripe_id=known, **mine).first()
    token = _token(entry)
    if token is None:
        return None
    return Refund.objects.select_related(related).filter(token=token, **mine).first()


def _token(entry: LedgerEntry) -> UUID | None:
    try:
        return UUID(entry.key.partition(":")[2])
    except ValueError:
        return None


def _grant(entry: LedgerEntry) -> list[Model]:
    return _rows(entry.grant)


def _rows(row: Model | None) -> list[Model]:
    return [row] if row else []


def _end(entry: LedgerEntry, grant: CreditGrant) -> str:
    return f"They end on {_instant(entry, grant.expires_at)}."


def _day(entry: LedgerEntry, instant: dt.datetime) -> str:
    return f"{instant.astimezone(entry.organization.zone):%-d %b %Y}"


def _instant(entry: LedgerEntry, instant: dt.datetime) -> str:
    return f"{instant.astimezone(entry.organization.zone):%-d %b %Y, %H:%M}"
