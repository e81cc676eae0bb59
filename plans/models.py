"""Plans and their immutable versions; subscriptions, periods, counters, rentals, resources."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

import pgtrigger
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Func, Q, Value

from accounts.models import Organization
from plans.periods import days_left
from plans.terms import PHONE_NUMBERS, Terms


class Site(models.Model):
    """The commercial settings of this site; there is one row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    currency = models.CharField(max_length=3)
    grace_days = models.PositiveSmallIntegerField(default=7)
    retry_days = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True)
    credit_unused_days = models.BooleanField(default=True)

    class Meta:
        verbose_name = verbose_name_plural = "site terms"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(id=1), name="one_site"),
        ]

    def __str__(self) -> str:
        return f"Site terms ({self.currency})"


class Plan(models.Model):
    """A name that customers know; its terms are the current version."""

    code = models.SlugField(max_length=40, unique=True)
    position = models.PositiveSmallIntegerField(default=0)
    version = models.OneToOneField(
        "PlanVersion", models.PROTECT, null=True, related_name="current_of", editable=False
    )
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("position", "id")

    def __str__(self) -> str:
        return self.version.name if self.version else self.code


class PlanVersion(models.Model):
    """The words and terms of a plan from some day on; a version never changes."""

    class Kind(models.TextChoices):
        TRIAL = "trial", "Trial"
        STANDARD = "standard", "Standard"
        ENTERPRISE = "enterprise", "Enterprise"

    plan = models.ForeignKey(Plan, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=10, choices=Kind)
    name = models.CharField(max_length=100)
    description = models.CharField(max_length=500, blank=True)
    audience = models.CharField(max_length=200, blank=True)
    public = models.BooleanField(default=True)
    terms_json = models.JSONField()
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("plan", "-number")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["plan", "number"], name="one_version_per_number"),
            models.CheckConstraint(
                condition=Q(kind__in=["trial", "standard", "enterprise"]), name="plan_kind_known"
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="version_is_final", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.number}"

    @property
    def is_trial(self) -> bool:
        return self.kind == self.Kind.TRIAL

    @property
    def terms(self) -> Terms:
        """The parsed terms, kept in memory: a version never changes."""
        if self.pk not in _terms:
            _terms[self.pk] = Terms.from_json(self.terms_json)
        return _terms[self.pk]


# A version never changes and there are few, so its parsed terms stay in memory.
_terms: dict[int, Terms] = {}


def terms_of(version_id: int) -> Terms:
    """Answer the terms of a version by its id; asks the database the first time only."""
    known = _terms.get(version_id)
    return known or PlanVersion.objects.get(pk=version_id).terms


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

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="periods")
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
        ]

    def __str__(self) -> str:
        return f"{self.version.name} {self.first_day} - {self.last_day}"

    @property
    def over_at(self) -> dt.datetime:
        """The instant from which nothing starts any more: the end, or the last session."""
        return min(self.ends_at, self.used_up_at) if self.used_up_at else self.ends_at

    def is_over(self, now: dt.datetime) -> bool:
        return now >= self.over_at

    def days_left(self, now: dt.datetime) -> int:
        """Answer the whole days left including today; 0 once it is over."""
        if self.is_over(now):
            return 0
        return days_left(self.last_day, self.ends_at, now, self.organization.zone)


class Subscription(models.Model):
    """An organization's current plan and period; it has one, from its first plan on."""

    organization = models.OneToOneField(
        Organization, models.PROTECT, primary_key=True, related_name="subscription"
    )
    version = models.ForeignKey(PlanVersion, models.PROTECT, related_name="subscriptions")
    period = models.OneToOneField(Period, models.PROTECT, related_name="current_of")
    auto_renew = models.BooleanField(
        null=True, blank=True, help_text="Staff's choice; unknown means what the plan says."
    )
    anchor_day = models.PositiveSmallIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(anchor_day__gte=1) & Q(anchor_day__lte=31), name="anchor_is_a_day"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organization} on {self.version.name}"


class Counter(models.Model):
    """Units of a meter counted in a period: against a quota, or taken from an allowance."""

    period = models.ForeignKey(Period, models.PROTECT, related_name="counters", db_index=False)
    meter = models.CharField(max_length=60)
    used = models.DecimalField(max_digits=20, decimal_places=6, default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["period", "meter"], name="one_counter_per_meter"),
            models.CheckConstraint(condition=Q(used__gte=0), name="counter_not_below_zero"),
        ]

    def __str__(self) -> str:
        return f"{self.meter}: {self.used}"


class ResourceCount(models.Model):
    """How many of a resource the platform says an organization has."""

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="resources")
    resource = models.CharField(max_length=40)
    used = models.PositiveIntegerField()
    reported_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "resource"], name="one_count_per_resource"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.resource}: {self.used}"


class RentalQuerySet(models.QuerySet["Rental"]):
    """Rentals, begun and ended."""

    def held(self) -> RentalQuerySet:
        return self.filter(ended_at__isnull=True)


class Rental(models.Model):
    """A thing an organization holds at a fixed cost per period: a number, a seat, a licence."""

    PHONE_NUMBER: ClassVar = PHONE_NUMBERS.removesuffix("s")

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="rentals")
    item = models.CharField(max_length=40)
    reference = models.CharField(max_length=200, help_text="Which one: the number, the seat.")
    began_at = models.DateTimeField()
    began_on = models.DateField()
    ended_at = models.DateTimeField(null=True, blank=True)
    prorata_period = models.ForeignKey(
        Period,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="rentals_begun",
        help_text="The running period it began in, whose rest is still to be invoiced.",
    )

    objects = RentalQuerySet.as_manager()

    class Meta:
        ordering = ("item", "id")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "item", "reference"],
                condition=Q(ended_at__isnull=True),
                name="rented_once_at_a_time",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["organization", "item"],
                name="rental_held",
                condition=Q(ended_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item} {self.reference}"
