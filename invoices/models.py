"""Invoices, their lines, their gapless numbers and the documents that are handed out."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q

from accounts.arrows import walk
from accounts.models import Organization, User
from wallet.money import Money


class Series(models.Model):
    """A row of numbers without gaps; the next one is taken under this row's lock."""

    code = models.CharField(max_length=8, primary_key=True)
    next_number = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name_plural = "series"

    def __str__(self) -> str:
        return f"{self.code} (next {self.next_number})"


# What an invoice says; from its number on the database refuses to change any of it.
FROZEN = (
    "organization_id",
    "key",
    "number",
    "currency",
    "net_minor",
    "tax_minor",
    "total_minor",
    "tax_name",
    "tax_percent",
    "seller",
    "buyer",
    "service_first_day",
    "service_last_day",
    "issued_on",
    "due_on",
    "issued_at",
)


class InvoiceQuerySet(models.QuerySet["Invoice"]):
    """Invoices, from what somebody may see."""

    def visible_to(self, user: User) -> InvoiceQuerySet:
        """Issued invoices of the organizations whose billing pages this user may see."""
        return self.filter(
            organization__in=Organization.objects.visible_to(user), number__isnull=False
        )

    def unpaid(self) -> InvoiceQuerySet:
        return self.filter(status=Invoice.Status.OPEN)


class Invoice(models.Model):
    """A claim for money, then a receipt for it; from its number on only its status changes."""

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        OPEN = "open", "Open"
        PAID = "paid", "Paid"
        VOID = "void", "Void"
        UNCOLLECTIBLE = "uncollectible", "Uncollectible"

    ARROWS: ClassVar[dict[str, tuple[str, ...]]] = {
        Status.DRAFT: (Status.OPEN, Status.VOID),
        Status.OPEN: (Status.PAID, Status.VOID, Status.UNCOLLECTIBLE),
        Status.UNCOLLECTIBLE: (Status.PAID, Status.VOID),
        Status.PAID: (),
        Status.VOID: (),
    }

    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="invoices", db_index=False
    )
    key = models.CharField(max_length=120, help_text="The business act that is invoiced.")
    number = models.CharField(max_length=20, unique=True, null=True, blank=True)
    status = models.CharField(max_length=13, choices=Status, default=Status.DRAFT)
    currency = models.CharField(max_length=3)
    net_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField(default=0)
    total_minor = models.BigIntegerField()
    credited_minor = models.BigIntegerField(default=0)
    due_first = models.BooleanField(
        default=False, help_text="Access hangs on it: it is paid before older ones."
    )
    tax_name = models.CharField(max_length=40, blank=True)
    tax_percent = models.DecimalField(max_digits=7, decimal_places=4, null=True, blank=True)
    seller = models.JSONField(default=dict)
    buyer = models.JSONField(default=dict)
    service_first_day = models.DateField(null=True, blank=True)
    service_last_day = models.DateField(null=True, blank=True)
    issued_on = models.DateField(null=True, blank=True)
    due_on = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField()
    issued_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(
        null=True, blank=True, help_text="When it was paid, voided or given up."
    )

    objects = InvoiceQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organization", "key"], name="one_invoice_per_act"),
            models.CheckConstraint(
                condition=Q(total_minor=F("net_minor") + F("tax_minor")),
                name="invoice_total_adds_up",
            ),
            models.CheckConstraint(condition=Q(total_minor__gt=0), name="invoice_asks_for_money"),
            models.CheckConstraint(
                condition=Q(credited_minor__gte=0) & Q(credited_minor__lte=F("total_minor")),
                name="invoice_credited_within_total",
            ),
            models.CheckConstraint(
                condition=Q(status="draft", number__isnull=True)
                | Q(
                    status__in=["open", "paid", "void", "uncollectible"],
                    number__isnull=False,
                    issued_at__isnull=False,
                    due_on__isnull=False,
                ),
                name="invoice_numbered_iff_issued",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organization", "-id"], name="invoice_by_organization"),
            models.Index(fields=["due_on"], name="invoice_open", condition=Q(status="open")),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="invoice_is_kept", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="issued_invoice_is_frozen",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "OLD.number IS NOT NULL AND ("
                    + " OR ".join(f"OLD.{name} IS DISTINCT FROM NEW.{name}" for name in FROZEN)
                    + ")"
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.number or f"draft {self.pk}"

    @property
    def total(self) -> Money:
        return Money(self.total_minor, self.currency)

    @property
    def net(self) -> Money:
        return Money(self.net_minor, self.currency)

    @property
    def tax(self) -> Money:
        return Money(self.tax_minor, self.currency)

    @property
    def credited(self) -> Money:
        return Money(self.credited_minor, self.currency)

    def is_overdue(self, today: dt.date) -> bool:
        """Answer whether it is still open after its last day to pay."""
        return self.status == self.Status.OPEN and self.due_on is not None and self.due_on < today

    def move(self, to: str, **changes: Any) -> None:
        """Walk one arrow of the state by compare-and-set.

        :raises WrongState: there is no such arrow, or somebody walked another one first.
        """
        walk(self, to, **changes)


class InvoiceLine(models.Model):
    """One line of an invoice; never changed once the invoice has its number."""

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="lines", db_index=False)
    position = models.PositiveSmallIntegerField()
    code = models.CharField(max_length=80)
    description = models.CharField(max_length=300)
    quantity = models.PositiveIntegerField(default=1)
    unit_minor = models.BigIntegerField(null=True, blank=True)
    amount_minor = models.BigIntegerField()

    class Meta:
        ordering = ("invoice", "position")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["invoice", "position"], name="one_line_per_position"),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="line_is_final", operation=pgtrigger.Update | pgtrigger.Delete),
            pgtrigger.Trigger(
                name="no_line_after_issue",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    IF EXISTS (SELECT FROM invoices_invoice
                               WHERE id = NEW.invoice_id AND number IS NOT NULL) THEN
                        RAISE EXCEPTION 'An issued invoice gets no more lines';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.amount}"

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.invoice.currency)

    @property
    def unit(self) -> Money | None:
        if self.unit_minor is None:
            return None
        return Money(self.unit_minor, self.invoice.currency)


