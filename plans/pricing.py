"""The lines of a period's invoice: plan, rentals, rentals begun meanwhile, unused days."""

from __future__ import annotations

import datetime as dt
from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from django.db.models import Count

from accounts.models import Organization
from invoices.totals import Line
from plans.models import Period, PlanVersion, Rental
from plans.periods import DAY, Window, local_day
from plans.refusals import PlanNotAvailable
from wallet.money import Money, total


@dataclass(frozen=True, slots=True)
class Begun:
    """So many of an item that were rented from a day of an earlier period on."""

    item: str
    quantity: int
    began_on: dt.date
    period: Period


@dataclass(frozen=True, slots=True)
class Rent:
    """What an organization rents: how many of each item, and what is not yet invoiced of it."""

    held: Mapping[str, int] = field(default_factory=dict)
    begun: Sequence[Begun] = ()


def rents(organization_ids: Collection[int]) -> defaultdict[int, Rent]:
    """Answer what organizations rent, in two statements."""
    rentals = Rental.objects.filter(organization__in=organization_ids)
    held: defaultdict[int, dict[str, int]] = defaultdict(dict)
    counted = rentals.held().values_list("organization_id", "item").order_by("item")
    for organization_id, item, quantity in counted.annotate(Count("pk")):
        held[organization_id][item] = quantity
    begun: defaultdict[int, list[Begun]] = defaultdict(list)
    waiting = rentals.filter(prorata_period__isnull=False).select_related("prorata_period__version")
    for (item, began_on, period), quantity in Tally(
        (rental.item, rental.began_on, rental.prorata_period)
        for rental in waiting.order_by("item", "began_on")
    ).items():
        if period is not None:
            begun[period.organization_id].append(Begun(item, quantity, began_on, period))
    return defaultdict(Rent, {pk: Rent(held[pk], begun[pk]) for pk in {*held, *begun}})


def period_lines(
    organization: Organization, version: PlanVersion, window: Window, rent: Rent
) -> list[Line]:
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
    lines += _rental_lines(organization, version, rent)
    return lines + _prorata_lines(organization, window, rent)


def _rental_lines(organization: Organization, version: PlanVersion, rent: Rent) -> list[Line]:
    """Answer one line per rented item for the whole period, in the version's prices."""
    lines = []
    for item, quantity in rent.held.items():
        unit = version.terms.rental_price_in(item, organization.currency)
        if unit:
            lines.append(Line(f"rental:{item}", item_name(item), unit * quantity, quantity, unit))
    return lines


def _prorata_lines(organization: Organization, window: Window, rent: Rent) -> list[Line]:
    """Answer lines for rentals begun in earlier periods: the days they were held there."""
    lines = []
    for begun in rent.begun:
        item, terms = begun.item, begun.period.version.terms
        unit = terms.rental_price_in(item, organization.currency)
        begun.period.organization = organization
        share = share_held(begun.period, begun.began_on, window.first_day)
        if unit and share:
            amount = (unit * begun.quantity).share(share)
            words = f"{item_name(item)} from {begun.began_on:%-d %b %Y}"
            lines.append(Line(f"rental_prorata:{item}", words, amount, begun.quantity))
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
