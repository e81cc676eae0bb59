"""GET of an official PDF: the frozen bytes, for those whose they are."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from accounts.models import Organization
from invoices.models import Document
from payments.collecting import record_bank_payment
from tests.api_calls import Platform, refused
from tests.builders import MARCH_1, build_organization, build_plan

pytestmark = pytest.mark.django_db
PATH = "/invoices/INV-000001/pdf/"
BYTES = b"%PDF-1.7 frozen"


@pytest.fixture(autouse=True)
def acme() -> Any:
    build_plan("starter")
    return build_organization(external_id="acme", plan="starter")


def render() -> None:
    Document.objects.filter(status="waiting").update(
        status="rendered",
        pdf=BYTES,
        sha256=hashlib.sha256(BYTES).hexdigest(),
        rendered_at=MARCH_1,
    )


def test_the_frozen_bytes_are_handed_out_as_an_attachment() -> None:
    render()
    for headers in ({}, {"Accept": "application/pdf"}):
        answer = Platform().client.get(f"/api/v1{PATH}", headers=headers)
        assert answer.status_code == 200
        assert answer.content == BYTES
        assert answer["Content-Type"] == "application/pdf"
        assert answer["Content-Disposition"] == 'attachment; filename="INV-000001.pdf"'
        assert answer["X-Content-Type-Options"] == "nosniff"


def test_a_receipt_is_handed_out_under_its_own_number(acme: Organization) -> None:
    record_bank_payment(acme, reference="SEPA-1", now=MARCH_1)
    render()
    answer = Platform().get("/invoices/RCP-000001/pdf/")
    assert (answer.status_code, answer.content) == (200, BYTES)


def test_one_that_is_not_made_yet_says_when_to_ask_again() -> None:
    answer = Platform().get(PATH)
    refused(answer, 409, "not_ready")
    assert int(answer["Retry-After"]) > 0


@pytest.mark.parametrize("number", ["INV-000002", "x", "%00", "INV-000001 ", "9" * 300])
def test_a_number_that_is_none_is_404(number: str) -> None:
    refused(Platform().get(f"/invoices/{number}/pdf/"), 404, "not_found")


def test_anothers_document_looks_like_none(acme: Organization) -> None:
    render()
    other = Platform(build_organization("Other", external_id="other"))
    theirs, nobodys = other.get(PATH), other.get("/invoices/INV-999999/pdf/")
    refused(theirs, 404, "not_found")
    assert theirs.content == nobodys.content
    assert Platform(acme).get(PATH).status_code == 200
