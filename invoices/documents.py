"""Documents that are due are rendered, each once; from then on only their bytes are handed out."""

from __future__ import annotations

import datetime as dt
import hashlib

import structlog
from django.db import transaction

from accounts.letters import Attachment
from invoices.models import Document
from invoices.rendering import Press, the_press

logger = structlog.get_logger(__name__)

MOST_ATTEMPTS = 5
PDF = "application/pdf"


def render_due(*, now: dt.datetime, limit: int = 200) -> int:
    """Render the documents that wait, one at a time; answers how many were rendered.

    Those that failed before come last, so they never keep the others waiting.
    """
    waiting = Document.objects.filter(status=Document.Status.WAITING).order_by("attempts", "id")
    ids = list(waiting.values_list("pk", flat=True)[:limit])
    if not ids:
        return 0
    press = the_press()
    return sum(_begin(pk) and _finish(pk, press, now=now) for pk in ids)


def find_document(number: str) -> Attachment | None:
    """Answer name, bytes and type of a document, as a mail carries it; none while it waits."""
    document = Document.objects.filter(number=number).defer("facts").first()
    if document is None or document.pdf is None:
        return None
    return f"{document.number}.pdf", bytes(document.pdf), PDF


def try_again(document: Document) -> None:
    """Let a parked document be rendered again."""
    Document.objects.filter(pk=document.pk, status=Document.Status.PARKED).update(
        status=Document.Status.WAITING, attempts=0
    )


@transaction.atomic
def _begin(pk: int) -> bool:
    """Count the attempt before it is made: one that kills its worker is then given up as well."""
    document = _take(pk)
    if document is None:
        return False
    if document.attempts >= MOST_ATTEMPTS:
        _note_failure(document, "The worker did not survive the last attempt.")
        return False
    document.attempts += 1
    document.save(update_fields=["attempts"])
    return True


@transaction.atomic
def _finish(pk: int, press: Press, *, now: dt.datetime) -> bool:
    document = _take(pk)
    if document is None:
        return False
    try:
        pdf = press.render(document.facts)
    except Exception as error:  # noqa: BLE001 - whatever it is must not stop the others
        _note_failure(document, f"{type(error).__name__}: {error}")
        return False
    document.pdf, document.sha256 = pdf, hashlib.sha256(pdf).hexdigest()
    document.status, document.rendered_at = Document.Status.RENDERED, now
    document.save(update_fields=["pdf", "sha256", "status", "rendered_at"])
    return True


def _take(pk: int) -> Document | None:
    waiting = Document.objects.select_for_update(skip_locked=True)
    return waiting.filter(pk=pk, status=Document.Status.WAITING).first()


def _note_failure(document: Document, words: str) -> None:
    document.last_error = words[:500]
    if document.attempts >= MOST_ATTEMPTS:
        document.status = Document.Status.PARKED
    document.save(update_fields=["last_error", "status"])
    logger.warning("document_not_rendered", document=document.number, error=document.last_error)
