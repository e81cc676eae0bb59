"""The acts that staff do to an organization, each in front of one verb."""

from __future__ import annotations

import datetime as dt

from accounts.models import Organization, User
from accounts.refusals import Invalid
from accounts.suspending import suspend, unsuspend
from billing_portal.operating.act_pages import ActPage
from billing_portal.operating.forms import (
    ActForm,
    AdjustForm,
    ApplyForm,
    ExtendForm,
    PaymentForm,
    WindowForm,
)
from billing_portal.operating.look import day, days
from billing_portal.operating.previews import Preview, changes_of, preview_of, to_whom
from invoices.models import Invoice
from payments.collecting import NothingToPay, record_bank_payment
from payments.models import Payment
from plans.applying import apply_plan, propose
from plans.models import Counter, Period, Subscription
from plans.periods import DAY, day_starts_at
from plans.refusals import NotOnTrial
from plans.terms import SESSIONS
from plans.trials import extend_trial, extended_last_day, extension_digest
from wallet.adjusting import adjust_credits
from wallet.balances import balances
from wallet.credits import display, plain

TEN_YEARS = DAY * 3652


def _preview_plan(organization: Organization, form: ActForm, now: dt.datetime) -> Preview:
    assert isinstance(form, WindowForm)
    return preview_of(propose(organization, form.request(), now=now), now=now)


def _apply(
    organization: Organization, form: ActForm, digest: str, actor: User, now: dt.datetime
) -> str:
    assert isinstance(form, WindowForm)
    reason = form.cleaned_data["reason"]
    period = apply_plan(
        organization, form.request(), reason=reason, digest=digest, actor=actor, now=now
    )
    return f"{organization} is on {period.version.name} until {day(period.last_day)}."


def _trial_of(organization: Organization) -> Period:
    subscription = (
        Subscription.objects.select_related("period__organization", "version")
        .filter(organization=organization)
        .first()
    )
    if subscription is None or not subscription.version.is_trial:
        raise NotOnTrial
    return subscription.period


def _preview_extension(organization: Organization, form: ActForm, now: dt.datetime) -> Preview:
    period = _trial_of(organization)
    last_day = extended_last_day(period, days=form.cleaned_data["days"], now=now)
    left = (last_day - organization.today(now)).days + 1
    changes = {
        "Last day": (day(period.last_day), f"{day(last_day)} ({organization.time_zone})"),
        "Days left": (days(period.days_left(now)), days(left)),
    }
    if period.used_up_at:
        counter = Counter.objects.filter(period=period, meter=SESSIONS).first()
        changes["Sessions counted"] = (plain(counter.used) if counter else "0", "0")
    notes = (
        "The same period goes on, with its counters and without new credits.",
        "The letters of the last days and of the end are due again.",
    )
    return Preview(extension_digest(period, last_day), changes_of(changes), notes=notes)


def _extend(
    organization: Organization, form: ActForm, digest: str, actor: User, now: dt.datetime
) -> str:
    values = form.cleaned_data
    period = extend_trial(
        organization,
        days=values["days"],
        reason=values["reason"],
        digest=digest,
        actor=actor,
        now=now,
    )
    return f"The trial of {organization} runs until {day(period.last_day)}."


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
    return f"{display(values['credits'])} credits: {organization}."


def _open_invoice(organization: Organization) -> Invoice | None:
    unpaid = Invoice.objects.unpaid().filter(organization=organization)
    return unpaid.order_by("issued_at", "id").first()


def _preview_payment(organization: Organization, form: ActForm, now: dt.datetime) -> Preview:
    reference, amount = form.cleaned_data["reference"].strip(), form.cleaned_data["amount"]
    known = Payment.objects.filter(organization=organization, key=f"bank:{reference}").first()
    if known:
        recorded = f"{known.amount.display()} on {day(known.created_at.date())}"
        raise Invalid(f"This reference was recorded before: {recorded}.", field="reference")
    invoice = _open_invoice(organization)
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
        f"{invoice.pk}:{invoice.total_minor}",
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
        actor=actor,
        now=now,
    )
    return f"{payment.amount.display()} recorded; {payment.invoice} is paid."


