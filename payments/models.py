"""Payments: every attempt to move money, visible in billing history."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from accounts.models import Organization, User
from invoices.models import Invoice, WrongState
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

    ARROWS: ClassVar[dict[str, tuple[str, ...]]] = {
        Status.CHECKOUT: (Status.PENDING, Status.PAID, Status.FAILED),
        Status.PENDING: (Status.PAID, Status.FAILED),
        Status.PAID: (Status.REFUNDED, Status.DISPUTED),
        Status.DISPUTED: (Status.PAID, Status.REFUNDED),
        Status.FAILED: (),
        Status.REFUNDED: (),
    }

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="payments")
    invoice = models.ForeignKey(
        Invoice, models.PROTECT, null=True, blank=True, related_name="payments"
    )
    key = models.CharField(max_length=120, help_text="The business act that moves the money.")
    method = models.CharField(max_length=5, choices=Method)
    status = models.CharField(max_length=10, choices=Status)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    reference = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
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
        ]
        indexes: ClassVar = [
            models.Index(fields=["organization", "-id"], name="payment_by_organization"),
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
        if to not in self.ARROWS[self.status]:
            raise WrongState(f"A {self.status} payment cannot become {to}.")
        walked = Payment.objects.filter(pk=self.pk, status=self.status).update(status=to, **changes)
        if not walked:
            raise WrongState("The payment was changed by somebody else.")
        self.status = to
        for name, value in changes.items():
            setattr(self, name, value)
