"""What happens to one organization while time passes: one line for each thing, as it is noticed."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import Q

from accounts.letters import compose
from accounts.models import Letter, Organization
from billing_portal.gate_answers import gate_answers
from invoices.models import Invoice
from payments.asking import describe
from payments.models import Payment
from plans.models import Period


class Kind(StrEnum):
    """What sort of thing happened."""

    PERIOD = "Period"
    INVOICE = "Invoice"
    CHARGE = "Charge"
    LETTER = "Letter"
    GATE = "Gate"


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened, on a day of the organization's zone."""

    day: dt.date
    kind: Kind
    words: str

    def __str__(self) -> str:
        return f"{self.day} {self.kind.value:<8}{self.words}"


Seen = dict[tuple[Kind, object], str]


class Diary:
    """Notes what is different each time it looks; what was there before it began is not news."""

    def __init__(self, organization: Organization, *, now: dt.datetime) -> None:
        self.organization, self.began = organization, now
        self.subjects: dict[int, str] = {}
        self.happenings: list[Happening] = []
        self.seen = self._rows()
        self.gate = self._gate(now)

    def look(self, *, now: dt.datetime) -> None:
        """Note what has changed since the last look."""
        day, rows, gate = self.organization.today(now), self._rows(), self._gate(now)
        for (kind, key), words in rows.items():
            if self.seen.get((kind, key)) != words:
                self.happenings.append(Happening(day, kind, words))
        for words in _gate_changes(self.gate, gate):
            self.happenings.append(Happening(day, Kind.GATE, words))
        self.seen, self.gate = rows, gate

    def _rows(self) -> Seen:
        mine = {"organization": self.organization}
        periods = Period.objects.filter(**mine).select_related("version").order_by("number")
        invoices = Invoice.objects.filter(**mine).exclude(number=None).order_by("id")
        payments = Payment.objects.filter(**mine).select_related("card", "invoice").order_by("id")
        letters = Letter.objects.filter(**mine).exclude(status=Letter.Status.WAITING).order_by("id")
        late = letters.filter(Q(sent_at__gte=self.began) | Q(due_at__gte=self.began))
        return {
            **{(Kind.PERIOD, period.pk): _period(period) for period in periods},
            **{(Kind.INVOICE, invoice.pk): _invoice(invoice) for invoice in invoices},
            **{(Kind.CHARGE, payment.pk): _charge(payment) for payment in payments},
            **{(Kind.LETTER, letter.pk): self._letter(letter) for letter in late},
        }

    def _letter(self, letter: Letter) -> str:
        """Say what a letter is about, as its reader sees it in the list of mails."""
        if letter.pk not in self.subjects:
            self.subjects[letter.pk] = str(compose(letter).subject)
        parked = f", not mailed: {letter.last_error}" if letter.status == "parked" else ""
        return f"“{self.subjects[letter.pk]}”{parked}"

    def _gate(self, now: dt.datetime) -> dict[str, str]:
        return {
            words: "" if answer.allowed else f"refused ({answer.code}): {answer.message}"
            for words, answer in gate_answers(self.organization, now=now)
        }


def _period(period: Period) -> str:
    days = f"{period.first_day:%-d %b %Y} - {period.last_day:%-d %b %Y}"
    return f"{period.version.name}, {days}, {period.get_source_display().lower()}"


def _invoice(invoice: Invoice) -> str:
    return f"{invoice} over {invoice.total.display()}: {invoice.get_status_display().lower()}"


def _charge(payment: Payment) -> str:
    status = payment.get_status_display().lower()
    source = payment.card or payment.get_method_display().lower()
    words = f"{payment.amount.display()} for {describe(payment)} to {source}: {status}"
    return f"{words} ({payment.failure})" if payment.failure else words


def _gate_changes(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """Answer one sentence for all the work that from now on is answered alike."""
    changed = defaultdict(list)
    for work, answer in after.items():
        if before[work] != answer:
            changed[answer or "may start again"].append(work)
    return [f"{', '.join(works)}: {answer}" for answer, works in changed.items()]
