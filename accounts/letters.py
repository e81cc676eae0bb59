"""The letters we send, owed in the database first and mailed afterwards, each once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from enum import Enum
from smtplib import SMTPConnectError, SMTPServerDisconnected
from typing import Any
from urllib.parse import quote

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.template.loader import render_to_string
from django.utils.timezone import override

from accounts.models import Letter, Membership, Organization
from accounts.sweeping import FIRST_PAUSE, for_a_while, pause_after

logger = structlog.get_logger(__name__)

Attachment = tuple[str, bytes, str]
FindDocument = Callable[[str], Attachment | None]
"""Answers name, bytes and type of a numbered document, or none while it is not rendered."""
Mailbox = Callable[[EmailMultiAlternatives], object]
"""Takes a mail that is ready."""

MOST_ATTEMPTS = 8
# Longer than a mail server may take to answer.
CLAIM = dt.timedelta(minutes=10)
# They remind; all others tell of money that moved or did not, or of what was agreed and ended,
# and are legal notices that nobody can decline.
REMINDERS = frozenset(
    {
        "trial_sessions_60",
        "trial_sessions_90",
        "trial_days_7",
        "trial_days_2",
        "trial_ended",
        "period_ending",
        "low_balance",
        "balance_blocked",
        "session_limit_80",
        "session_limit_100",
        "quota_80",
        "quota_100",
    }
)

# They tell staff what waits for them.
TO_STAFF = frozenset({"demo_requested"})

# Where the server itself does not answer, the letters behind would each wait for it as long.
NO_SERVER = (ConnectionError, TimeoutError, SMTPConnectError, SMTPServerDisconnected)


class Outcome(Enum):
    """What became of one letter in a sweep."""

    SENT = "sent"
    NOT_SENT = "not sent"
    NO_SERVER = "no server"


class NobodyToWrite(Exception):
    """The organization has no billing address, and no owner or billing member."""


class DocumentNotReady(Exception):
    """The document that the letter carries is not rendered yet."""


def owe_letter(
    organization: Organization,
    *,
    code: str,
    key: str,
    context: dict[str, Any],
    now: dt.datetime,
    document_number: str = "",
) -> bool:
    """Write down that a letter is owed; under a key that is known nothing happens.

    Answers whether it is new.
    """
    _, created = Letter.objects.get_or_create(
        organization=organization,
        key=key,
        defaults={
            "code": code,
            "context": context,
            "document_number": document_number,
            "due_at": now,
            "created_at": now,
        },
    )
    return created


def readers(organization: Organization) -> list[str]:
    """Answer who gets letters about money: the billing address, or owners and billing members."""
    if organization.email:
        return [organization.email]
    memberships = organization.memberships.filter(
        role__in=Membership.BILLING_ROLES, user__is_active=True
    )
    return list(memberships.order_by("id").values_list("user__email", flat=True))


def to_whom(letter: Letter) -> list[str]:
    """Answer who gets a letter: staff, at the address that customers write to, or the readers."""
    if letter.code in TO_STAFF:
        return [settings.BRAND["contact"]]
    return readers(letter.organization)


def compose(letter: Letter, attachment: Attachment | None = None) -> EmailMultiAlternatives:
    """Make the mail of a letter: text and HTML in the organization's time zone."""
    organization = letter.organization
    context = {
        **letter.context,
        "organization": organization,
        "brand": settings.BRAND,
        "site_url": settings.SITE_URL,
    }
    folder = f"letters/{letter.code}"
    with override(organization.zone):
        subject = " ".join(render_to_string(f"{folder}/subject.txt", context).split())
        mail = EmailMultiAlternatives(
            subject=subject,
            body=render_to_string(f"{folder}/body.txt", context).strip() + "\n",
            to=to_whom(letter),
            headers=_headers(letter),
        )
        mail.attach_alternative(render_to_string(f"{folder}/body.html", context), "text/html")
    if attachment:
        mail.attach(*attachment)
    return mail


