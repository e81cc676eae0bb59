"""What was used: events with their rating trace, daily rollups; what runs, and what was refused."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q

from accounts.models import Agent, Organization, User
from plans.models import Period, PlanVersion
from usage.windows import MARK
from wallet.models import NOTHING

# Every index is written with every charge: there is none that no list and no charge reads. Nor does
# the database look up again what a charge has just read under the wallet's lock, and what cannot be
# deleted: hence no foreign keys there (`db_constraint`), but an invariant of the doctor.


class UsageEvent(models.Model):
    """One report of the platform and what it cost; the same id is charged once, for ever."""

    class Kind(models.TextChoices):
        CALL = "call", "Call"
        MESSAGE = "message", "Message"
        SESSION = "session", "Session"
        METER = "meter", "Meter"

    organization = models.ForeignKey(
        Organization,
        models.PROTECT,
        related_name="usage_events",
        db_index=False,
        db_constraint=False,
    )
    event_id = models.CharField(max_length=200)
    kind = models.CharField(max_length=8, choices=Kind)
    agent = models.ForeignKey(
        Agent, models.PROTECT, related_name="usage_events", db_index=False, db_constraint=False
    )
    period = models.ForeignKey(
        Period, models.PROTECT, related_name="usage_events", db_index=False, db_constraint=False
    )
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
            models.CheckConstraint(
                condition=Q(credits__gte=NOTHING), name="usage_costs_or_is_free"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organization", "-started_at"], name="usage_by_start"),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="usage_is_kept", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.event_id}"

    @property
    def reported_under(self) -> str:
        """The id that the platform gave it; of a later window of a session, with its number."""
        event_id, _, window = self.event_id.partition(MARK)
        return f"{event_id}, window {int(window) + 1}" if window.isdigit() else self.event_id


class UsageDay(models.Model):
    """A day's usage of one agent on one channel, so that pages never touch single events."""

    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="usage_days", db_index=False, db_constraint=False
    )
    period = models.ForeignKey(
        Period, models.PROTECT, related_name="usage_days", db_index=False, db_constraint=False
    )
    day = models.DateField(help_text="Of the start, in the organization's zone.")
    agent = models.ForeignKey(
        Agent, models.PROTECT, related_name="usage_days", db_index=False, db_constraint=False
    )
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
            models.Index(fields=["organization", "agent", "day"], name="usage_day_by_agent"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.meter} {self.channel}"


class BatchPass(models.Model):
    """A campaign batch that was let through once, and finishes its run."""

    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="batch_passes", db_index=False
    )
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


class BalanceNotice(models.Model):
    """What the platform was last told of a balance, so that one that flutters is told of once."""

    class Told(models.TextChoices):
        LOW = "low", "Low"
        BLOCKED = "blocked", "Blocked"
        RESTORED = "restored", "Restored"

    organization = models.OneToOneField(
        Organization, models.CASCADE, primary_key=True, related_name="balance_notice"
    )
    told = models.CharField(max_length=8, choices=Told)
    low_at = models.DateTimeField(null=True, blank=True)
    restored_at = models.DateTimeField(null=True, blank=True)
    # What was there when work was paused: while it is the same nothing can have been restored.
    balance = models.DecimalField(max_digits=20, decimal_places=6)
    period = models.ForeignKey(
        Period, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(told__in=["low", "blocked", "restored"]), name="balance_notice_known"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["organization"], name="balance_told_blocked", condition=Q(told="blocked")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organization}: {self.get_told_display().lower()}"


class Hold(models.Model):
    """What a call that was let in may come to cost; from its end on it reserves nothing.

    It moves no credit, so it leaves no trace: settled or over, the row goes.
    """

    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="holds", db_index=False
    )
    agent = models.ForeignKey(
        Agent, models.CASCADE, null=True, blank=True, related_name="holds", db_index=False
    )
    channel = models.CharField(max_length=10)
    call = models.CharField(
        max_length=200, blank=True, help_text="The id under which it will be reported."
    )
    units = models.DecimalField(
        max_digits=20, decimal_places=6, help_text="Minutes of the plan's allowance."
    )
    credits = models.DecimalField(max_digits=20, decimal_places=6)
    held_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        ordering = ("id",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "call"], condition=~Q(call=""), name="one_hold_per_call"
            ),
            models.CheckConstraint(
                condition=Q(units__gte=0, credits__gte=0) & (Q(units__gt=0) | Q(credits__gt=0)),
                name="hold_reserves_something",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=models.F("held_at")), name="hold_ends_after_its_start"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organization", "expires_at"], name="hold_by_organization"),
        ]

    def __str__(self) -> str:
        return f"{self.credits.normalize():f} credits for a call"


class RefusedReport(models.Model):
    """Usage that could not be charged because the plan does not know it: one row, however often."""

    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="refused_reports", db_index=False
    )
    code = models.CharField(max_length=40, help_text="Of the refusal.")
    meter = models.CharField(max_length=60, blank=True, help_text="Empty for all beyond the first.")
    message = models.CharField(max_length=300)
    version = models.ForeignKey(
        PlanVersion, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    times = models.PositiveIntegerField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    event_id = models.CharField(max_length=200, help_text="Of the last one.")
    facts = models.JSONField(help_text="What the last one reported.")
    ended_at = models.DateTimeField(
        null=True, blank=True, help_text="When the next report was charged, or staff dismissed it."
    )
    dismissed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ("-last_at", "-id")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "meter", "code"], name="one_row_per_refused_meter"
            ),
            models.CheckConstraint(condition=Q(times__gte=1), name="refused_at_least_once"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["organization", "meter"],
                name="refused_and_open",
                condition=Q(ended_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organization}: {self.meter or 'other meters'}"
