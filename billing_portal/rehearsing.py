"""Staff see an organization's next weeks, made by the timetable itself and then forgotten.

The real sweeps run with a moved clock on a copy of the organization (see ``shadowing``): charges
go to a stand-in for Stripe, mails to nobody, and no PDF is rendered. Nothing of it stays.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from structlog.contextvars import bound_contextvars

from accounts.letters import Attachment, deliver_due
from accounts.models import Organization
from accounts.refusals import Invalid
from billing_portal.diary import Diary, Happening
from billing_portal.entries import Entry
from billing_portal.passing import Passage, settle
from billing_portal.shadowing import shadow_of
from billing_portal.stand_in import StandIn
from plans.periods import DAY, day_starts_at
from plans.standing import standing

DAYS = 45
MOST_DAYS = 400
NOT_RENDERED = b""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What would happen until a day, and what of it could not be known."""

    organization: Organization
    first_day: dt.date
    last_day: dt.date
    happenings: tuple[Happening, ...]
    notes: tuple[str, ...]


def rehearse(
    organization: Organization, *, now: dt.datetime, days: int = DAYS, card_declines: bool = False
) -> Rehearsal:
    """Answer what would happen to an organization within so many days, today included.

    :raises Invalid: fewer than one day, or more than four hundred.
    """
    if not 1 <= days <= MOST_DAYS:
        raise Invalid(f"Rehearse between 1 and {MOST_DAYS} days.", field="days")
    first_day = organization.today(now)
    end = day_starts_at(first_day + DAY * days, organization.zone)
    with bound_contextvars(rehearsal=organization.pk), shadow_of(organization):
        stage = RehearsalStage(organization.zone, now, StandIn(declines=card_declines))
        copy = Organization.objects.get(pk=organization.pk)
        diary = Diary(copy, now=now)
        settle(stage)
        diary.look(now=stage.now)
        passage = Passage(stage, until=end - dt.timedelta(microseconds=1))
        while passage.reach_next_tick():
            diary.look(now=stage.now)
        notes = tuple(_notes(copy, stage, now=stage.now))
    return Rehearsal(
        organization, first_day, first_day + DAY * (days - 1), tuple(diary.happenings), notes
    )


class RehearsalStage:
    """A copied organization, as what time passes on."""

    def __init__(self, zone: ZoneInfo, now: dt.datetime, stripe: StandIn) -> None:
        self._zone, self.now, self.stripe = zone, now, stripe
        self.mailbox: list[EmailMultiAlternatives] = []

    @property
    def zone(self) -> ZoneInfo:
        return self._zone

    def hear(self) -> bool:
        """Hear nothing: a stand-in says what it has to say when it is asked."""
        return False

    def ring(self, entry: Entry) -> bool:
        """Let an entry look for its rows, with nothing that reaches outside."""
        match entry.name:
            case "render_documents":
                return False
            case "deliver_letters":
                return bool(
                    deliver_due(
                        now=self.now, find_document=_unrendered, mailbox=self.mailbox.append
                    )
                )
            case _ if not entry.asks_stripe:
                return bool(entry.sweep(now=self.now))
            case _ if not settings.STRIPE_SECRET_KEY:
                return False
            case _:
                return bool(entry.sweep(gateway=self.stripe.gateway, now=self.now))


def _unrendered(number: str) -> Attachment:
    return f"{number}.pdf", NOT_RENDERED, "application/pdf"


def _notes(copy: Organization, stage: RehearsalStage, *, now: dt.datetime) -> list[str]:
    notes = [
        "Nothing is used in a rehearsal: calls, messages and sessions to come are not known.",
        "Numbers of invoices are those that would be next; others may take them first.",
    ]
    if stage.stripe.unanswered:
        words = "Payments under way stay as they are: only Stripe knows what becomes of them."
        notes.append(words)
    if not settings.STRIPE_SECRET_KEY:
        notes.append("Card payments are not set up on this site: no card is charged.")
    stands = standing(copy, now=now)
    notes.append(f"At the end: {stands.badge.label}. {stands.what_happens_next}")
    return notes
