"""The lines of a period's invoice: plan, rentals, rentals begun meanwhile, unused days."""

from __future__ import annotations

import datetime as dt
from collections import Counter as Tally
from fractions import Fraction

from accounts.models import Organization
from invoices.totals import Line
from plans.models import Period, PlanVersion, Rental
from plans.periods import DAY, Window, local_day
from plans.refusals import PlanNotAvailable
from wallet.money import Money, total


def period_lines(organization: Organization, version: PlanVersion, window: Window) -> list[Line]:
    """Answer what a period costs: the plan, what is rented, and what was rented before it.

    :raises PlanNotAvailable: the plan has no price in the organization's currency.
    """
    price = version.terms.price_in(organization.currency)
    if price is None:
        raise PlanNotAvailable(
            f"{version.name} has no price in {organization.currency}.", field="plan"
        )
    lines = []
    if price:
        days = f"{window.first_day:%-d %b %Y} - {window.last_day:%-d %b %Y}"
        lines.append(Line("plan", f"{version.name}, {days}", price, 1, price))
    return lines + rental_lines(organization, version) + prorata_lines(organization, window)


def rental_lines(organization: Organization, version: PlanVersion) -> list[Line]:
    """Answer one line per rented item for the whole period, in the version's prices."""
    held = Tally(
        Rental.objects.held().filter(organization=organization).values_list("item", flat=True)
    )
    lines = []
    for item, quantity in sorted(held.items()):
        unit = version.terms.rental_price_in(item, organization.currency)
        if unit:
            lines.append(Line(f"rental:{item}", item_name(item), unit * quantity, quantity, unit))
    return lines


def prorata_lines(organization: Organization, window: Window) -> list[Line]:
    """Answer lines for rentals begun in earlier periods: the days they were held there."""
    begun = Rental.objects.filter(organization=organization, prorata_period__isnull=False)
    groups = Tally(
        (rental.item, rental.began_on, rental.prorata_period)
        for rental in begun.select_related(
            "prorata_period__version", "prorata_period__organization"
        ).order_by("item", "began_on")
    )
    lines = []
    for (item, began_on, period), quantity in groups.items():
        if period is None:
            continue
        unit = period.version.terms.rental_price_in(item, organization.currency)
        share = share_held(period, began_on, window.first_day)
        if unit and share:
            amount = (unit * quantity).share(share)
            words = f"{item_name(item)} from {began_on:%-d %b %Y}"
            lines.append(Line(f"rental_prorata:{item}", words, amount, quantity))
    return [line for line in lines if line.amount]


def with_unused_days(lines: list[Line], unused: Money) -> list[Line]:
    """Take unused days off the plan and rentals of a new period, never more than those."""
    of_period = [
        line.amount for line in lines if line.code == "plan" or line.code.startswith("rental:")
    ]
    most = total(of_period, unused.currency)
    credit = min(unused, most, key=lambda money: money.minor)
    if credit.minor <= 0:
        return lines
    return [*lines, Line("unused_days", "Unused days of the running period", -credit)]


def item_name(item: str) -> str:
    """Write the code of a rentable item for a reader: ``phone_number`` is a Phone number."""
    return item.replace("_", " ").capitalize()


def share_held(period: Period, began_on: dt.date, next_first_day: dt.date) -> Fraction:
    """Answer which part of a period is left on a day, up to its end or to an earlier change."""
    zone = period.organization.zone
    last = min(period.last_day, local_day(period.ends_at, zone) - DAY, next_first_day - DAY)
    days = (period.last_day - period.first_day).days + 1
    return Fraction(max((last - began_on).days + 1, 0), days)
