"""What is unused of a running period: the smaller of its days and of what it included."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction

from django.db.models import Sum

from invoices.models import Invoice, InvoiceLine
from plans.models import Counter, Period
from wallet.models import CreditGrant
from wallet.money import Money, half_up

# Of what a period's invoice says, plan and rentals are for the period; the rest is not.
OF_THE_PERIOD = "^(plan$|rental:)"


def unused_credit(period: Period, *, today: dt.date, now: dt.datetime) -> Money:
    """Answer what a new invoice takes off for the rest of a running period.

    What was paid for plan and rentals, times the smaller of the share of whole days not begun
    and the share of the most used of quotas, allowances and plan credits.
    """
    nothing = Money(0, period.organization.currency)
    if period.is_over(now):
        return nothing
    paid = _paid_for(period)
    if not paid:
        return nothing
    share = min(_days_not_begun(period, today), _not_used(period))
    return Money(paid, period.organization.currency).share(share)


def _paid_for(period: Period) -> int:
    if period.invoice_id is None:
        return 0
    lines = InvoiceLine.objects.filter(
        invoice_id=period.invoice_id,
        invoice__status=Invoice.Status.PAID,
        code__regex=OF_THE_PERIOD,
    )
    minor = lines.aggregate(paid=Sum("amount_minor"))["paid"] or 0
    invoice = period.invoice
    if not minor or invoice is None or not invoice.credited_minor:
        return minor
    # What was refunded is not paid any more.
    kept = Fraction(invoice.total_minor - invoice.credited_minor, invoice.total_minor)
    return half_up(minor * kept)


def _days_not_begun(period: Period, today: dt.date) -> Fraction:
    days = (period.last_day - period.first_day).days + 1
    return Fraction(max((period.last_day - today).days, 0), days)


def _not_used(period: Period) -> Fraction:
    terms = period.version.terms
    used = dict(Counter.objects.of(period).values_list("meter", "used"))
    included: dict[str, Decimal | int] = {**terms.quotas, **terms.allowances}
    shares = [
        Fraction(used.get(meter, 0)) / Fraction(amount)
        for meter, amount in included.items()
        if amount
    ]
    grant = CreditGrant.objects.filter(
        organization_id=period.organization_id, key=f"period:{period.pk}"
    ).first()
    if grant:
        shares.append(1 - Fraction(grant.remaining) / Fraction(grant.credits))
    return max(1 - max(shares, default=Fraction(0)), Fraction(0))
