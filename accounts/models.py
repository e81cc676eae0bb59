"""Users, organizations and what is known about them; the outbox of letters and the log of acts."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, ClassVar
from zoneinfo import ZoneInfo, available_timezones

import pgtrigger
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone


def validate_time_zone(name: str) -> None:
    """Refuse a name that is no IANA time zone."""
    if name not in available_timezones():
        raise ValidationError("“%(name)s” is not a time zone.", params={"name": name[:60]})


class UserManager(BaseUserManager["User"]):
    """Makes people, who are known by their address."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Create a person who logs in with an email address; no password means none works."""
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Create a member of the vendor's staff who may do everything in admin."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def by_email(self, email: str) -> User | None:
        """Find a person by address, however it is capitalized."""
        return self.filter(email__iexact=email).first()


class User(AbstractBaseUser, PermissionsMixin):
    """A person; an email address belongs to one person, whatever its capitals."""

    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=200, blank=True)
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(Lower("email"), name="one_user_per_email"),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        """Answer what a greeting may call this person."""
        return self.name or self.email


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

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="memberships")
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

    def __str__(self) -> str:
        return self.name


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


class Letter(models.Model):
    """One mail that is owed to an organization; its key makes sure that it is owed once."""

    class Status(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENT = "sent", "Sent"
        PARKED = "parked", "Parked"

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="letters")
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

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="acts")
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