class CreditNote(models.Model):
    """A numbered correction of a paid invoice: so much of it went back, and why."""

    invoice = models.ForeignKey(
        Invoice, models.PROTECT, related_name="credit_notes", db_index=False
    )
    key = models.CharField(max_length=120, help_text="The business act that is corrected.")
    number = models.CharField(max_length=20, unique=True)
    amount_minor = models.BigIntegerField()
    reason = models.CharField(max_length=500)
    issued_on = models.DateField()
    issued_at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["invoice", "key"], name="one_credit_note_per_act"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="credit_note_above_zero"),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="credit_note_is_final", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.invoice.currency)


class Document(models.Model):
    """An official PDF: its facts are frozen when it is due, its bytes when it is rendered."""

    class Kind(models.TextChoices):
        INVOICE = "invoice", "Invoice"
        RECEIPT = "receipt", "Receipt"
        CREDIT_NOTE = "credit_note", "Credit note"

    class Status(models.TextChoices):
        WAITING = "waiting", "Waiting"
        RENDERED = "rendered", "Rendered"
        PARKED = "parked", "Parked"

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="documents")
    credit_note = models.OneToOneField(
        CreditNote, models.PROTECT, null=True, blank=True, related_name="document"
    )
    kind = models.CharField(max_length=11, choices=Kind)
    number = models.CharField(max_length=20, unique=True)
    facts = models.JSONField()
    status = models.CharField(max_length=8, choices=Status, default=Status.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()
    rendered_at = models.DateTimeField(null=True, blank=True)
    pdf = models.BinaryField(null=True, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ("-id",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["invoice", "kind"],
                condition=Q(credit_note__isnull=True),
                name="one_document_per_kind",
            ),
            models.CheckConstraint(
                condition=Q(kind="credit_note", credit_note__isnull=False)
                | Q(kind__in=["invoice", "receipt"], credit_note__isnull=True),
                name="credit_note_document_iff_kind",
            ),
            models.CheckConstraint(
                condition=Q(status="rendered", pdf__isnull=False)
                & ~Q(sha256="")
                & Q(rendered_at__isnull=False)
                | Q(status__in=["waiting", "parked"], pdf__isnull=True),
                name="document_rendered_iff_bytes",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["created_at"], name="document_waiting", condition=Q(status="waiting")
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="document_is_kept", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="document_facts_are_frozen",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(
                    "invoice", "credit_note", "kind", "number", "facts", "created_at"
                ),
            ),
            pgtrigger.Protect(
                name="rendered_document_is_frozen",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__status="rendered"),
            ),
        ]

    def __str__(self) -> str:
        return self.number
