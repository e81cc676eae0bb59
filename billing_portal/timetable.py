"""The timetable: what is due without anybody asking, when it is looked for, and why.

Every sweep finds its rows by their state and takes them one at a time, or in chunks that nobody
else has: it may run late, twice, or on two workers. The queue only carries the hint to look.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from accounts.calling_back import call_back
from accounts.hints import PREFIX
from accounts.letters import deliver_due
from accounts.models import Callback, Letter
from billing_portal.doctor import examine
from billing_portal.entries import Entry, Every, Nightly, Noted, Wakes
from billing_portal.logins import forget_logins
from invoices.documents import find_document, render_due
from payments.handling import handle_due
from payments.holds import look_after_holds
from payments.mirror import mirror_due
from payments.models import Payment, Refund, StripeEvent
from payments.recharging import recharge_due
from payments.reconciling import reconcile
from payments.refunding import resolve_refunds
from payments.resolving import resolve_due
from plans.buying import begin_bought
from plans.dunning import collect_due, follow_payments, unpaid
from plans.models import Period
from plans.reminding import remind_due
from plans.renewing import renew_due
from usage.alerting import tell_crossings
from usage.balance_notices import tell_restored
from wallet.granting import expire_due
from wallet.models import CreditGrant

TIMETABLE = (
    Entry(
        "expire_grants",
        expire_due,
        Every(minutes=5),
        Wakes.DAY,
        "Writes off what is left of bonuses and plan credits past their end; no balance waits "
        "for it, but the ledger shall say so within the hour.",
        Noted(CreditGrant.objects.filter(has_rest=True), "expires_at"),
    ),
    Entry(
        "remind",
        remind_due,
        Every(minutes=5),
        Wakes.WORK,
        "Tells owners that a trial or plan ends soon, and that it ended; the gate knows by itself.",
        Noted(Period.objects.all(), "look_at"),
    ),
    Entry(
        "renew",
        renew_due,
        Every(minutes=1),
        Wakes.DAY,
        "Begins the next period of plans that renew by themselves, and scheduled changes.",
        Noted(Period.objects.filter(renews_until__isnull=False, replaced_at=None), "ends_at"),
    ),
    # What comes of money, before the documents and letters that it makes.
    Entry(
        "handle_events",
        handle_due,
        Every(minutes=1),
        Wakes.WORK,
        "Acts on what Stripe told us; the door for it only keeps it.",
        Noted(StripeEvent.objects.filter(status=StripeEvent.Status.WAITING), "due_at"),
        asks_stripe=True,
    ),
    Entry(
        "recharge",
        recharge_due,
        Every(minutes=1),
        Wakes.WORK,
        "Makes the recharges that charges asked for, and those that a crash left.",
        asks_stripe=True,
    ),
    Entry(
        "resolve_payments",
        resolve_due,
        Every(minutes=1),
        Wakes.WORK,
        "Asks Stripe what became of payments whose answer was lost, until it is known.",
        Noted(Payment.objects.all(), "look_at"),
        asks_stripe=True,
    ),
    Entry(
        "resolve_refunds",
        resolve_refunds,
        Every(minutes=1),
        Wakes.WORK,
        "Asks Stripe what became of refunds whose answer was lost, until it is known.",
        Noted(Refund.objects.all(), "look_at"),
        asks_stripe=True,
    ),
    Entry(
        "collect",
        collect_due,
        Every(minutes=1),
        Wakes.WORK,
        "Charges unpaid renewals on their days, and at once when there is another card.",
        Noted(unpaid(), "charge_at"),
        asks_stripe=True,
    ),
    Entry(
        "follow_payments",
        follow_payments,
        Every(minutes=1),
        Wakes.WORK,
        "Lets a renewal that was paid run on, and tells of one whose charge failed.",
    ),
    Entry(
        "begin_bought",
        begin_bought,
        Every(minutes=1),
        Wakes.WORK,
        "Lets plans begin whose payment came.",
    ),
    Entry(
        "tell_crossings",
        tell_crossings,
        Every(minutes=1),
        Wakes.WORK,
        "Tells who has nothing left, after the recharge that was to help has come or failed.",
    ),
    Entry(
        "tell_restored",
        tell_restored,
        Every(minutes=1),
        Wakes.WORK,
        "Tells the platform that work which an empty balance paused may start again.",
    ),
    Entry(
        "look_after_holds",
        look_after_holds,
        Every(minutes=5),
        Wakes.NOTHING,
        "Voids the verification holds, and verifies the cards, that a crash left.",
        asks_stripe=True,
    ),
    Entry(
        "render_documents",
        render_due,
        Every(minutes=1),
        Wakes.WORK,
        "Renders the PDF of every invoice and receipt that was issued, once.",
    ),
    Entry(
        "deliver_letters",
        partial(deliver_due, find_document=find_document),
        Every(minutes=1),
        Wakes.WORK,
        "Mails the letters that are owed, with their PDF, and tries failed ones again.",
        Noted(Letter.objects.filter(status=Letter.Status.WAITING), "due_at"),
    ),
    Entry(
        "call_back",
        call_back,
        Every(minutes=1),
        Wakes.WORK,
        "Tells the platform what happened, in order, and tries again for three days.",
        Noted(Callback.objects.filter(status=Callback.Status.WAITING), "due_at"),
    ),
    Entry(
        "mirror",
        mirror_due,
        Every(minutes=5),
        Wakes.NOTHING,
        "Lets dj-stripe's tables follow Stripe, after what concerns us is done.",
    ),
    Entry(
        "reconcile",
        reconcile,
        Nightly(hour=2, minute=40),
        Wakes.NOTHING,
        "Takes in what Stripe said and we never heard, and names what is paid on one side only.",
        asks_stripe=True,
    ),
    Entry(
        "examine",
        examine,
        Nightly(hour=3, minute=10),
        Wakes.NOTHING,
        "The ledger doctor looks for broken invariants before a customer finds one.",
    ),
    Entry(
        "forget_logins",
        forget_logins,
        Nightly(hour=3, minute=40),
        Wakes.NOTHING,
        "Deletes browser sessions that ended.",
    ),
)


def task_name(entry: Entry) -> str:
    """Answer the name of an entry's Celery task."""
    return f"{PREFIX}{entry.name}"


def beat_schedule() -> dict[str, dict[str, Any]]:
    """Write the timetable as Celery beat reads it.

    A hint that nobody took before the next one is due is dropped, so that a queue whose worker
    was away does not hold a thousand of them.
    """
    return {
        entry.name: {
            "task": task_name(entry),
            "schedule": entry.when.crontab,
            "options": {"expires": entry.when.interval.total_seconds()},
        }
        for entry in TIMETABLE
    }
