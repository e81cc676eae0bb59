"""Every attempt to move money."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q

from accounts.arrows import walk
from accounts.models import Organization, User
from invoices.models import Invoice
from payments.looks import next_look
from payments.models.cards import Card
from wallet.models import optional_credits_field
from wallet.money import Money


class PaymentQuerySet(models.QuerySet["Payment"]):
    """Payments, from what somebody may see."""

    def visible_to(self, user: User) -> PaymentQuerySet:
        """Payments of the organizations whose billing pages this user may see."""
        return self.filter(organization__in=Organization.objects.visible_to(user))


class Payment(models.Model):
    """One attempt to move money; an invoice is paid by exactly one that succeeded."""

    class Status(models.TextChoices):
        CHECKOUT = "checkout", "Checkout"
        PENDING = "pending", "Pending"
        PAID = "paid", "Paid"
        FAILED = "failed", "Failed"
        REFUNDED = "refunded", "Refunded"
        DISPUTED = "disputed", "Disputed"

    class Method(models.TextChoices):
        BANK = "bank", "Bank transfer"
        CARD = "card", "Card"

    class Purpose(models.TextChoices):
        INVOICE = "invoice", "Invoice"
        TOP_UP = "top_up", "Top-up"
        RECHARGE = "recharge", "Auto-recharge"
        PLAN = "plan", "Plan"

    ARROWS: ClassVar[dict[str, tuple[str, ...]]] = {
        Status.CHECKOUT: (Status.PENDING, Status.PAID, Status.FAILED),
        Status.PENDING: (Status.PAID, Status.FAILED),
        Status.PAID: (Status.REFUNDED, Status.DISPUTED),
        Status.DISPUTED: (Status.PAID, Status.REFUNDED),
        # A checkout whose card was declined can still be paid with another one.
        Status.FAILED: (Status.PAID,),
        # A bank may send refunded money back days later.
        Status.REFUNDED: (Status.PAID, Status.DISPUTED),
    }
    MONEY_CAME: ClassVar = (Status.PAID, Status.DISPUTED, Status.REFUNDED)

    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="payments", db_index=False
    )
    invoice = models.ForeignKey(
        Invoice, models.PROTECT, null=True, blank=True, related_name="payments"
    )
    key = models.CharField(max_length=120, help_text="The business act that moves the money.")
    token = models.UUIDField(
        default=uuid.uuid4, unique=True, editable=False, help_text="How Stripe knows it."
    )
    purpose = models.CharField(max_length=8, choices=Purpose, default=Purpose.INVOICE)
    method = models.CharField(max_length=5, choices=Method)
    status = models.CharField(max_length=10, choices=Status)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    net_minor = models.BigIntegerField(
        null=True, blank=True, help_text="Without tax, where the invoice is yet to be written."
    )
    refunded_minor = models.BigIntegerField(default=0)
    credits = optional_credits_field(help_text="What it buys, if it buys credits.")
    reference = models.CharField(max_length=200, blank=True)
    card = models.ForeignKey(Card, models.PROTECT, null=True, blank=True, related_name="payments")
    actor = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    session_id = models.CharField(max_length=100, unique=True, null=True, blank=True)
    intent_id = models.CharField(max_length=60, unique=True, null=True, blank=True)
    decline_code = models.CharField(max_length=60, blank=True)
    failure = models.CharField(max_length=300, blank=True, help_text="Why, in the owner's words.")
    created_at = models.DateTimeField()
    asked_at = models.DateTimeField(
        null=True, blank=True, help_text="When Stripe was asked; none means not yet."
    )
    look_at = models.DateTimeField(
        null=True, blank=True, help_text="When the sweep asks Stripe what became of it."
    )
    looks = models.PositiveIntegerField(default=0)
    settled_at = models.DateTimeField(null=True, blank=True)

    objects = PaymentQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organization", "key"], name="one_payment_per_act"),
            models.UniqueConstraint(
                fields=["invoice"],
                condition=Q(status__in=["paid", "disputed", "refunded"]),
                name="an_invoice_is_paid_once",
            ),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payment_above_zero"),
            models.CheckConstraint(
                condition=~Q(status="paid") | Q(settled_at__isnull=False),
                name="paid_payment_has_a_time",
            ),
            models.CheckConstraint(
                condition=Q(refunded_minor__gte=0) & Q(refunded_minor__lte=F("amount_minor")),
                name="refunded_within_paid",
            ),
            models.CheckConstraint(
                condition=Q(purpose__in=["invoice", "plan"], credits__isnull=True)
                | Q(purpose__in=["top_up", "recharge"], credits__gt=0),
                name="payment_buys_credits_or_settles",
            ),
            models.UniqueConstraint(
                fields=["organization"],
                condition=Q(purpose="recharge", status="pending"),
                name="one_recharge_in_flight",
            ),
            # Two cards for one invoice at once would be two charges for one invoice.
            models.UniqueConstraint(
                fields=["invoice"],
                condition=Q(status="pending"),
                name="one_pending_payment_per_invoice",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organization", "-id"], name="payment_by_organization"),
            models.Index(
                fields=["look_at"], name="payment_to_look_at", condition=Q(look_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount.display()} {self.get_status_display()}"

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    def move(self, to: str, **changes: Any) -> None:
        """Walk one arrow of the state by compare-and-set.

        :raises WrongState: there is no such arrow, or somebody walked another one first.
        """
        walk(self, to, **changes)

    @property
    def refunded(self) -> Money:
        return Money(self.refunded_minor, self.currency)

    def next_look(self, now: dt.datetime) -> dt.datetime:
        """Answer when the sweep asks again: 1, 5 and 30 minutes after the asking, then hourly."""
        return next_look(self.asked_at or self.created_at, looks=self.looks, now=now)

    @property
    def is_unknown(self) -> bool:
        """Answer whether Stripe was asked and what became of it is not known."""
        return self.status == self.Status.PENDING and self.asked_at is not None
