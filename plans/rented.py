"""What an organization rents now, and what that costs per period."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from accounts.models import Organization
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


def rented(organization: Organization, version: PlanVersion | None) -> list[Rented]:
    """Answer what is held, by item, at the prices of a plan version; in one statement."""
    held = Rental.objects.held().filter(organization=organization).order_by("item", "id")
    return [
        Rented(
            name=item_name(item),
            references=tuple(rental.reference for rental in rentals),
            unit=version.terms.rental_price_in(item, organization.currency) if version else None,
        )
        for item, rentals in groupby(held, key=lambda rental: rental.item)
    ]
