"""The outbox of letters, and the log of acts."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q

from accounts.models.organizations import Organization
from accounts.models.people import User


class Letter(models.Model):
    """One mail that is owed to an organization; its key makes sure that it is owed once."""

    class Status(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENT = "sent", "Sent"
        PARKED = "parked", "Parked"

    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="letters", db_index=False
    )
    code = models.CharField(max_length=40)
    key = models.CharField(max_length=120)
    context = models.JSONField(default=dict)
    document_number = models.CharField(max_length=40, blank=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=500, blank=True)
    due_at = models.DateTimeField()
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organization", "key"], name="letter_owed_once"),
            models.CheckConstraint(
                condition=Q(status__in=["waiting", "sent", "parked"]), name="letter_status_known"
            ),
            models.CheckConstraint(
                condition=Q(status="sent", sent_at__isnull=False)
                | (~Q(status="sent") & Q(sent_at__isnull=True)),
                name="letter_sent_at_iff_sent",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], name="letter_waiting", condition=Q(status="waiting")),
            models.Index(fields=["organization", "-created_at"], name="letter_by_organization"),
        ]

    def __str__(self) -> str:
        return f"{self.code} to {self.organization}"


class Act(models.Model):
    """What somebody did to an organization, when and why; never changed, never deleted."""

    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="acts", db_index=False
    )
    at = models.DateTimeField()
    actor = models.ForeignKey(User, models.PROTECT, null=True, related_name="acts")
    verb = models.CharField(max_length=40)
    summary = models.CharField(max_length=500)
    reason = models.CharField(max_length=500, blank=True)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)

    class Meta:
        ordering = ("-at", "-id")
        indexes: ClassVar = [
            models.Index(fields=["organization", "-at"], name="act_by_organization")
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="act_is_final", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return self.summary
