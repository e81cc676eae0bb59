"""Invoices as a list shows them: each with its state in a word and the documents it has."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Prefetch

from accounts.models import Organization
from accounts.paging import PAGE_SIZE, page_of
from invoices.models import Document, Invoice

OVERDUE = "Overdue"
TONES = {
    Invoice.Status.OPEN: "blue",
    Invoice.Status.PAID: "green",
    Invoice.Status.UNCOLLECTIBLE: "red",
}


@dataclass(frozen=True, slots=True)
class Listed:
    """An invoice on a day: that day decides whether it is overdue."""

    invoice: Invoice
    today: dt.date

    @property
    def is_overdue(self) -> bool:
        return self.invoice.is_overdue(self.today)

    @property
    def status(self) -> str:
        """The state in one word: Open, Overdue, Paid, Void or Uncollectible."""
        return OVERDUE if self.is_overdue else self.invoice.get_status_display()

    @property
    def tone(self) -> str:
        """The colour of that word."""
        return "red" if self.is_overdue else TONES.get(Invoice.Status(self.invoice.status), "grey")

    @property
    def claim(self) -> Document | None:
        """The document that asks for money; none where it was paid before it was issued."""
        return next(iter(self._documents(Document.Kind.INVOICE)), None)

    @property
    def receipt(self) -> Document | None:
        """The receipt, once it is paid."""
        return next(iter(self._documents(Document.Kind.RECEIPT)), None)

    @property
    def credit_notes(self) -> list[Document]:
        """The credit notes that correct it, oldest first."""
        return self._documents(Document.Kind.CREDIT_NOTE)

    def _documents(self, kind: Document.Kind) -> list[Document]:
        found = [one for one in self.invoice.documents.all() if one.kind == kind]
        return sorted(found, key=lambda one: one.number)


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of invoices, and the keys of its neighbours."""

    invoices: list[Listed]
    newer: int | None
    older: int | None


def list_invoices(
    organization: Organization,
    *,
    asked: Mapping[str, str],
    today: dt.date,
    size: int = PAGE_SIZE,
) -> Listing:
    """Answer a page of issued invoices, newest first, in two statements."""
    issued = Invoice.objects.filter(organization=organization, number__isnull=False)
    documents = Prefetch("documents", Document.objects.defer("pdf", "facts"))
    page = page_of(issued.prefetch_related(documents), asked, size=size)
    return Listing([Listed(one, today) for one in page.rows], page.newer, page.older)
