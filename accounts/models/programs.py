"""Programs that call us by a key."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models.organizations import Organization


class ApiKey(models.Model):
    """A program's key; only its digest is kept, so it can be shown once and never again."""

    class Scope(models.TextChoices):
        READ = "read", "Read"
        USAGE = "usage", "Report usage and ask the gate"
        PROVISION = "provision", "Provision"

    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12, unique=True, editable=False)
    digest = models.CharField(max_length=64, editable=False)
    organization = models.ForeignKey(
        Organization,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="api_keys",
        help_text="Left empty, it is a platform key and acts for every organization.",
    )
    scopes = ArrayField(models.CharField(max_length=12, choices=Scope), default=list)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = "API key"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(scopes__contained_by=["read", "usage", "provision"]),
                name="api_key_scopes_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    def is_valid(self, now: dt.datetime) -> bool:
        """Answer whether the key opens anything at this instant."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)