def _preview_suspension(organization: Organization, form: ActForm, now: dt.datetime) -> Preview:
    changes = {
        "Calls, messages, sessions, batches": ("as the plan allows", "none may start"),
        "Creating agents, leads …": ("as the plan allows", "none"),
    }
    notes = ("Calls that are running are not cut.", "No letter is sent.")
    return Preview(f"suspend:{organization.is_suspended}", changes_of(changes), notes=notes)


def _suspend(
    organization: Organization, form: ActForm, digest: str, actor: User, now: dt.datetime
) -> str:
    suspend(organization, reason=form.cleaned_data["reason"], actor=actor, now=now)
    return f"{organization} is suspended."


def _preview_unsuspension(organization: Organization, form: ActForm, now: dt.datetime) -> Preview:
    changes = {"All work": ("suspended", "as the plan allows, at once")}
    notes = (f"It was suspended because: {organization.suspension_reason or '-'}",)
    return Preview(f"unsuspend:{organization.is_suspended}", changes_of(changes), notes=notes)


def _unsuspend(
    organization: Organization, form: ActForm, digest: str, actor: User, now: dt.datetime
) -> str:
    unsuspend(organization, reason=form.cleaned_data["reason"], actor=actor, now=now)
    return f"{organization} may work again."


def _amount_due(organization: Organization) -> dict[str, str]:
    invoice = _open_invoice(organization)
    return {"amount": str(invoice.total)} if invoice else {}


ACTS = (
    ActPage(
        "apply",
        "Apply plan",
        "A fresh period begins today. Unused quota and plan credits of the running one are lost.",
        "swap_horiz",
        ApplyForm,
        _preview_plan,
        _apply,
    ),
    ActPage(
        "renew",
        "Renew",
        "A fresh period of the same plan begins today, on its newest terms.",
        "autorenew",
        WindowForm,
        _preview_plan,
        _apply,
    ),
    ActPage(
        "extend",
        "Extend trial",
        "The trial goes on, or starts to work again.",
        "more_time",
        ExtendForm,
        _preview_extension,
        _extend,
    ),
    ActPage(
        "adjust",
        "Adjust credits",
        "Gives credits to the wallet or takes them, or gives a bonus that expires.",
        "toll",
        AdjustForm,
        _preview_adjustment,
        _adjust,
    ),
    ActPage(
        "pay",
        "Record payment",
        "A bank payment settles the oldest open invoice and sends its receipt.",
        "account_balance",
        PaymentForm,
        _preview_payment,
        _record,
        _amount_due,
    ),
    ActPage(
        "suspend",
        "Suspend",
        "Everything the organization does stops at once, whatever its plan.",
        "pause_circle",
        ActForm,
        _preview_suspension,
        _suspend,
        danger=True,
    ),
    ActPage(
        "unsuspend",
        "Lift suspension",
        "The organization works again, as far as its plan and balance let it.",
        "play_circle",
        ActForm,
        _preview_unsuspension,
        _unsuspend,
    ),
)
BY_NAME = {page.name: page for page in ACTS}


def acts_for(organization: Organization) -> list[ActPage]:
    """Answer the acts that make sense for an organization now, in the order of the buttons."""
    subscription = (
        Subscription.objects.select_related("version").filter(organization=organization).first()
    )
    on_trial = subscription is not None and subscription.version.is_trial
    offered = {
        "apply": True,
        "renew": subscription is not None and not on_trial,
        "extend": on_trial,
        "adjust": True,
        "pay": _open_invoice(organization) is not None,
        "suspend": not organization.is_suspended,
        "unsuspend": organization.is_suspended,
    }
    return [page for page in ACTS if offered[page.name]]
