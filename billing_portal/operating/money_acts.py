"""Acts on credits and money: adjust, record a bank payment."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress

from accounts.models import Organization, User
from accounts.refusals import Invalid
from billing_portal.operating.act_forms import AdjustForm, PaymentForm
from billing_portal.operating.act_pages import ActPage
from billing_portal.operating.forms import ActForm
from billing_portal.operating.look import day
from billing_portal.operating.previews import Preview, changes_of, to_whom
from invoices.models import Invoice
from payments.collecting import NothingToPay, oldest_open_invoice, record_bank_payment
from payments.models import Payment
from plans.periods import DAY, day_starts_at
from wallet.adjusting import adjust_credits
from wallet.balances import balances
from wallet.credits import display, plain

TEN_YEARS = DAY * 3652


def _preview_adjustment(organization: Organization, form: ActForm, now: dt.datetime) -> Preview:
    credits, expires_on = form.cleaned_data["credits"], form.cleaned_data["expires_on"]
    if not credits:
        raise Invalid("Zero credits change nothing.", field="credits")
    has, today = balances(organization, now=now), organization.today(now)
    if expires_on is None:
        changes = {"Wallet": (display(has.wallet), display(has.wallet + credits))}
        return Preview(plain(credits), changes_of(changes))
    if credits < 0:
        raise Invalid("A bonus gives credits; leave the day empty to take some.", field="credits")
    if not today <= expires_on <= today + TEN_YEARS:
        raise Invalid("A bonus ends today or later, within ten years.", field="expires_on")
    changes = {"Bonus": (display(has.bonus), display(has.bonus + credits))}
    note = (
        f"What is left of them expires at the end of {day(expires_on)}, {organization.time_zone}."
    )
    return Preview(f"{plain(credits)} until {expires_on}", changes_of(changes), notes=(note,))


def _adjust(
    organization: Organization, form: ActForm, digest: str, actor: User, now: dt.datetime
) -> str:
    values = form.cleaned_data
    expires_on = values["expires_on"]
    adjust_credits(
        organization,
        credits=values["credits"],
        reason=values["reason"],
        key=values["token"].hex,
        expires_at=day_starts_at(expires_on + DAY, organization.zone) if expires_on else None,
        actor=actor,
        now=now,
    )
    credits = values["credits"]
    if credits < 0:
        return f"{display(-credits)} credits were taken from {organization}."
    return f"{organization} was given {display(credits)} credits."


def open_invoice(organization: Organization) -> Invoice | None:
    """Answer the invoice that the next bank payment settles."""
    with suppress(NothingToPay):
        return oldest_open_invoice(organization)
    return None


def _preview_payment(organization: Organization, form: ActForm, now: dt.datetime) -> Preview:
    reference, amount = form.cleaned_data["reference"].strip(), form.cleaned_data["amount"]
    known = Payment.objects.filter(organization=organization, key=f"bank:{reference}").first()
    if known:
        recorded = f"{known.amount.display()} on {day(known.created_at.date())}"
        raise Invalid(f"This reference was recorded before: {recorded}.", field="reference")
    invoice = open_invoice(organization)
    if invoice is None:
        raise NothingToPay
    if amount != invoice.total:
        words = (
            f"{invoice} is open with {invoice.total.display()}; a bank payment covers all of it."
        )
        raise Invalid(words, field="amount")
    changes = {
        f"Invoice {invoice}": (f"Open, due {day(invoice.due_on)}", "Paid"),
        "Open invoices": (str(count := _count_open(organization)), str(count - 1)),
    }
    return Preview(
        str(invoice.number),
        changes_of(changes),
        notes=(f"{invoice.total.display()} by bank, reference {reference}.",),
        letter=f"“Payment received”, with the receipt, to {to_whom(organization)}",
    )


def _count_open(organization: Organization) -> int:
    return Invoice.objects.unpaid().filter(organization=organization).count()


def _record(
    organization: Organization, form: ActForm, digest: str, actor: User, now: dt.datetime
) -> str:
    values = form.cleaned_data
    payment = record_bank_payment(
        organization,
        reference=values["reference"],
        amount=values["amount"],
        expected_invoice=digest,
        actor=actor,
        now=now,
    )
    return f"{payment.amount.display()} recorded; {payment.invoice} is paid."


def _amount_due(organization: Organization) -> dict[str, str]:
    invoice = open_invoice(organization)
    return {"amount": str(invoice.total)} if invoice else {}


ADJUST = ActPage(
    "adjust",
    "Adjust credits",
    "Gives credits to the wallet or takes them, or gives a bonus that expires.",
    "toll",
    AdjustForm,
    _preview_adjustment,
    _adjust,
)
PAY = ActPage(
    "pay",
    "Record payment",
    "A bank payment settles the oldest open invoice and sends its receipt.",
    "account_balance",
    PaymentForm,
    _preview_payment,
    _record,
    _amount_due,
)
