"""The current plan of an organization, and what is decided about its next one."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from accounts.models import Organization, User
from payments.models import Payment
from plans.models.catalogue import Plan, PlanVersion
from plans.models.periods import Period


class Subscription(models.Model):
    """An organization's current plan and period; it has one, from its first plan on."""

    organization = models.OneToOneField(
        Organization, models.PROTECT, primary_key=True, related_name="subscription"
    )
    version = models.ForeignKey(PlanVersion, models.PROTECT, related_name="subscriptions")
    period = models.OneToOneField(Period, models.PROTECT, related_name="current_of")
    anchor_day = models.PositiveSmallIntegerField()
    canceled_at = models.DateTimeField(
        null=True, blank=True, help_text="When the owner cancelled it, for the period's end."
    )

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(anchor_day__gte=1) & Q(anchor_day__lte=31), name="anchor_is_a_day"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organization} on {self.version.name}"


class RenewalChoice(models.Model):
    """Staff's choice whether an organization's plans renew by themselves; outlasts every plan."""

    organization = models.OneToOneField(
        Organization, models.PROTECT, primary_key=True, related_name="renewal_choice"
    )
    auto_renew = models.BooleanField()

    def __str__(self) -> str:
        return f"{self.organization}: {'renews' if self.auto_renew else 'does not renew'}"


class ScheduledChange(models.Model):
    """The one plan that is to take effect later; a new one replaces it."""

    organization = models.OneToOneField(
        Organization, models.PROTECT, primary_key=True, related_name="scheduled_change"
    )
    plan = models.ForeignKey(Plan, models.PROTECT, related_name="+")
    starts_on = models.DateField()
    starts_at = models.DateTimeField(db_index=True)
    actor = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.plan} from {self.starts_on}"


class Purchase(models.Model):
    """A plan that takes effect once its payment is paid, with the lines that were agreed."""

    payment = models.OneToOneField(
        Payment, models.PROTECT, primary_key=True, related_name="purchase"
    )
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="purchases")
    version = models.ForeignKey(PlanVersion, models.PROTECT, related_name="purchases")
    source = models.CharField(max_length=10, choices=Period.Source)
    lines = models.JSONField()
    replaces = models.ForeignKey(
        Period,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The running period when it was agreed, whose unused days may be in the lines.",
    )
    days = models.PositiveSmallIntegerField(null=True, blank=True)
    last_day = models.DateField(null=True, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()
    period = models.OneToOneField(
        Period, models.PROTECT, null=True, blank=True, related_name="purchase"
    )
    closed_at = models.DateTimeField(
        null=True, blank=True, help_text="When it was given up: abandoned, or its money sent back."
    )

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["created_at"],
                name="purchase_to_begin",
                condition=Q(period__isnull=True, closed_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version} for {self.organization}"


class DemoRequest(models.Model):
    """An owner asked to be shown an enterprise plan; one request per plan is open at a time."""

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="demo_requests")
    plan = models.ForeignKey(Plan, models.PROTECT, related_name="demo_requests")
    actor = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField()
    handled_at = models.DateTimeField(null=True, blank=True)
    handled_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    note = models.CharField(max_length=500, blank=True, help_text="What staff made of it.")

    class Meta:
        ordering = ("-id",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "plan"],
                condition=Q(handled_at__isnull=True),
                name="one_open_demo_per_plan",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organization}: {self.plan}"
