"""What an organization has and holds, and what was counted of it in a period."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from accounts.models import Organization
from plans.models.periods import Period
from plans.terms import PHONE_NUMBERS
from wallet.models import NOTHING


class CounterQuerySet(models.QuerySet["Counter"]):
    """Counters, found the way their index goes."""

    def of(self, period: Period) -> CounterQuerySet:
        """Leave those of a period."""
        return self.filter(organization_id=period.organization_id, period=period)


class Counter(models.Model):
    """Units of a meter counted in a period: against a quota, or taken from an allowance.

    Written with every charge, and so without foreign keys in the database: see ``usage.models``.
    """

    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="counters", db_index=False, db_constraint=False
    )
    period = models.ForeignKey(
        Period, models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    meter = models.CharField(max_length=60)
    used = models.DecimalField(max_digits=20, decimal_places=6, default=0)

    objects = CounterQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "period", "meter"], name="one_counter_per_meter"
            ),
            models.CheckConstraint(condition=Q(used__gte=NOTHING), name="counter_not_below_zero"),
        ]

    def __str__(self) -> str:
        return f"{self.meter}: {self.used}"


class ResourceCount(models.Model):
    """How many of a resource the platform says an organization has."""

    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="resources", db_index=False
    )
    resource = models.CharField(max_length=40)
    used = models.PositiveIntegerField()
    reported_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "resource"], name="one_count_per_resource"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.resource}: {self.used}"


class RentalQuerySet(models.QuerySet["Rental"]):
    """Rentals, begun and ended."""

    def held(self) -> RentalQuerySet:
        return self.filter(ended_at__isnull=True)


class Rental(models.Model):
    """A thing an organization holds at a fixed cost per period: a number, a seat, a licence."""

    PHONE_NUMBER: ClassVar = PHONE_NUMBERS.removesuffix("s")

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="rentals")
    item = models.CharField(max_length=40)
    reference = models.CharField(max_length=200, help_text="Which one: the number, the seat.")
    began_at = models.DateTimeField()
    began_on = models.DateField()
    ended_at = models.DateTimeField(null=True, blank=True)
    prorata_period = models.ForeignKey(
        Period,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="rentals_begun",
        help_text="The running period it began in, whose rest is still to be invoiced.",
    )

    objects = RentalQuerySet.as_manager()

    class Meta:
        ordering = ("item", "id")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "item", "reference"],
                condition=Q(ended_at__isnull=True),
                name="rented_once_at_a_time",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["organization", "item"],
                name="rental_held",
                condition=Q(ended_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item} {self.reference}"
