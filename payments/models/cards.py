"""Who an organization is at Stripe, and the cards it pays with."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from accounts.arrows import walk
from accounts.models import Organization

LATER = dt.timedelta(days=45)


class Customer(models.Model):
    """What Stripe calls an organization; asked for once and kept as text."""

    organization = models.OneToOneField(
        Organization, models.PROTECT, primary_key=True, related_name="customer"
    )
    stripe_id = models.CharField(max_length=60, unique=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.stripe_id


class CardQuerySet(models.QuerySet["Card"]):
    """Cards, by what can be done with them."""

    def on_file(self) -> CardQuerySet:
        """Cards that were verified and not removed."""
        return self.filter(status=Card.Status.ON_FILE)

    def default_of(self, organization: Organization) -> Card | None:
        """Answer the card that renewals and recharges use, if there is any."""
        return self.on_file().filter(organization=organization, is_default=True).first()


class Card(models.Model):
    """A card at Stripe, verified by a hold; exactly one on file is the default, if any is."""

    class Status(models.TextChoices):
        VERIFYING = "verifying", "Being verified"
        ON_FILE = "on_file", "On file"
        REFUSED = "refused", "Refused"
        REMOVED = "removed", "Removed"

    ARROWS: ClassVar[dict[str, tuple[str, ...]]] = {
        Status.VERIFYING: (Status.ON_FILE, Status.REFUSED),
        Status.ON_FILE: (Status.REMOVED,),
        Status.REFUSED: (),
        Status.REMOVED: (),
    }
    BRANDS: ClassVar[dict[str, str]] = {
        "visa": "Visa",
        "mastercard": "Mastercard",
        "amex": "American Express",
    }

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="cards")
    stripe_id = models.CharField(max_length=60, unique=True)
    status = models.CharField(max_length=9, choices=Status, default=Status.VERIFYING)
    brand = models.CharField(max_length=30)
    last4 = models.CharField(max_length=4)
    exp_month = models.PositiveSmallIntegerField()
    exp_year = models.PositiveSmallIntegerField()
    is_default = models.BooleanField(default=False)
    default_since = models.DateTimeField(null=True, blank=True)
    make_default = models.BooleanField(
        default=False, help_text="Becomes the default card once it is verified."
    )
    hold_id = models.CharField(max_length=60, blank=True)
    hold_open = models.BooleanField(
        default=False, help_text="The verification hold was asked for and is not known as voided."
    )
    refusal = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(
        null=True, blank=True, help_text="When it came on file or was refused."
    )

    objects = CardQuerySet.as_manager()

    class Meta:
        ordering = ("id",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization"],
                condition=Q(is_default=True),
                name="one_default_card",
            ),
            models.CheckConstraint(
                condition=Q(is_default=False) | Q(status="on_file"), name="default_card_on_file"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["created_at"],
                name="card_to_look_after",
                condition=Q(hold_open=True) | Q(status="verifying"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.brand_name} ending in {self.last4}"

    @property
    def brand_name(self) -> str:
        return self.BRANDS.get(self.brand, self.brand.title())

    def last_day(self) -> dt.date:
        """Answer the last day of the month in which it expires."""
        month = dt.date(self.exp_year, self.exp_month, 28) + dt.timedelta(days=4)
        return month.replace(day=1) - dt.timedelta(days=1)

    def is_expired(self, today: dt.date) -> bool:
        return self.last_day() < today

    def expires_soon(self, today: dt.date) -> bool:
        """Answer whether it ends within 45 days, so that its owner should add another."""
        return today <= self.last_day() <= today + LATER

    def move(self, to: str, **changes: Any) -> None:
        """Walk one arrow of the state by compare-and-set.

        :raises WrongState: there is no such arrow, or somebody walked another one first.
        """
        walk(self, to, **changes)
