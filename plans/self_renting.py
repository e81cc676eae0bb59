"""Owners rent by themselves where the next invoice comes by itself; elsewhere staff arrange it.

No catalogue says who may rent. It prices what a plan rents, and the seeds tell the rest: rentals
are "charged automatically to your default card on your monthly renewal date" (seed 004), owners
"buy a phone number" on plans that renew (seed 003), and where staff apply and renew the plans "a
number is assigned to your organization" (seed 000). So the plan's ``auto_renew`` decides, as it
does about choosing a plan; a trial, and a plan whose end is near for good, has no next invoice.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from dataclasses import dataclass

from django.db import transaction

from accounts.acting import record_act
from accounts.models import Organization, User
from accounts.refusals import Invalid
from plans.choosing_plan import require_settled
from plans.models import Period, Rental
from plans.periods import DAY
from plans.pricing import item_name, share_held
from plans.refusals import ItemNotInPlan, NoSubscription, PreviewOutdated
from plans.renting import give_back, rent_named
from plans.standing import Standing, standing
from wallet.ledger import lock_wallet
from wallet.money import Money

MOST_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class RentalQuote:
    """What renting costs: the days that are left, on the next invoice, then the whole per period.

    What is held already is counted too, so that the whole is seen.
    """

    item: str
    quantity: int
    held: int
    unit: Money
    prorated: Money
    period: Period
    first_day: dt.date
    next_invoice_on: dt.date

    @property
    def name(self) -> str:
        return item_name(self.item)

    @property
    def per_period(self) -> Money:
        """What these cost in every whole period."""
        return self.unit * self.quantity

    @property
    def held_then(self) -> int:
        return self.held + self.quantity

    @property
    def last_day(self) -> dt.date:
        """The last day that the line on the next invoice covers."""
        return min(self.period.last_day, self.next_invoice_on - DAY)

    @property
    def digest(self) -> str:
        """What was confirmed, in a few characters."""
        parts = (self.item, self.quantity, self.held, self.unit, self.prorated, self.period.pk)
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Rentable:
    """A thing that an owner can rent now, and what one costs per period."""

    item: str
    unit: Money

    @property
    def name(self) -> str:
        return item_name(self.item)


def owner_rents(stands: Standing) -> bool:
    """Answer whether owners of this plan rent, and give back, without asking staff."""
    version = stands.version
    return version is not None and not version.is_trial and version.terms.auto_renew


def rentable_by_owner(organization: Organization, stands: Standing) -> list[Rentable]:
    """Answer what an owner can rent now; nothing where staff arrange it."""
    if not owner_rents(stands) or stands.next_billing_day is None or stands.is_over:
        return []
    assert stands.version is not None
    terms = stands.version.terms
    priced = {
        item: terms.rental_price_in(item, organization.currency) for item in sorted(terms.rentals)
    }
    return [Rentable(item, price) for item, price in priced.items() if price is not None]


def quote_rental(
    organization: Organization, *, item: str, quantity: int, now: dt.datetime
) -> RentalQuote:
    """Answer what renting would cost; nothing is changed.

    :raises NoSubscription: there is no plan.
    :raises ItemNotInPlan: the plan does not rent it, staff arrange it, or no invoice follows.
    :raises PaymentDue: a renewal is unpaid.
    :raises Invalid: fewer than one, or more than a hundred.
    """
    stands = standing(organization, now=now)
    if stands.version is None or stands.period is None:
        raise NoSubscription
    unit = stands.version.terms.rental_price_in(item, organization.currency)
    if unit is None:
        raise ItemNotInPlan("Your plan does not offer this for rent.", field="item")
    if not owner_rents(stands):
        raise ItemNotInPlan("What is rented on this plan our staff arrange: ask us.", field="item")
    require_settled(organization)
    if stands.next_billing_day is None or stands.is_over:
        raise ItemNotInPlan(
            "Your plan ends and does not renew, so nothing more can be rented on it.", field="item"
        )
    if not 1 <= quantity <= MOST_AT_ONCE:
        raise Invalid(f"Rent between 1 and {MOST_AT_ONCE} at once.", field="quantity")
    first_day = organization.today(now)
    share = share_held(stands.period, first_day, stands.next_billing_day)
    return RentalQuote(
        item=item,
        quantity=quantity,
        held=Rental.objects.held().filter(organization=organization, item=item).count(),
        unit=unit,
        prorated=(unit * quantity).share(share),
        period=stands.period,
        first_day=first_day,
        next_invoice_on=stands.next_billing_day,
    )


@transaction.atomic
def rent_by_owner(
    organization: Organization,
    *,
    item: str,
    quantity: int,
    key: str,
    digest: str,
    now: dt.datetime,
    actor: User | None = None,
) -> list[Rental]:
    """Begin to rent what was confirmed; the same form again answers the same rentals.

    :raises PreviewOutdated: it costs something else now.
    :raises Refusal: as :func:`quote_rental`.
    """
    lock_wallet(organization.pk)
    references = [uuid.uuid5(uuid.UUID(key), str(place)).hex[:12] for place in range(quantity)]
    mine = Rental.objects.filter(organization=organization, item=item)
    if known := list(mine.filter(reference__in=references)):
        return known
    quote = quote_rental(organization, item=item, quantity=quantity, now=now)
    if quote.digest != digest:
        raise PreviewOutdated
    begun = rent_named(organization, item=item, references=references, now=now)
    words = f"{quantity} × {quote.name}" if quantity > 1 else quote.name
    record_act(organization, verb="rent", summary=f"{words} rented", actor=actor, now=now)
    return begun


@transaction.atomic
def give_back_by_owner(
    organization: Organization, *, rental: Rental, now: dt.datetime, actor: User | None = None
) -> bool:
    """Give a thing back: it is free at once, nothing comes back. Answers whether it was held.

    :raises ItemNotInPlan: staff arrange it on this plan.
    """
    lock_wallet(organization.pk)
    if not owner_rents(standing(organization, now=now)):
        raise ItemNotInPlan("What is rented on this plan our staff arrange: ask us.")
    if not give_back(organization, item=rental.item, reference=rental.reference, now=now):
        return False
    words = f"{item_name(rental.item)} {rental.reference} given back"
    record_act(organization, verb="give_back", summary=words, actor=actor, now=now)
    return True
