"""Staff look at invoices and download what was frozen; parked documents are tried again."""

from __future__ import annotations

import hashlib

import pytest
import time_machine
from django.test import Client

from invoices.models import Document, Invoice
from tests.billing_portal.staff import build_staff, logged_in, text_of
from tests.builders import MARCH_1, build_organization, build_plan

pytestmark = pytest.mark.django_db
DOCUMENTS = "/admin/invoices/document/"
BYTES = b"%PDF-1.7 frozen"


@pytest.fixture
def document() -> Document:
    build_plan()
    build_organization("Acme", plan="starter")
    return Document.objects.get()


def looking() -> Client:
    return logged_in(build_staff("view_document", "view_invoice"))


def test_a_document_is_handed_out_as_it_was_stored(document: Document) -> None:
    client, there = looking(), f"{DOCUMENTS}{document.pk}/pdf/"
    assert client.get(there).status_code == 404
    digest = hashlib.sha256(BYTES).hexdigest()
    Document.objects.update(pdf=BYTES, sha256=digest, status="rendered", rendered_at=MARCH_1)

    answer = client.get(there)

    assert answer.content == BYTES
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == 'attachment; filename="INV-000001.pdf"'
    assert logged_in(build_staff("view_invoice")).get(there).status_code == 403
    assert client.get(f"{DOCUMENTS}999/pdf/").status_code == 404


def test_a_parked_document_is_rendered_again_by_those_who_may(document: Document) -> None:
    Document.objects.update(status="parked", attempts=5, last_error="OSError: no font")
    again = {"action": "render_again", "_selected_action": [document.pk]}

    client = looking()
    assert "OSError: no font" in text_of(client.get(DOCUMENTS))
    client.post(DOCUMENTS, again)
    assert Document.objects.get().status == "parked"

    logged_in(build_staff("view_document", "change_document")).post(DOCUMENTS, again)
    assert Document.objects.get().status == "waiting"


@pytest.mark.parametrize(("day", "words"), [(0, "Open"), (14, "Open"), (15, "Overdue")])
def test_an_invoice_says_when_it_is_overdue(document: Document, day: int, words: str) -> None:
    invoice = Invoice.objects.get()
    with time_machine.travel(MARCH_1.replace(day=1 + day), tick=False):
        page = text_of(looking().get(f"/admin/invoices/invoice/{invoice.pk}/change/"))

    assert f"Status {words}" in page
    assert "Total $99.00" in page
    assert "Starter, 1 Mar 2026 - 30 Mar 2026" in page
