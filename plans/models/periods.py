"""Stretches of an organization's life on a plan."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

import pgtrigger
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Func, Q, Value

from accounts.models import Organization
from invoices.models import Invoice
from plans.models.catalogue import PlanVersion
from plans.periods import days_left


class IdRange(Func):
    """An id as a range of one, because GiST knows ranges without any extension."""

    function = "int8range"
    template = "%(function)s(%(expressions)s, %(expressions)s, '[]')"
    arity = 1


class Period(models.Model):
    """A stretch of an organization's life on one plan version; two never overlap."""

    class Source(models.TextChoices):
        TRIAL = "trial", "Trial"
        APPLIED = "applied", "Applied by staff"
        RENEWED = "renewed", "Renewed"
        CHOSEN = "chosen", "Chosen by the owner"

    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="periods", db_index=False
    )
    version = models.ForeignKey(PlanVersion, models.PROTECT, related_name="periods")
    number = models.PositiveIntegerField()
    source = models.CharField(max_length=10, choices=Source)
    time_zone = models.CharField(max_length=64)
    first_day = models.DateField()
    last_day = models.DateField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    replaced_at = models.DateTimeField(null=True, blank=True)
    used_up_at = models.DateTimeField(
        null=True, blank=True, help_text="When a trial's sessions were used up."
    )
    renews_until = models.DateTimeField(
        null=True,
        blank=True,
        help_text="Another period follows by itself; until then this one waits for it.",
    )
    grace_ends_at = models.DateTimeField(
        null=True, blank=True, help_text="It is not paid yet; without payment it stops here."
    )
    failed_at = models.DateTimeField(
        null=True, blank=True, help_text="When the first charge for it failed."
    )
    failures = models.PositiveSmallIntegerField(default=0)
    charge_at = models.DateTimeField(
        null=True, blank=True, help_text="When its card is charged, or charged again."
    )
    attempted_at = models.DateTimeField(null=True, blank=True)
    invoice = models.OneToOneField(
        Invoice, models.PROTECT, null=True, blank=True, related_name="period"
    )
    session_limit = models.PositiveIntegerField(
        null=True, blank=True, help_text="The owner's own; none is the plan's quota."
    )
    extensions = models.PositiveSmallIntegerField(default=0)
    extended_at = models.DateTimeField(null=True, blank=True)
    sessions_reset_at = models.DateTimeField(null=True, blank=True)
    marks_passed = ArrayField(
        models.CharField(max_length=20),
        default=list,
        blank=True,
        help_text="Reminders that are sent, or were passed before they could be due.",
    )
    reminded_at = models.DateTimeField(
        null=True, blank=True, help_text="When the owner was first told that this ends soon."
    )
    look_at = models.DateTimeField(
        null=True, blank=True, help_text="When the sweep has to look at this period again."
    )

    class Meta:
        ordering = ("-number",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organization", "number"], name="period_numbered_once"),
            models.UniqueConstraint(
                fields=["organization"], condition=Q(source="trial"), name="one_trial_ever"
            ),
            models.CheckConstraint(
                condition=Q(starts_at__lte=F("ends_at")), name="period_starts_before_it_ends"
            ),
            models.CheckConstraint(
                condition=Q(first_day__lte=F("last_day")), name="period_has_a_day"
            ),
            ExclusionConstraint(
                name="periods_do_not_overlap",
                expressions=[
                    (IdRange("organization_id"), "&&"),
                    (Func("starts_at", "ends_at", Value("[)"), function="tstzrange"), "&&"),
                ],
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organization", "-starts_at"], name="period_by_start"),
            models.Index(
                fields=["ends_at"], name="period_by_end", condition=Q(replaced_at__isnull=True)
            ),
            models.Index(
                fields=["look_at"], name="period_to_look_at", condition=Q(look_at__isnull=False)
            ),
            models.Index(
                fields=["ends_at", "id"],
                name="period_to_renew",
                condition=Q(renews_until__isnull=False, replaced_at__isnull=True),
            ),
            models.Index(
                fields=["grace_ends_at"],
                name="period_in_grace",
                condition=Q(grace_ends_at__isnull=False),
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="period_is_kept", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.version.name} {self.first_day} - {self.last_day}"

    @property
    def over_at(self) -> dt.datetime:
        """The instant from which nothing starts any more.

        That is the end, the last session of a trial, or the end of the grace; a period that
        another one follows by itself goes on until that one has begun.
        """
        ends = (self.renews_until or self.ends_at, self.used_up_at, self.grace_ends_at)
        return min(end for end in ends if end is not None)

    def is_over(self, now: dt.datetime) -> bool:
        return now >= self.over_at

    @property
    def is_unpaid(self) -> bool:
        """Answer whether it runs, or ran, on grace."""
        return self.grace_ends_at is not None

    def is_overdue(self, now: dt.datetime) -> bool:
        """Answer whether its grace is over without payment."""
        return self.grace_ends_at is not None and now >= self.grace_ends_at

    def days_left(self, now: dt.datetime) -> int:
        """Answer the whole days left including today; 0 once it is over."""
        if self.is_over(now):
            return 0
        return days_left(self.last_day, self.ends_at, now, self.organization.zone)
