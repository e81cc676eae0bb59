"""Documents that are due: rendered once by whoever comes first, the same bytes for ever."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
from typing import Any

import pytest
from django.core import mail
from django.db import ProgrammingError, transaction
from pypdf import PdfReader

from accounts.letters import deliver_due
from accounts.models import Organization
from invoices.documents import MOST_ATTEMPTS, find_document, render_due, try_again
from invoices.issuing import issue_invoice
from invoices.models import Document, Invoice
from invoices.totals import Line
from payments.collecting import record_bank_payment
from tests.builders import MARCH_1, apply, build_organization, build_plan
from tests.faults.threads import at_once
from wallet.money import Money

pytestmark = pytest.mark.django_db
LATER = MARCH_1 + dt.timedelta(minutes=1)


def issue(organization: Organization, key: str = "first") -> Document:
    lines = [Line("plan", "Starter", Money(9900, "USD"))]
    return issue_invoice(organization, key=key, lines=lines, now=MARCH_1).documents.get()


def unrenderable(organization: Organization, key: str = "broken") -> Document:
    """Make a document whose facts say nothing."""
    return Document.objects.create(
        invoice=issue(organization, key).invoice,
        kind=Document.Kind.RECEIPT,
        number=f"RCP-{key}",
        facts={},
        created_at=MARCH_1,
    )


def text_of(document: Document) -> str:
    document.refresh_from_db()
    assert document.pdf is not None
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(document.pdf)).pages)


def test_an_invoice_and_its_receipt_are_rendered_with_the_stored_total() -> None:
    build_plan()
    acme = build_organization("Harbor Dental", time_zone="Asia/Tokyo")
    apply(acme, "starter", now=MARCH_1)
    record_bank_payment(acme, reference="SEPA-1", now=LATER)

    assert render_due(now=LATER) == 2

    invoice = Invoice.objects.get()
    claim, receipt = (text_of(one) for one in Document.objects.order_by("id"))
    assert f"Total due {invoice.total.display()}" in claim
    assert f"Total paid {invoice.total.display()}" in receipt
    assert "SEPA-1" in receipt
    assert all("Harbor Dental" in text for text in (claim, receipt))


def test_a_rendered_document_is_never_rendered_again() -> None:
    document = issue(build_organization())
    render_due(now=LATER)
    document.refresh_from_db()
    bytes_at_first, sha256 = bytes(document.pdf or b""), document.sha256

    assert render_due(now=LATER + dt.timedelta(days=1)) == 0

    document.refresh_from_db()
    assert (document.status, document.rendered_at) == (Document.Status.RENDERED, LATER)
    assert bytes(document.pdf or b"") == bytes_at_first
    assert hashlib.sha256(bytes_at_first).hexdigest() == sha256


@pytest.mark.parametrize(
    "change",
    [
        {"pdf": b"other"},
        {"sha256": "0" * 64},
        {"status": Document.Status.WAITING, "pdf": None},
        {"facts": {}},
        {"number": "INV-999999"},
    ],
)
def test_the_database_refuses_to_change_a_rendered_document(change: dict[str, Any]) -> None:
    document = issue(build_organization())
    render_due(now=LATER)

    with pytest.raises(ProgrammingError, match="Cannot"), transaction.atomic():
        Document.objects.filter(pk=document.pk).update(**change)
    with pytest.raises(ProgrammingError, match="Cannot"), transaction.atomic():
        Document.objects.filter(pk=document.pk).delete()


def test_the_facts_are_those_of_the_day_of_issue_however_late_it_is_rendered() -> None:
    acme = build_organization("Old Name")
    document = issue(acme)
    Organization.objects.filter(pk=acme.pk).update(name="New Name")

    render_due(now=LATER)

    assert "Old Name" in text_of(document)
    with pytest.raises(ProgrammingError, match="Cannot"), transaction.atomic():
        Document.objects.filter(pk=document.pk).update(facts={})


def test_one_that_cannot_be_rendered_stops_no_other_and_is_parked_in_the_end() -> None:
    acme = build_organization()
    broken = unrenderable(acme)
    last = issue(acme, "last")

    assert render_due(now=LATER) == 2

    broken.refresh_from_db()
    assert (broken.status, broken.attempts) == (Document.Status.WAITING, 1)
    assert broken.last_error == "KeyError: 'currency'"
    assert "Starter" in text_of(last)
    for _ in range(MOST_ATTEMPTS):
        render_due(now=LATER)
    broken.refresh_from_db()
    assert (broken.status, broken.attempts) == (Document.Status.PARKED, MOST_ATTEMPTS)


def test_those_that_failed_before_come_last() -> None:
    acme = build_organization()
    broken = [unrenderable(acme, key) for key in ("a", "b")]
    Document.objects.exclude(pk__in=[one.pk for one in broken]).update(attempts=2)
    Document.objects.filter(pk__in=[one.pk for one in broken]).update(attempts=3)

    assert render_due(now=LATER, limit=2) == 2


def test_one_that_kills_every_worker_is_parked_without_another_attempt() -> None:
    document = issue(build_organization())
    Document.objects.filter(pk=document.pk).update(attempts=MOST_ATTEMPTS)

    assert render_due(now=LATER) == 0

    document.refresh_from_db()
    assert document.status == Document.Status.PARKED
    assert "did not survive" in document.last_error


def test_staff_let_a_parked_document_be_tried_again_and_no_other() -> None:
    acme = build_organization()
    rendered = issue(acme, "first")
    render_due(now=LATER)
    parked = issue(acme, "second")
    Document.objects.filter(pk=parked.pk).update(status=Document.Status.PARKED, attempts=5)

    for document in (rendered, parked):
        try_again(document)

    assert render_due(now=LATER) == 1
    assert "Starter" in text_of(parked)


def test_a_document_is_found_for_the_mail_once_it_is_rendered() -> None:
    document = issue(build_organization())

    assert find_document("INV-404404") is None
    assert find_document(document.number) is None
    render_due(now=LATER)
    document.refresh_from_db()

    assert find_document(document.number) == (
        f"{document.number}.pdf",
        document.pdf,
        "application/pdf",
    )


def test_the_letters_about_a_plan_and_its_payment_carry_their_documents() -> None:
    build_plan()
    acme = build_organization()
    apply(acme, "starter", now=MARCH_1)
    record_bank_payment(acme, reference="SEPA-1", now=MARCH_1)

    assert deliver_due(now=MARCH_1, find_document=find_document) == 0
    render_due(now=LATER)
    assert deliver_due(now=LATER, find_document=find_document) == 2

    carried = [(sent.subject, sent.attachments) for sent in mail.outbox]
    assert carried == [
        ("Starter is active until 30 March 2026", [find_document("INV-000001")]),
        ("Payment received: $99.00 for INV-000001", [find_document("RCP-000001")]),
    ]


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_render_each_document_once() -> None:
    acme = build_organization()
    documents = [issue(acme, f"act-{number}") for number in range(6)]
    rendered: list[int] = []

    raised = at_once(2, lambda _: rendered.append(render_due(now=LATER)))

    assert raised == []
    assert sum(rendered) == len(documents)
    assert not Document.objects.exclude(status=Document.Status.RENDERED).exists()
