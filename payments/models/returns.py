"""Money that goes back: refunds and disputes."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from accounts.arrows import walk
from accounts.models import User
from payments.models.payments import Payment
from wallet.models import optional_credits_field
from wallet.money import Money


class Refund(models.Model):
    """Money that goes back for a payment, and the credits that come out of the wallet for it."""

    class Status(models.TextChoices):
        PENDING = "pending", "Pending"
        DONE = "done", "Refunded"
        FAILED = "failed", "Failed"

    ARROWS: ClassVar[dict[str, tuple[str, ...]]] = {
        Status.PENDING: (Status.DONE, Status.FAILED),
        # A bank may send the money back days later.
        Status.DONE: (Status.FAILED,),
        Status.FAILED: (),
    }

    payment = models.ForeignKey(Payment, models.PROTECT, related_name="refunds", db_index=False)
    key = models.CharField(max_length=120)
    token = models.UUIDField(
        default=uuid.uuid4, unique=True, editable=False, help_text="How Stripe knows it."
    )
    status = models.CharField(max_length=7, choices=Status)
    amount_minor = models.BigIntegerField()
    credits = optional_credits_field()
    reason = models.CharField(max_length=500)
    actor = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    stripe_id = models.CharField(max_length=60, unique=True, null=True, blank=True)
    failure = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    look_at = models.DateTimeField(null=True, blank=True)
    looks = models.PositiveIntegerField(default=0)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["payment", "key"], name="one_refund_per_act"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="refund_above_zero"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["look_at"], name="refund_to_look_at", condition=Q(look_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount.display()} of {self.payment}"

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.payment.currency)

    def move(self, to: str, **changes: Any) -> None:
        """Walk one arrow of the state by compare-and-set.

        :raises WrongState: there is no such arrow, or somebody walked another one first.
        """
        walk(self, to, **changes)


class Dispute(models.Model):
    """A payment that its card's holder contests; lost, the money stays away."""

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        WON = "won", "Won"
        LOST = "lost", "Lost"

    ARROWS: ClassVar[dict[str, tuple[str, ...]]] = {
        Status.OPEN: (Status.WON, Status.LOST),
        Status.WON: (),
        Status.LOST: (),
    }

    payment = models.ForeignKey(Payment, models.PROTECT, related_name="disputes")
    stripe_id = models.CharField(max_length=60, unique=True)
    status = models.CharField(max_length=4, choices=Status, default=Status.OPEN)
    amount_minor = models.BigIntegerField()
    credits = optional_credits_field()
    reason = models.CharField(max_length=100, blank=True)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="dispute_above_zero"),
        ]

    def __str__(self) -> str:
        return f"{self.get_status_display()} dispute of {self.payment}"

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.payment.currency)

    def move(self, to: str, **changes: Any) -> None:
        """Walk one arrow of the state by compare-and-set.

        :raises WrongState: there is no such arrow, or somebody walked another one first.
        """
        walk(self, to, **changes)
