"""Wallets, credit grants and the ledger that explains every one of their figures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.db.models.lookups import GreaterThan

from accounts.models import Organization

# A whole 0 the server would turn into a decimal again with every row that it checks.
NOTHING = Decimal("0.0")


def credits_field(**options: object) -> models.DecimalField[Decimal, Decimal]:
    """Make a column of credits: 20 digits, 6 of them decimals."""
    return models.DecimalField(max_digits=20, decimal_places=6, **options)  # type: ignore[arg-type]  # options pass through unseen


def optional_credits_field(
    **options: object,
) -> models.DecimalField[Decimal | None, Decimal | None]:
    """Make a column of credits that may be empty."""
    return models.DecimalField(
        max_digits=20,
        decimal_places=6,
        null=True,
        blank=True,
        **options,  # type: ignore[arg-type]  # options pass through unseen
    )


def one_of(field: str, names: Sequence[str]) -> Q:
    """Answer the condition that a column is one of some words.

    As a pattern: a list takes the server three times as long, with every row that it checks.
    """
    return Q(**{f"{field}__regex": f"^({'|'.join(names)})$"})


class CreditPrice(models.Model):
    """What one credit costs in a currency, and the bounds of buying in it."""

    currency = models.CharField(max_length=3, primary_key=True)
    price = models.DecimalField(
        max_digits=20, decimal_places=10, help_text="Major units per credit."
    )
    minimum_top_up_minor = models.BigIntegerField(default=0)
    monthly_recharge_ceiling_minor = models.BigIntegerField(null=True, blank=True)

    class Meta:
        ordering = ("currency",)
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(price__gt=0), name="credit_price_above_zero"),
        ]

    def __str__(self) -> str:
        return f"{self.price.normalize():f} {self.currency}"


class Wallet(models.Model):
    """An organization's credits that never expire; the balance equals the sum of its entries."""

    class PauseWhen(models.TextChoices):
        DRY = "dry", "When dry"
        NEGATIVE = "negative", "When negative"

    organization = models.OneToOneField(
        Organization, models.PROTECT, primary_key=True, related_name="wallet"
    )
    balance = credits_field(default=Decimal(0))
    overdraft = credits_field(default=Decimal(0))
    pause_when = models.CharField(max_length=8, choices=PauseWhen, default=PauseWhen.DRY)
    paused = models.BooleanField(
        default=False,
        help_text="Was below the overdraft where negative pauses, and not above zero since.",
    )
    topped_up_at = models.DateTimeField(
        null=True, blank=True, help_text="When it was last filled: a top-up, or by staff."
    )
    credits_gone_at = models.DateTimeField(
        null=True, blank=True, help_text="When a charge last used up all credits with an end."
    )
    recharge_below = optional_credits_field(
        help_text="A charge that leaves less than this is to be followed by a recharge.",
    )

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(overdraft__gte=NOTHING), name="wallet_overdraft_positive"
            ),
            models.CheckConstraint(
                condition=one_of("pause_when", ["dry", "negative"]), name="wallet_pause_when_known"
            ),
            models.CheckConstraint(
                condition=Q(paused=False) | Q(balance__lte=NOTHING),
                name="wallet_paused_only_in_the_red",
            ),
        ]

    def __str__(self) -> str:
        return f"wallet of {self.organization}"


class CreditGrantQuerySet(models.QuerySet["CreditGrant"]):
    """Grants, by whether they can be drawn."""

    def live(self, now: dt.datetime) -> CreditGrantQuerySet:
        """Grants of which something can still be drawn at this instant."""
        return self.filter(has_rest=True, effective_at__lte=now, expires_at__gt=now)

    def due_to_expire(self, now: dt.datetime) -> CreditGrantQuerySet:
        """Grants past their end whose rest has not yet been written off."""
        return self.filter(has_rest=True, expires_at__lte=now)


class CreditGrant(models.Model):
    """Credits that expire; what remains equals what was granted plus all of its entries.

    ``has_rest`` changes once in a grant's life: indexes that look at it, and not at the rest
    itself, need no new entry with every draw.
    """

    class Kind(models.TextChoices):
        PLAN = "plan", "Plan credits"
        BONUS = "bonus", "Bonus"

    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="credit_grants", db_index=False
    )
    kind = models.CharField(max_length=5, choices=Kind)
    credits = credits_field()
    remaining = credits_field()
    has_rest = models.GeneratedField(
        expression=GreaterThan(F("remaining"), NOTHING),
        output_field=models.BooleanField(),
        db_persist=True,
    )
    key = models.CharField(max_length=120)
    effective_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField()

    objects = CreditGrantQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organization", "key"], name="one_grant_per_key"),
            models.CheckConstraint(
                condition=Q(remaining__gte=NOTHING) & Q(remaining__lte=F("credits")),
                name="grant_remaining_within_granted",
            ),
            models.CheckConstraint(
                condition=one_of("kind", ["plan", "bonus"]), name="grant_kind_known"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["organization", "expires_at"],
                name="grant_with_rest",
                condition=Q(has_rest=True),
            ),
            models.Index(
                fields=["expires_at"], name="grant_due_to_expire", condition=Q(has_rest=True)
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="grant_is_kept", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.organization}"


class LedgerEntry(models.Model):
    """One movement of credits, in the wallet or in a grant; written once and never changed."""

    class Kind(models.TextChoices):
        SIGNUP = "signup", "Sign-up credits"
        PLAN_CREDITS = "plan_credits", "Plan credits"
        BONUS = "bonus", "Bonus"
        TOP_UP = "top_up", "Top-up"
        ADJUSTMENT = "adjustment", "Adjustment"
        USAGE = "usage", "Usage"
        EXPIRY = "expiry", "Expiry"
        REFUND = "refund", "Refund"

    # No foreign keys in the database: what writes an entry has just read both rows under the
    # wallet's lock, neither is ever deleted, and the doctor looks for entries that point at none.
    organization = models.ForeignKey(
        Organization,
        models.PROTECT,
        related_name="ledger_entries",
        db_index=False,
        db_constraint=False,
    )
    grant = models.ForeignKey(
        CreditGrant,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="entries",
        db_index=False,
        db_constraint=False,
    )
    kind = models.CharField(max_length=12, choices=Kind)
    credits = credits_field()
    balance_after = credits_field(help_text="Of the wallet, or of the grant that was drawn.")
    key = models.CharField(max_length=240)
    description = models.CharField(max_length=500)
    at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "ledger entries"
        ordering = ("-id",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organization", "key"], name="one_entry_per_key"),
            models.CheckConstraint(condition=~Q(credits=NOTHING), name="entry_moves_something"),
            models.CheckConstraint(
                condition=one_of(
                    "kind",
                    [
                        "signup",
                        "plan_credits",
                        "bonus",
                        "top_up",
                        "adjustment",
                        "usage",
                        "expiry",
                        "refund",
                    ],
                ),
                name="entry_kind_known",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organization", "-id"], name="entry_by_organization"),
            models.Index(fields=["grant"], name="entry_by_grant", condition=Q(grant__isnull=False)),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="entry_is_final", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.credits}"

    @property
    def pot(self) -> str:
        """Wallet, plan credits or bonus."""
        return self.grant.get_kind_display() if self.grant else "Wallet"
