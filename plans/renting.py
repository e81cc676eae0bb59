"""Things are rented at a fixed cost per period, and given back."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db import transaction

from accounts.models import Organization
from accounts.refusals import Invalid
from plans.beginning import lock_subscription
from plans.models import Rental
from plans.refusals import ItemNotInPlan, NoSubscription
from wallet.ledger import lock_wallet

MOST_AT_ONCE = 1000


def rent(organization: Organization, *, item: str, reference: str, now: dt.datetime) -> Rental:
    """Begin to rent one thing; one that is held under this reference is answered as it is.

    Begun within a running period, the days from today to its last go on the next invoice.

    :raises NoSubscription: there is no plan.
    :raises ItemNotInPlan: the plan has no price for it in the organization's currency.
    """
    return rent_named(organization, item=item, references=[reference], now=now)[0]


def rent_several(
    organization: Organization, *, item: str, quantity: int, now: dt.datetime
) -> list[Rental]:
    """Begin to rent a number of a thing, under references of our own.

    :raises Invalid: fewer than one, or more than a thousand.
    """
    if not 1 <= quantity <= MOST_AT_ONCE:
        raise Invalid(f"Rent between 1 and {MOST_AT_ONCE}.", field="quantity")
    references = [uuid.uuid4().hex[:12] for _ in range(quantity)]
    return rent_named(organization, item=item, references=references, now=now)


@transaction.atomic
def rent_named(
    organization: Organization, *, item: str, references: list[str], now: dt.datetime
) -> list[Rental]:
    """Begin to rent several of a thing, under these references; answers them in their order.

    :raises NoSubscription: there is no plan.
    :raises ItemNotInPlan: the plan has no price for it in the organization's currency.
    """
    lock_wallet(organization.pk)
    subscription = lock_subscription(organization)
    if subscription is None:
        raise NoSubscription
    if subscription.version.terms.rental_price_in(item, organization.currency) is None:
        raise ItemNotInPlan(field="item")
    held = {
        rental.reference: rental
        for rental in Rental.objects.held().filter(
            organization=organization, item=item, reference__in=references
        )
    }
    fresh = [
        Rental(
            organization=organization,
            item=item,
            reference=reference,
            began_at=now,
            began_on=organization.today(now),
            prorata_period=None if subscription.period.is_over(now) else subscription.period,
        )
        for reference in references
        if reference not in held
    ]
    held |= {rental.reference: rental for rental in Rental.objects.bulk_create(fresh)}
    return [held[reference] for reference in references]


@transaction.atomic
def give_back(organization: Organization, *, item: str, reference: str, now: dt.datetime) -> bool:
    """End a rental: it is free at once, nothing comes back. Answers whether it was held."""
    lock_wallet(organization.pk)
    held = Rental.objects.held().filter(organization=organization, item=item, reference=reference)
    return bool(held.update(ended_at=now))


@transaction.atomic
def give_back_several(
    organization: Organization, *, item: str, quantity: int, now: dt.datetime
) -> None:
    """End a number of rentals of an item, the newest first.

    :raises Invalid: more than are held.
    """
    lock_wallet(organization.pk)
    held = list(
        Rental.objects.held()
        .filter(organization=organization, item=item)
        .order_by("-began_at", "-id")
        .values_list("pk", flat=True)
    )
    if not 1 <= quantity <= len(held):
        raise Invalid(f"{len(held)} of these are held.", field="quantity")
    Rental.objects.filter(pk__in=held[:quantity]).update(ended_at=now)