def _headers(letter: Letter) -> dict[str, str]:
    headers = {"X-Letter": letter.code}
    if letter.code in REMINDERS:
        subject = quote(f"No reminders for {letter.organization.external_id}")
        headers["List-Unsubscribe"] = f"<mailto:{settings.BRAND['contact']}?subject={subject}>"
    return headers


def deliver_due(
    *,
    now: dt.datetime,
    find_document: FindDocument,
    mailbox: Mailbox = EmailMultiAlternatives.send,
    limit: int = 500,
) -> int:
    """Mail the letters that are due, one at a time; answers how many were sent."""
    due = Letter.objects.filter(status=Letter.Status.WAITING, due_at__lte=now)
    ids = list(due.order_by("due_at", "id").values_list("id", flat=True)[:limit])
    sent = 0
    for pk in for_a_while(ids, span=CLAIM / 2):
        outcome = _deliver(pk, now=now, find_document=find_document, mailbox=mailbox)
        sent += outcome == Outcome.SENT
        if outcome == Outcome.NO_SERVER:
            break
    return sent


def _deliver(
    pk: int, *, now: dt.datetime, find_document: FindDocument, mailbox: Mailbox
) -> Outcome:
    """Claim a letter, mail it, and write down what came of it; nothing is locked meanwhile.

    A sweep that dies after mailing leaves the claim to run out, and the letter is mailed again.
    """
    letter = _claim(pk, now=now)
    if letter is None:
        return Outcome.NOT_SENT
    try:
        with transaction.atomic():
            mail = _composed(letter, find_document)
        mailbox(mail)
    except DocumentNotReady:
        # It steps back, or letters that wait for a parked document would fill every sweep.
        _note(letter, due_at=now + FIRST_PAUSE)
        return Outcome.NOT_SENT
    except NobodyToWrite:
        _note(letter, status=Letter.Status.PARKED, last_error="There is nobody to write to.")
        return Outcome.NOT_SENT
    except NO_SERVER as error:
        # No fault of the letter's: a night without a server parks nothing.
        _note(letter, due_at=now + FIRST_PAUSE, last_error=f"{type(error).__name__}: {error}"[:500])
        return Outcome.NO_SERVER
    except Exception as error:  # noqa: BLE001 - one bad letter must not stop the others
        _postpone(letter, error, now=now)
        return Outcome.NOT_SENT
    _note(letter, status=Letter.Status.SENT, sent_at=now)
    return Outcome.SENT


@transaction.atomic
def _claim(pk: int, *, now: dt.datetime) -> Letter | None:
    """Take a letter that is due, so that no other sweep finds it due until the claim runs out."""
    letter = (
        Letter.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("organization")
        .filter(pk=pk, status=Letter.Status.WAITING, due_at__lte=now)
        .first()
    )
    if letter is not None:
        _note(letter, due_at=now + CLAIM)
    return letter


def _note(letter: Letter, **changes: Any) -> None:
    for name, value in changes.items():
        setattr(letter, name, value)
    letter.save(update_fields=list(changes))


def try_again(letter: Letter, *, now: dt.datetime) -> None:
    """Let a parked letter be mailed again."""
    Letter.objects.filter(pk=letter.pk, status=Letter.Status.PARKED).update(
        status=Letter.Status.WAITING, attempts=0, due_at=now
    )


def _composed(letter: Letter, find_document: FindDocument) -> EmailMultiAlternatives:
    attachment = None
    if letter.document_number:
        attachment = find_document(letter.document_number)
        if attachment is None:
            raise DocumentNotReady(letter.document_number)
    mail = compose(letter, attachment)
    if not mail.to:
        raise NobodyToWrite
    return mail


def _postpone(letter: Letter, error: Exception, *, now: dt.datetime) -> None:
    attempts = letter.attempts + 1
    _note(
        letter,
        attempts=attempts,
        last_error=f"{type(error).__name__}: {error}"[:500],
        due_at=now + pause_after(attempts),
        status=Letter.Status.PARKED if attempts >= MOST_ATTEMPTS else Letter.Status.WAITING,
    )
    logger.warning("letter_not_sent", letter=letter.pk, code=letter.code, error=letter.last_error)
