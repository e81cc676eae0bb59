"""What is sold: the site's terms, plans, and their versions, which never change."""

from __future__ import annotations

from typing import Any, ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from plans.terms import Terms


class Site(models.Model):
    """The commercial settings of this site; there is one row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    currency = models.CharField(max_length=3)
    grace_days = models.PositiveSmallIntegerField(default=7)
    retry_days = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True)
    credit_unused_days = models.BooleanField(default=True)
    hold_minutes = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        help_text="Credit is reserved for a call that starts: for its plan's longest, or else for "
        "so many minutes. Left empty, none is reserved.",
    )
    quota_letters = models.BooleanField(
        default=False,
        help_text="Owners are also mailed when 80 % and 100 % of a quota or an allowance are used.",
    )

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

    plan = models.ForeignKey(Plan, models.PROTECT, related_name="versions", db_index=False)
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


def knows_terms(version_id: int) -> bool:
    """Answer whether the terms of a version are in memory."""
    return version_id in _terms


def learn_terms(version_id: int, terms_json: dict[str, Any]) -> None:
    """Take in the terms of a version that somebody has read."""
    _terms[version_id] = Terms.from_json(terms_json)


def terms_of(version_id: int) -> Terms:
    """Answer the terms of a version by its id; asks the database the first time only."""
    known = _terms.get(version_id)
    return known or PlanVersion.objects.get(pk=version_id).terms
