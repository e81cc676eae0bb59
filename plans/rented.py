"""What an organization rents now, and what that costs per period."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby

from accounts.models import Organization
from accounts.paging import page_of
from plans.models import PlanVersion, Rental
from plans.pricing import item_name
from wallet.money import Money

MOST_NAMED = 10


@dataclass(frozen=True, slots=True)
class Rented:
    """All that is held of one item; the price is unknown where the plan does not rent it."""

    name: str
    references: tuple[str, ...]
    unit: Money | None

    @property
    def total(self) -> Money | None:
        return self.unit * len(self.references) if self.unit else None

    @property
    def named(self) -> str:
        """The first references, and how many more there are."""
        more = len(self.references) - MOST_NAMED
        names = ", ".join(self.references[:MOST_NAMED])
        return f"{names} and {more} more" if more > 0 else names


@dataclass(frozen=True, slots=True)
class Held:
    """One thing that is rented, and what it costs per period where the plan prices it."""

    rental: Rental
    unit: Money | None

    @property
    def name(self) -> str:
        return item_name(self.rental.item)


@dataclass(frozen=True, slots=True)
class HeldPage:
    """Some of what is rented, the newest first, and the keys of the neighbouring pages."""

    rows: list[Held]
    newer: int | None
    older: int | None


def held_one_by_one(
    organization: Organization, version: PlanVersion | None, *, asked: Mapping[str, str]
) -> HeldPage:
    """Answer a page of what is held now, each thing by itself, in one statement."""
    page = page_of(Rental.objects.held().filter(organization=organization), asked)
    rows = [Held(rental, _unit(organization, version, rental.item)) for rental in page.rows]
    return HeldPage(rows, page.newer, page.older)


def rented(organization: Organization, version: PlanVersion | None) -> list[Rented]:
    """Answer what is held, by item, at the prices of a plan version; in one statement."""
    held = Rental.objects.held().filter(organization=organization).order_by("item", "id")
    return [
        Rented(
            name=item_name(item),
            references=tuple(rental.reference for rental in rentals),
            unit=_unit(organization, version, item),
        )
        for item, rentals in groupby(held, key=lambda rental: rental.item)
    ]


def _unit(organization: Organization, version: PlanVersion | None, item: str) -> Money | None:
    return version.terms.rental_price_in(item, organization.currency) if version else None
