"""Where the platform is called back, and what it is told there."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from accounts.models.organizations import Organization


def new_message_id() -> str:
    """Make the id under which a receiver knows a message, however often it is sent."""
    return f"msg_{uuid.uuid4().hex}"


class WebhookEndpoint(models.Model):
    """An address that is called back, of the platform or of one organization."""

    class Event(models.TextChoices):
        SUBSCRIPTION_STARTED = "subscription.started"
        SUBSCRIPTION_CHANGED = "subscription.changed"
        SUBSCRIPTION_ENDED = "subscription.ended"
        SUBSCRIPTION_PAYMENT_ISSUE = "subscription.payment_issue"
        SUBSCRIPTION_CANCELED = "subscription.canceled"
        BALANCE_LOW = "balance.low"
        BALANCE_BLOCKED = "balance.blocked"
        BALANCE_RESTORED = "balance.restored"
        SESSION_LIMIT_REACHED = "session_limit.reached"
        INVOICE_ISSUED = "invoice.issued"
        INVOICE_PAID = "invoice.paid"
        PAYMENT_FAILED = "payment.failed"

    token = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organization = models.ForeignKey(
        Organization,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="webhook_endpoints",
        help_text="Left empty, it is the platform's and hears of every organization.",
    )
    url = models.CharField(max_length=500)
    events = ArrayField(
        models.CharField(max_length=40, choices=Event),
        default=list,
        blank=True,
        help_text="What it hears of; none named means everything.",
    )
    # Whoever signs must be able to read it; it is shown once, and no page shows it again.
    secret = models.CharField(max_length=100, editable=False)
    old_secret = models.CharField(max_length=100, blank=True, editable=False)
    old_secret_until = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Until then both secrets sign."
    )
    failing_since = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When it last began to fail."
    )
    disabled_at = models.DateTimeField(null=True, blank=True, editable=False)
    disabled_because = models.CharField(max_length=200, blank=True, editable=False)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(editable=False)

    class Meta:
        ordering = ("id",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "url"],
                condition=Q(deleted_at__isnull=True),
                nulls_distinct=False,
                name="one_endpoint_per_address",
            ),
            models.CheckConstraint(
                condition=Q(old_secret="", old_secret_until__isnull=True)
                | (~Q(old_secret="") & Q(old_secret_until__isnull=False)),
                name="old_secret_has_an_end",
            ),
            models.CheckConstraint(
                condition=Q(disabled_at__isnull=False) | Q(disabled_because=""),
                name="endpoint_reason_only_when_disabled",
            ),
        ]

    def __str__(self) -> str:
        return self.url

    @property
    def is_enabled(self) -> bool:
        return self.disabled_at is None and self.deleted_at is None

    def secrets_at(self, now: dt.datetime) -> list[str]:
        """Answer the secrets that sign, the newest first: two while one is being changed."""
        if self.old_secret_until is not None and now < self.old_secret_until:
            return [self.secret, self.old_secret]
        return [self.secret]


class Callback(models.Model):
    """One message that is owed to one endpoint; its key makes sure that it is owed once.

    Those of one organization to one endpoint are sent in the order of their ids, but for those
    that staff send again: they are a queue of their own.
    """

    class Status(models.TextChoices):
        WAITING = "waiting", "Waiting"
        DELIVERED = "delivered", "Delivered"
        DEAD = "dead", "Dead"

    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="callbacks", db_index=False
    )
    endpoint = models.ForeignKey(
        WebhookEndpoint, models.PROTECT, related_name="callbacks", db_index=False
    )
    event = models.CharField(max_length=40, choices=WebhookEndpoint.Event)
    key = models.CharField(max_length=160, help_text="What happened.")
    message_id = models.CharField(max_length=40, default=new_message_id)
    body = models.TextField(help_text="What is sent, to the byte.")
    status = models.CharField(max_length=9, choices=Status, default=Status.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    last_status = models.PositiveSmallIntegerField(null=True, blank=True)
    last_answer = models.CharField(max_length=500, blank=True)
    due_at = models.DateTimeField()
    created_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True, blank=True)
    replayed_at = models.DateTimeField(
        null=True, blank=True, help_text="When staff last had it sent again."
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["endpoint", "organization", "key"], name="callback_owed_once"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["waiting", "delivered", "dead"]),
                name="callback_status_known",
            ),
            models.CheckConstraint(
                condition=~Q(status="delivered") | Q(delivered_at__isnull=False),
                name="delivered_callback_has_a_time",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["endpoint", "organization", "id"],
                name="callback_waiting",
                condition=Q(status="waiting"),
            ),
            models.Index(fields=["organization", "-id"], name="callback_by_organization"),
            models.Index(fields=["endpoint"], name="callback_dead", condition=Q(status="dead")),
        ]

    def __str__(self) -> str:
        return f"{self.event} of {self.organization}"
