"""Letters: owed once, mailed once, and nothing that people type gets out of its place."""

from __future__ import annotations

import datetime as dt
from smtplib import SMTPRecipientsRefused
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection

from accounts.letters import (
    MOST_ATTEMPTS,
    Attachment,
    deliver_due,
    owe_letter,
    readers,
    try_again,
)
from accounts.models import Letter, Membership, Organization
from accounts.sweeping import FIRST_PAUSE
from tests.builders import MARCH_1, build_organization, build_user
from tests.faults.threads import at_once

pytestmark = pytest.mark.django_db

ENDING = {
    "plan": "Starter",
    "last_day": "14 July 2026",
    "days_left": 7,
    "sessions": "31",
    "quota": 50,
    "used_up": False,
}


def nothing(number: str) -> Attachment | None:
    return None


def owe(organization: Organization, key: str = "first", **letter: Any) -> bool:
    defaults: dict[str, Any] = {"code": "trial_days_7", "context": ENDING, "now": MARCH_1}
    return owe_letter(organization, key=key, **(defaults | letter))


def deliver(*, minutes: float = 0, **options: Any) -> int:
    options = {"find_document": nothing} | options
    return deliver_due(now=MARCH_1 + dt.timedelta(minutes=minutes), **options)


def test_a_letter_is_owed_once_under_its_key() -> None:
    acme, other = build_organization(), build_organization("Other")

    assert [owe(acme), owe(acme), owe(acme, "second"), owe(other)] == [True, False, True, True]
    assert Letter.objects.count() == 3


def test_a_letter_is_mailed_once_to_the_billing_address() -> None:
    owe(build_organization(email="accounts@harbor.example"))

    assert [deliver(), deliver(), deliver(minutes=60)] == [1, 0, 0]

    [sent] = mail.outbox
    assert sent.to == ["accounts@harbor.example"]
    assert sent.extra_headers["X-Letter"] == "trial_days_7"
    letter = Letter.objects.get()
    assert (letter.status, letter.sent_at) == (Letter.Status.SENT, MARCH_1)


def test_without_a_billing_address_owners_and_billing_members_get_it_and_no_others() -> None:
    acme = build_organization()
    owner = acme.memberships.get().user
    billing = build_user(Membership.Role.BILLING, acme)
    build_user(Membership.Role.MEMBER, acme)
    left = build_user(Membership.Role.OWNER, acme)
    left.is_active = False
    left.save()

    assert readers(acme) == [owner.email, billing.email]


def test_a_letter_waits_for_its_document_and_carries_it() -> None:
    acme = build_organization()
    owe(acme, document_number="INV-000042")

    assert deliver() == 0

    found = ("INV-000042.pdf", b"%PDF-1.7", "application/pdf")
    assert deliver(minutes=1, find_document=lambda _: found) == 1
    sent = mail.outbox[0]
    assert isinstance(sent, EmailMessage)
    assert [tuple(one) for one in sent.attachments] == [found]
    assert Letter.objects.get().attempts == 0


def test_letters_that_wait_for_a_parked_document_do_not_keep_the_others_waiting() -> None:
    acme = build_organization()
    for number in range(3):
        owe(acme, f"waits-{number}", document_number="INV-000042")
    owe(acme, "last")

    assert deliver(limit=3) == 0
    assert deliver(limit=3) == 1


def test_a_letter_that_cannot_be_made_stops_no_other_and_is_parked_in_the_end() -> None:
    acme = build_organization()
    owe(acme, "broken", code="no_such_letter")
    owe(acme, "good")

    assert deliver() == 1

    broken = Letter.objects.get(key="broken")
    assert broken.last_error.startswith("TemplateDoesNotExist: letters/no_such_letter")
    pauses, now = [], MARCH_1
    while broken.status == Letter.Status.WAITING:
        pauses.append(broken.due_at - now)
        now = broken.due_at
        deliver_due(now=now, find_document=nothing)
        broken.refresh_from_db()
    assert pauses == [FIRST_PAUSE * 2**times for times in range(MOST_ATTEMPTS - 1)]
    assert (broken.status, broken.attempts) == (Letter.Status.PARKED, MOST_ATTEMPTS)
    assert deliver(minutes=10_000) == 0


def test_a_database_error_in_one_letter_stops_no_other() -> None:
    acme = build_organization()
    owe(acme, "broken", document_number="INV-000042")
    owe(acme, "good")

    def fail(number: str) -> Attachment | None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")
        return None

    assert deliver(find_document=fail) == 1
    assert Letter.objects.get(key="broken").last_error.startswith("DataError")


class PickyBackend(BaseEmailBackend):
    """A mail server that refuses one domain."""

    def send_messages(self, email_messages: Any) -> int:
        for message in email_messages:
            if any(address.endswith("@gone.example") for address in message.to):
                raise SMTPRecipientsRefused(dict.fromkeys(message.to, (550, b"no")))
            mail.outbox.append(message)
        return len(email_messages)


def test_a_refused_recipient_is_tried_again_later_and_the_others_are_served(
    settings: Any,
) -> None:
    settings.EMAIL_BACKEND = "tests.accounts.test_letters.PickyBackend"
    gone = build_organization(email="billing@gone.example")
    owe(gone)
    owe(build_organization("Other", email="billing@here.example"))

    assert deliver() == 1

    letter = Letter.objects.get(organization=gone)
    assert (letter.status, letter.attempts) == (Letter.Status.WAITING, 1)
    Organization.objects.filter(pk=gone.pk).update(email="billing@here.example")
    assert [deliver(minutes=0.9), deliver(minutes=1)] == [0, 1]


def test_staff_let_a_parked_letter_be_mailed_again_and_no_sent_one() -> None:
    acme = build_organization()
    owe(acme, "sent")
    deliver()
    owe(acme, "parked")
    Letter.objects.filter(key="parked").update(status=Letter.Status.PARKED, attempts=8)

    for letter in Letter.objects.all():
        try_again(letter, now=MARCH_1)

    assert deliver() == 1
    assert len(mail.outbox) == 2


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028", "\x0b", "\x1e", "\x85"])
def test_no_header_can_be_smuggled_in_by_a_subject(end: str) -> None:
    acme = build_organization(f"Acme{end}Bcc: evil@example.com")
    evil = ENDING | {"plan": f"Starter{end}Bcc: evil@example.com{end}{end}<p>Hello"}
    owe(acme, code="subscription_ended", context=evil)

    assert deliver() == 1

    [sent] = mail.outbox
    assert isinstance(sent, EmailMultiAlternatives)
    assert sent.subject == "Starter Bcc: evil@example.com <p>Hello has ended"
    message = sent.message()
    assert message["Bcc"] is None
    assert message["To"] == acme.memberships.get().user.email
    assert sent.recipients() == [message["To"]]


@pytest.mark.django_db(transaction=True)
def test_two_senders_at_once_mail_each_letter_once() -> None:
    acme = build_organization()
    for number in range(12):
        owe(acme, f"letter-{number}")
    sent: list[int] = []

    raised = at_once(2, lambda _: sent.append(deliver()))

    assert raised == []
    assert sum(sent) == len(mail.outbox) == 12
    assert not Letter.objects.exclude(status=Letter.Status.SENT).exists()
