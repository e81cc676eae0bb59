"""The consent to be charged without being there, and how that went."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q

from accounts.models import Organization, User
from wallet.models import credits_field
from wallet.money import Money


class AutoRecharge(models.Model):
    """An organization's consent to be charged by itself, and how its last attempts went."""

    organization = models.OneToOneField(
        Organization, models.PROTECT, primary_key=True, related_name="auto_recharge"
    )
    enabled = models.BooleanField()
    threshold = credits_field()
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    failures = models.PositiveSmallIntegerField(default=0)
    retry_at = models.DateTimeField(null=True, blank=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    saved_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0) & Q(threshold__gte=0), name="recharge_above_zero"
            ),
        ]

    def __str__(self) -> str:
        return f"below {self.threshold.normalize():f} credits add {self.amount.display()}"

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


class Consent(models.Model):
    """What somebody agreed to when auto-recharge was switched on or off; written once."""

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="consents")
    actor = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    enabled = models.BooleanField()
    words = models.CharField(max_length=500)
    at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="consent_is_kept", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return self.words
