"""What Stripe told us."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q


class StripeEvent(models.Model):
    """One thing that Stripe told us, once per its id; what it is about is asked for anew."""

    class Status(models.TextChoices):
        WAITING = "waiting", "Waiting"
        HANDLED = "handled", "Handled"
        SET_ASIDE = "set_aside", "Set aside"

    stripe_id = models.CharField(max_length=60, unique=True)
    kind = models.CharField(max_length=80)
    object_kind = models.CharField(max_length=40)
    object_id = models.CharField(max_length=100)
    payload = models.JSONField()
    status = models.CharField(max_length=9, choices=Status, default=Status.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=500, blank=True)
    happened_at = models.DateTimeField()
    received_at = models.DateTimeField()
    due_at = models.DateTimeField()
    handled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        indexes: ClassVar = [
            models.Index(
                fields=["due_at", "id"], name="event_waiting", condition=Q(status="waiting")
            ),
            models.Index(fields=["object_id"], name="event_by_object"),
            models.Index(
                fields=["handled_at"], name="event_to_mirror", condition=Q(status="handled")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id}"
