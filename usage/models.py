"""What was used: events with their rating trace, daily rollups, batches let through."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q

from accounts.models import Agent, Organization
from plans.models import Period

# Every index is written with every charge, so what another index begins with has none of its own.


class UsageEvent(models.Model):
    """One report of the platform and what it cost; the same id is charged once, for ever."""

    class Kind(models.TextChoices):
        CALL = "call", "Call"
        MESSAGE = "message", "Message"
        SESSION = "session", "Session"
        METER = "meter", "Meter"

    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="usage_events", db_index=False
    )
    event_id = models.CharField(max_length=200)
    kind = models.CharField(max_length=8, choices=Kind)
    agent = models.ForeignKey(Agent, models.PROTECT, related_name="usage_events")
    period = models.ForeignKey(Period, models.PROTECT, related_name="usage_events")
    channel = models.CharField(max_length=10, blank=True)
    meter = models.CharField(max_length=60)
    started_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    credits = models.DecimalField(max_digits=20, decimal_places=6)
    facts = models.JSONField(help_text="What was reported.")
    trace = models.JSONField(help_text="How the charge came about: rate, allowance, sources.")

    class Meta:
        ordering = ("-id",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organization", "event_id"], name="one_charge_per_id"),
            models.CheckConstraint(condition=Q(credits__gte=0), name="usage_costs_or_is_free"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organization", "-started_at"], name="usage_by_start"),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="usage_is_kept", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.event_id}"


class UsageDay(models.Model):
    """A day's usage of one agent on one channel, so that pages never touch single events."""

    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="usage_days", db_index=False
    )
    period = models.ForeignKey(Period, models.PROTECT, related_name="usage_days")
    day = models.DateField(help_text="Of the start, in the organization's zone.")
    agent = models.ForeignKey(Agent, models.PROTECT, related_name="usage_days", db_index=False)
    channel = models.CharField(max_length=10, blank=True)
    meter = models.CharField(max_length=60)
    events = models.PositiveIntegerField()
    quantity = models.DecimalField(max_digits=24, decimal_places=6)
    allowance = models.DecimalField(max_digits=24, decimal_places=6)
    credits = models.DecimalField(max_digits=20, decimal_places=6)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "period", "day", "agent", "channel", "meter"],
                name="one_rollup_per_day",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["agent", "day"], name="usage_day_by_agent"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.meter} {self.channel}"


class BatchPass(models.Model):
    """A campaign batch that was let through once, and finishes its run."""

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="batch_passes")
    batch = models.CharField(max_length=200)
    passed_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "batch passes"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organization", "batch"], name="a_batch_passes_once"),
        ]

    def __str__(self) -> str:
        return self.batch


class Crossing(models.Model):
    """A charge that emptied a wallet while it is being recharged: to be looked at afterwards."""

    organization = models.OneToOneField(
        Organization, models.CASCADE, primary_key=True, related_name="+"
    )
    event_id = models.CharField(max_length=200)
    balance_before = models.DecimalField(max_digits=20, decimal_places=6)
    bell_before = models.CharField(max_length=5)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"crossing of {self.organization}"
