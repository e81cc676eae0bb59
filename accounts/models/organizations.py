"""Organizations, their members and their agents."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import ClassVar
from zoneinfo import ZoneInfo, available_timezones

import pgtrigger
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models.people import User

# The database reads these as a fixed offset, without a summer; or they are another on every host.
AMBIGUOUS = frozenset({"CET", "EET", "MET", "WET", "localtime"})


def validate_time_zone(name: str) -> None:
    """Refuse a name that is no IANA time zone, or that the database reads as another."""
    if name in AMBIGUOUS:
        words = "“%(name)s” is not the same everywhere: name a place, such as Europe/Brussels."
        raise ValidationError(words, params={"name": name})
    if name not in available_timezones():
        raise ValidationError("“%(name)s” is not a time zone.", params={"name": name[:60]})


def new_external_id() -> str:
    """Make an id for an organization that did not come from the platform."""
    return f"org_{uuid.uuid4().hex[:16]}"


class OrganizationQuerySet(models.QuerySet["Organization"]):
    """Organizations, from what somebody may see."""

    def visible_to(self, user: User) -> OrganizationQuerySet:
        """Organizations whose billing pages this user may see: as owner or billing member."""
        return self.filter(
            memberships__user=user, memberships__role__in=Membership.BILLING_ROLES
        ).distinct()


class Organization(models.Model):
    """The tenant: every other row of the product belongs to exactly one."""

    external_id = models.CharField(
        max_length=200,
        unique=True,
        default=new_external_id,
        help_text="The platform's own id of this organization.",
    )
    name = models.CharField(max_length=200)
    email = models.EmailField(blank=True, help_text="Where letters about money go.")
    time_zone = models.CharField(max_length=64, default="UTC", validators=[validate_time_zone])
    currency = models.CharField(max_length=3)
    country = models.CharField(max_length=2, blank=True)
    billing_name = models.CharField(max_length=200, blank=True)
    billing_address = models.TextField(max_length=1000, blank=True)
    tax_id = models.CharField(max_length=40, blank=True)
    suspended_at = models.DateTimeField(null=True, blank=True, editable=False)
    suspension_reason = models.CharField(max_length=500, blank=True, editable=False)
    created_at = models.DateTimeField(editable=False)

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        ordering = ("name", "id")
        permissions: ClassVar = [("operate", "May act for organizations")]
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(external_id=""), name="organization_has_an_id"),
            models.CheckConstraint(
                condition=Q(currency__regex=r"^[A-Z]{3}$"), name="organization_currency_is_a_code"
            ),
            models.CheckConstraint(condition=~Q(name=""), name="organization_has_a_name"),
            models.CheckConstraint(
                condition=Q(suspended_at__isnull=False) | Q(suspension_reason=""),
                name="organization_reason_only_when_suspended",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["name"], name="organization_by_name")]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which this organization's days begin and end."""
        return ZoneInfo(self.time_zone)

    @property
    def is_suspended(self) -> bool:
        return self.suspended_at is not None

    def today(self, now: dt.datetime) -> dt.date:
        """Answer the calendar day it is for this organization at an instant."""
        return now.astimezone(self.zone).date()

    def billing_party(self) -> dict[str, str]:
        """Answer the details that an invoice freezes: name, address, country, tax id, email."""
        return {
            "name": self.billing_name or self.name,
            "address": self.billing_address,
            "country": self.country,
            "tax_id": self.tax_id,
            "email": self.email,
        }


class Membership(models.Model):
    """A user's one role in an organization; owner and billing see billing pages, member none."""

    class Role(models.TextChoices):
        OWNER = "owner", "Owner"
        BILLING = "billing", "Billing"
        MEMBER = "member", "Member"

    BILLING_ROLES: ClassVar = [Role.OWNER, Role.BILLING]

    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="memberships", db_index=False
    )
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organization", "user"], name="one_role_per_member"),
            models.CheckConstraint(
                condition=Q(role__in=["owner", "billing", "member"]), name="membership_role_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.get_role_display()})"


class Agent(models.Model):
    """An AI agent of an organization, under the platform's own id for it."""

    class WhenExhausted(models.TextChoices):
        STOP = "stop", "Stop"
        USE_BALANCE = "use_balance", "Use balance"

    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="agents", db_index=False
    )
    external_id = models.CharField(max_length=200)
    name = models.CharField(max_length=200)
    when_exhausted = models.CharField(
        max_length=12, choices=WhenExhausted, default=WhenExhausted.USE_BALANCE
    )
    monthly_limit = models.DecimalField(
        max_digits=20, decimal_places=6, null=True, blank=True, help_text="Credits per month."
    )
    limited_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When these settings were last changed."
    )
    limit_reached_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When a charge last crossed the limit."
    )
    created_at = models.DateTimeField(editable=False)

    class Meta:
        ordering = ("name", "id")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "external_id"], name="one_agent_per_external_id"
            ),
            models.CheckConstraint(
                condition=Q(when_exhausted__in=["stop", "use_balance"]),
                name="agent_when_exhausted_known",
            ),
            models.CheckConstraint(
                condition=Q(monthly_limit__isnull=True) | Q(monthly_limit__gt=0),
                name="agent_monthly_limit_above_zero",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="agent_is_kept", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return self.name
